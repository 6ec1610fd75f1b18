//! The eight channels of a swarm, and their messages: built on the public API alone.

mod channels;
pub mod messages;
mod registry;
mod weak_registry;

pub use registry::ChannelRegistry;
pub use weak_registry::WeakRegistry;
