//! The overload that `--overload N` makes: of two services, `scheduler` and `governor`, so much bulk is asked that they
//! can do one part of it in N, while the swarm goes on.
//!
//! Bulk are queries that nobody waits for, with a time to live. The services' groups acknowledge, and some deliveries of
//! bulk fail, so that they come again and at last are dead letters. Cancels and releases have a lane of their own.

mod lane_account;
mod load;
mod pace;
mod service_account;
mod tally;

pub use lane_account::LaneAccount;
pub(super) use load::Load;
pub use pace::Pace;
pub use service_account::ServiceAccount;
pub(super) use tally::Tally;
