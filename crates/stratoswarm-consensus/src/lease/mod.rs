//! Leases: one holder at a time, by the log's time, and tokens that a resource can tell a late one by.

mod acquire_error;
mod acquiring;
mod fence;
mod lease;
mod leases;
mod lost;
mod stale;

pub use acquire_error::AcquireError;
pub use acquiring::Acquiring;
pub use fence::Fence;
pub use lease::Lease;
pub use leases::Leases;
pub use lost::Lost;
pub use stale::Stale;
