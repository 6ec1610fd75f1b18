//! Reading recordings, whole or cut.

mod channel_summary;
mod damage;
mod gap;
mod read_error;
mod recorded;
mod recorded_message;
mod records;
mod rewrite;
mod scan;

pub use channel_summary::ChannelSummary;
pub use damage::Damage;
pub use gap::Gap;
pub use read_error::ReadError;
pub use recorded::Recorded;
pub use recorded_message::RecordedMessage;
pub use records::Records;
pub use rewrite::Rewrite;
