//! What travels: messages, what requests ask with, and a protocol of several requests on one channel.

mod ask;
mod dead_letter;
mod dead_reason;
mod foreign;
mod message;
mod no_reply;
mod once;
mod priority;
mod protocol;
#[cfg(feature = "serde")]
mod reply_visitor;
#[cfg(feature = "serde")]
mod wire;
#[cfg(feature = "serde")]
mod wire_of;

pub use ask::Ask;
pub use dead_letter::DeadLetter;
pub use dead_reason::DeadReason;
pub use message::Message;
pub use no_reply::NoReply;
pub use once::Once;
pub use priority::Priority;
#[cfg(feature = "serde")]
pub use reply_visitor::ReplyVisitor;
#[cfg(feature = "serde")]
pub use wire::Wire;
