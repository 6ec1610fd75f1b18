//! What was recorded, sent once more.

mod asking;
mod comparing;
mod differing_reply;
mod pace;
mod replay;
mod replay_error;
mod replay_report;
mod replayed;
mod replaying;
mod replies;
mod target;

pub(crate) use asking::Asking;
pub(crate) use comparing::Expected;
pub use differing_reply::DifferingReply;
pub use pace::Pace;
pub use replay::Replay;
pub use replay_error::ReplayError;
pub use replay_report::ReplayReport;
pub use replayed::Replayed;
pub use replaying::Replaying;
pub use replies::Replies;
