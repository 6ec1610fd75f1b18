//! What travels: messages, what requests ask with, and a protocol of several requests on one channel.

mod ask;
mod foreign;
mod message;
mod no_reply;
mod once;
mod priority;
mod protocol;

pub use ask::Ask;
pub use message::Message;
pub use no_reply::NoReply;
pub use once::Once;
pub use priority::Priority;
