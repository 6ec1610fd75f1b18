//! stratoswarm-core (guide to come)
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod accounts;
pub mod channels;
mod engine;
pub mod error;
mod fabric;
#[cfg(all(test, loom))]
mod model;
mod requests;
mod sync;
mod timers;

pub use accounts::{ChannelInfo, ChannelKind, ReaderInfo, ReaderKind, RequestCounts, Skipped};
pub use channels::{
    Ask, Broadcast, Channel, Delivery, GroupOptions, LossyRecv, LossySubscriber, Message, NoReply,
    OwnedPermit, Permit, Priority, RawResponder, Receiver, Recv, Requesting, Reserving, Responder, Sending,
    Sent, Subscriber, SubscriberRecv, WeakBroadcast, WeakChannel, messages, patterns,
    patterns::request_with_timeout,
    registry::{ChannelRegistry, WeakRegistry},
};
pub use error::{
    Closed, JoinError, Lagged, OpenError, RequestError, SendError, Stage, TryRecvError, TrySendError,
};
pub use fabric::{
    BroadcastBuilder, ChannelBuilder, ChannelReport, Fabric, HeldHandle, ReaderReport, ShutdownReport,
    WeakFabric,
};
