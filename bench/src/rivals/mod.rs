//! One small adapter per contender: how it is opened, how one sends, how one receives.
//!
//! The loops that are timed live in the adapters, so that each contender is used as its users write it: no trait
//! object and no wrapping future between the loop and the library.

#[macro_use]
mod adapter;
mod batches;
mod lossy;
mod multicast;
mod queues;
mod requests;
mod watched;

pub(crate) use adapter::{Flow, Lossy, LossyTally, Requests, Steps};
pub(crate) use batches::{OursBatch, TokioBatch};
pub(crate) use lossy::{AsyncBroadcastOverflow, AsyncBroadcastOverflowDirect, OursLossy, TokioBroadcast};
pub(crate) use multicast::{AsyncBroadcast, AsyncBroadcastDirect, OursGated, TokioEach};
pub(crate) use queues::{
    AsyncChannel, Crossfire, CrossfireMany, CrossfireOne, Flume, Kanal, Ours, Tachyonix, Thingbuf, Tokio,
};
pub(crate) use requests::{HandlerLog, Kameo, KanalOneshot, OursRequests, Ractor, TokioRequests};
pub(crate) use watched::Watched;
