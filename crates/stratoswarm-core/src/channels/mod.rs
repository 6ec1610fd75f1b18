//! The channels and their handles, the messages of the preset, and recipes.
//!
//! | | |
//! |---|---|
//! | sending | [`Channel`], [`Broadcast`], [`Permit`] |
//! | receiving | [`Receiver`] (member of a group), [`Subscriber`], [`LossySubscriber`] |
//! | what arrives | [`Delivery`], [`Responder`] |
//! | what travels | [`Message`], [`Ask`], [`protocol!`](crate::protocol) |
//! | [`messages`] | the messages of the eight predefined channels |
//! | [`registry`] | the eight predefined channels |
//! | [`patterns`] | recipes |
//!
//! # Examples
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use stratoswarm_core::{Fabric, Message, NoReply};
//! # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
//! let jobs = Fabric::new().channel::<Job>("jobs").open()?;
//! let (mut worker, mut log, mut tap) = (jobs.join("workers"), jobs.subscribe(), jobs.tap());
//! jobs.send(Job(1)).await?;
//! assert_eq!(worker.recv().await.map(|delivery| delivery.0), Some(1), "one member of each group");
//! assert_eq!(log.recv().await, Some(Job(1)), "each subscriber");
//! assert_eq!(tap.recv().await, Some(Ok(Job(1))), "each tap that is fast enough");
//! # Ok(()) }
//! ```

mod ask;
mod blocking;
mod broadcast;
mod channel;
mod channel_places;
mod cursor;
mod delivery;
mod foreign;
mod group_options;
mod handle;
mod handles;
mod lossy_subscriber;
mod message;
pub mod messages;
mod no_reply;
mod once;
mod owned_permit;
pub mod patterns;
mod permit;
mod permits;
mod priority;
mod private;
mod protocol;
mod raw_responder;
mod reader;
mod reader_calls;
mod receiver;
mod recv;
pub mod registry;
mod requesting;
mod reserving;
mod responder;
mod sending;
mod sending_many;
mod sent;
mod shared;
mod subscriber;
mod turn;
mod weak_broadcast;
mod weak_channel;
mod yielding;

pub use ask::Ask;
use blocking::block_on;
pub use broadcast::Broadcast;
pub use channel::Channel;
pub use delivery::Delivery;
pub use group_options::GroupOptions;
pub(crate) use handle::Handle;
pub(crate) use handles::HandleKind;
pub use lossy_subscriber::LossySubscriber;
pub use message::Message;
pub use no_reply::NoReply;
pub use once::Once;
pub use owned_permit::OwnedPermit;
pub use permit::Permit;
pub use permits::Permits;
pub use priority::Priority;
pub(crate) use private::DEFAULT_TIMEOUT;
pub use private::{broadcast, channel};
pub use raw_responder::RawResponder;
pub use reader::Reader;
pub use receiver::Receiver;
pub use recv::Recv;
pub use requesting::Requesting;
pub use reserving::Reserving;
pub use responder::Responder;
pub use sending::Sending;
pub use sent::Sent;
use shared::ended;
pub(crate) use shared::{Home, Shared};
pub use subscriber::Subscriber;
pub use weak_broadcast::WeakBroadcast;
pub use weak_channel::WeakChannel;
