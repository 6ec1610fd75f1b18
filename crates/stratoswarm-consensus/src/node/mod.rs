//! A node: reads the log, applies it, and answers whoever asks here.

mod applying;
mod barriers;
mod committed;
mod consensus;
mod decided;
mod event;
mod fate;
mod node;
mod open_error;
mod opening;
mod options;
mod propose_error;
mod proposing;
mod read_error;
mod reading;
mod settled;
mod snapshots;
mod status;
mod stopped;
mod submitting;
mod undecided;
mod waiting;

pub use committed::Committed;
pub use consensus::Consensus;
pub use decided::Decided;
pub use event::Event;
pub use fate::Fate;
pub use open_error::OpenError;
pub use opening::Opening;
pub use propose_error::ProposeError;
pub use proposing::Proposing;
pub use read_error::ReadError;
pub use reading::Reading;
pub use stopped::Stopped;
pub use undecided::Undecided;

pub(crate) use node::Node;
pub(crate) use settled::Settled;
pub(crate) use submitting::Refusal;
pub(crate) use waiting::Reply;
