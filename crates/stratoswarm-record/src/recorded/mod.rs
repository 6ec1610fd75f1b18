//! Reading recordings, whole or cut.

mod channel_summary;
mod damage;
mod follow;
mod gap;
mod in_turns;
mod read_error;
mod recorded;
mod recorded_message;
mod recorded_outcome;
mod recorded_outcomes;
mod recorded_sender;
mod records;
mod replies;
mod rewrite;
mod scan;
mod stretch;

pub use channel_summary::ChannelSummary;
pub use damage::Damage;
pub use follow::Follow;
pub use gap::Gap;
pub use in_turns::InTurns;
pub use read_error::ReadError;
pub use recorded::Recorded;
pub use recorded_message::RecordedMessage;
pub use recorded_outcome::RecordedOutcome;
pub use recorded_outcomes::RecordedOutcomes;
pub use recorded_sender::RecordedSender;
pub use records::Records;
pub(crate) use replies::{RepliesOf, replies};
pub use rewrite::Rewrite;
pub(crate) use stretch::Stretch;
