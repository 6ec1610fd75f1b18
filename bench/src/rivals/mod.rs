//! One small adapter per contender: how it is opened, how one sends, how one receives.
//!
//! The loops that are timed live in the adapters, so that each contender is used as its users write it: no trait
//! object and no wrapping future between the loop and the library.

#[macro_use]
mod adapter;
mod batches;
#[cfg(stratoswarm_before)]
mod before;
pub(crate) mod classes;
mod lossy;
mod multicast;
mod ours;
mod queues;
mod requests;
pub(crate) mod seen;
mod watched;

pub(crate) use adapter::{Flow, Lossy, LossyTally, Requests, Steps};
pub(crate) use batches::TokioBatch;
pub(crate) use before::{
    Batch as BeforeBatch, Calls as BeforeRequests, Gated as BeforeGated, Latest as BeforeLossy,
    Message as BeforeMessage, Queue as Before, Taps as BeforeTaps, holding as before_holding,
    sparse as before_sparse,
};
pub(crate) use lossy::{AsyncBroadcastOverflow, AsyncBroadcastOverflowDirect, TokioBroadcast};
pub(crate) use multicast::{AsyncBroadcast, AsyncBroadcastDirect, TokioEach};
#[cfg(not(stratoswarm_before))]
use ours as before; // compiled, and never run
pub(crate) use ours::{
    Batch as OursBatch, Calls as OursRequests, Gated as OursGated, Latest as OursLossy, Message,
    Queue as Ours, Taps as OursTaps, holding as ours_holding, sparse as ours_sparse,
};
pub(crate) use queues::{
    AsyncChannel, Crossfire, CrossfireMany, CrossfireOne, Flume, Kanal, Tachyonix, Thingbuf, Tokio,
};
pub(crate) use requests::{HandlerLog, Kameo, KanalOneshot, Ractor, TokioRequests};
pub(crate) use watched::Watched;

/// The older revision's name in the report.
pub(crate) const BEFORE: &str = "before";

/// What is to be measured against an older revision: `None` where the bench was built without one.
pub(crate) fn before<T>(make: impl FnOnce() -> T) -> Option<T> {
    cfg!(stratoswarm_before).then(make)
}
