//! The receiving handles, and what arrives by them.

mod ack;
mod aside;
mod cursor;
mod delivery;
mod kept;
mod lease;
mod lossy_subscriber;
mod raw_responder;
mod reader;
mod reader_calls;
mod receiver;
mod recv;
mod responder;
mod sealed;
mod subscriber;

pub use ack::Ack;
pub use delivery::Delivery;
pub use lossy_subscriber::LossySubscriber;
pub use raw_responder::RawResponder;
pub use reader::Reader;
pub use receiver::Receiver;
pub use recv::Recv;
pub use responder::Responder;
pub use subscriber::Subscriber;
