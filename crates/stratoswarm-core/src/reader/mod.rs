//! The receiving handles, and what arrives by them.

mod ack;
mod aside;
mod cursor;
mod delivery;
mod handed_out;
mod kept;
mod lease;
mod lossy_subscriber;
mod mux;
mod mux_source;
mod raw_responder;
mod reader;
mod reader_calls;
mod receiver;
mod recorder;
mod recv;
mod responder;
mod sealed;
mod stream_responder;
mod subscriber;
mod tracing;
mod woken;

pub use ack::Ack;
pub use delivery::Delivery;
pub use lossy_subscriber::LossySubscriber;
pub use mux::Mux;
pub use raw_responder::RawResponder;
pub use reader::Reader;
pub use receiver::Receiver;
pub use recorder::Recorder;
pub use recv::Recv;
pub use responder::Responder;
pub use stream_responder::StreamResponder;
pub use subscriber::Subscriber;
