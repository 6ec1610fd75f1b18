//! Typed channels for the components of a swarm: exact backpressure, groups, requests with deadlines, lossy readers
//! that say what they missed, and one owner that shuts all of it down in order.
//!
//! For programs of some 5 to 50 long-lived tasks in one process: agent runtimes, inference servers, schedulers, searches.
//! A [`Fabric`] owns named channels of your own messages; a [`ChannelRegistry`] is a fabric with eight predefined ones.
//!
//! # Which channel do I need?
//!
//! A channel is a bounded log of messages, and readers are cursors on it. So the question is what the *readers* need:
//!
//! | what you have | what you write |
//! |---|---|
//! | work that one of several workers does | [`channel.join("workers")`](Channel::join): a [`Receiver`] per worker |
//! | a worker that must not lose work when it restarts | the same: a group keeps its place without members |
//! | work that must be done though a worker panics or hangs | [`channel.group("workers").ack(..)`](GroupOptions::ack): what is not acknowledged is delivered again |
//! | of one account, one piece of work at a time | [`channel.group("workers").ordered_by(..)`](GroupOptions::ordered_by) |
//! | messages that each of several parts must see | [`channel.subscribe()`](Channel::subscribe): a [`Subscriber`] each; senders wait for the slowest |
//! | a look at a channel that must not disturb it | [`channel.tap()`](Channel::tap): a [`LossySubscriber`] |
//! | a question that one worker answers | [`channel.request(ask).await`](Channel::request), and a [`Responder`] at the other end |
//! | a question that every group answers, or a quorum of them | [`channel.request_all(ask).quorum(3).await`](Channel::request_all) |
//! | a question whose answer is long, row by row | [`channel.request_stream(ask)`](Channel::request_stream), and [`into_stream`](Responder::into_stream) at the other end |
//! | one channel with several questions, each with its own answer | [`protocol!`] |
//! | news that is worth nothing once it is old | [`fabric.broadcast("news")`](Fabric::broadcast): a [`Broadcast`], whose senders never wait |
//! | one task that serves several channels, the urgent ones first | [`Mux`], of their readers |
//! | many small messages | [`send_many`](Channel::send_many) and [`recv_many`](Receiver::recv_many) |
//! | room first, message later | [`reserve`](Channel::reserve): a [`Permit`] |
//! | a sender that must not fill the channel for the others | [`with_credit`](Channel::with_credit): a [`Limited`] handle |
//! | few messages that are large, or many channels that share memory | [`max_bytes`](ChannelBuilder::max_bytes), [`Budget`] |
//! | the end of one channel, while the others go on | [`drain`](Channel::drain): its readers finish, and the report says what is left |
//! | the end of the program | [`shutdown`](Fabric::shutdown): drains in order and reports |
//!
//! One channel serves all kinds of readers at once.
//!
//! # Example
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use stratoswarm_core::{Fabric, Message};
//!
//! #[derive(Clone)]
//! struct Square(u64);
//! impl Message for Square { type Reply = u64; }
//!
//! let fabric = Fabric::new();
//! let squares = fabric.channel::<Square>("squares").capacity(64).open()?;
//! for _ in 0..2 {
//!     let mut worker = squares.join("workers");
//!     tokio::spawn(async move {
//!         while let Some(delivery) = worker.recv().await {
//!             let (Square(n), reply) = delivery.into_parts();
//!             reply.send(n * n);
//!         }
//!     });
//! }
//! assert_eq!(squares.request(Square(12)).timeout(Duration::from_secs(1)).await?, 144);
//! assert!(fabric.shutdown(Duration::from_secs(5)).await.is_clean());
//! # Ok(()) }
//! ```
//!
//! # What is guaranteed
//!
//! The page of [`guarantees`] numbers them, and names the tests that prove each. In short: at most `capacity` messages wait,
//! exactly; senders are served in the order they came; a dropped `send` was not sent, a dropped `recv` took nothing; a handler
//! does not get a request that nobody waits for; every reader's accounts ([`ChannelInfo`]) balance at every moment.
//!
//! [`coming_from_tokio`] shows `tokio::sync` and this side by side, [`coming_from`] the words of brokers and of actors
//! beside these, [`life_of_a_message`] how it works.
//!
//! # What can deadlock
//!
//! What no channel can prevent. [`ChannelInfo`] shows who waits to send, with task and line ([`waits`](ChannelInfo::waits)), who
//! to receive ([`ReaderInfo::waits`]), and what is in flight:
//!
//! - a request of a group's only member to its own group, and a cycle of full channels;
//! - a subscriber that its owner does not poll while it sends;
//! - a `send`, `reserve` or `request` that is kept and not polled: once a place was granted to it, that is nobody else's.
//!   Poll it or drop it;
//! - a `recv` that is kept and not polled, beside another member of its group: it may be the one that was woken for the
//!   message. Poll it or drop it, which wakes the next;
//! - a shutdown awaited by a handler that holds its own delivery: it waits for that one, until its limit;
//! - a request without a deadline whose group has lost its last member: it waits for the next one, on a closed channel, too.
//!   With [`close_with_last_reader`](ChannelBuilder::close_with_last_reader) it ends.
//!
//! # Runtimes
//!
//! Channels work under any executor, and on plain threads. The deadlines of requests are kept by one thread of the process,
//! `stratoswarm-timers`: it starts with the first deadline, and ends once there has been none for five seconds. So a runtime
//! needs no clock, and no task of ours lives in it. Where tokio's clock is paused, as in tests, deadlines go by that.
//! [`patterns::serve`] needs tokio.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod channel;
mod chaos;
mod clock;
mod contain;
mod engine;
pub mod error;
#[doc(hidden)]
pub mod examples;
mod explain;
mod fabric;
mod handle;
mod message;
#[cfg(all(test, loom))]
mod model;
#[cfg(all(test, loom))]
mod model_acks;
#[cfg(all(test, loom))]
mod model_answers;
#[cfg(all(test, loom))]
mod model_budget;
#[cfg(all(test, loom))]
mod model_classes;
pub mod patterns;
#[cfg(feature = "preset")]
mod preset;
mod reader;
mod request;
mod spares;
mod stats;
mod sync;
mod tasks;
mod timers;
mod trace;
mod traced;
mod waiting;

#[cfg(feature = "sink")]
pub use channel::ChannelSink;
pub use channel::{
    Broadcast, Channel, Gathering, GroupOptions, Limited, OutcomesOptions, OwnedPermit, Permit, Permits,
    RecorderOptions, ReplyStream, Requesting, Reserving, Sending, SendingLimited, SendingTimed, Settling,
    SubscriberOptions, WeakBroadcast, WeakChannel,
};
#[cfg(feature = "chaos")]
pub use chaos::{Chaos, Hold, Moment};
pub use engine::{AckPolicy, Record, Start};
pub use error::{
    Closed, JoinError, Lagged, OpenError, RecvTimeoutError, RequestError, ReserveManyError, ResizeError,
    SendError, SendTimeoutError, Stage, TryRecvError, TrySendError,
};
pub use explain::{Explainer, Line, Verdict, VerdictKind, Watch, WatchEvent, WatchOptions};
pub use fabric::{
    BroadcastBuilder, ChannelBuilder, ChannelReport, Fabric, FabricBuilder, Gone, HeldHandle, Lookup,
    ReaderReport, Sampling, ShutdownReport, Snapshot, WeakFabric, broadcast, channel,
};
pub use handle::Budget;
pub use message::{Ask, DeadLetter, DeadReason, Message, NoReply, Once, Priority};
#[cfg(feature = "serde")]
pub use message::{ReplyVisitor, Wire};
#[cfg(feature = "preset")]
pub use preset::{ChannelRegistry, WeakRegistry, messages};
pub use reader::{
    Ack, Delivery, LossySubscriber, Mux, RawResponder, Reader, Receiver, Recorder, Recv, Responder,
    StreamResponder, Subscriber,
};
pub use request::{Gathered, ReplyOutcome, Settled, Settlement};
pub use stats::{
    BudgetInfo, BudgetShare, ChannelInfo, ChannelKind, ChannelTimes, ExpiredCounts, LaneInfo, MemberInfo,
    ReaderInfo, ReaderKind, ReaderTimes, RequestCounts, SenderInfo, Skipped, TaskInfo, TaskState, Times,
    WaitInfo, WaitKind, WaitState,
};
pub use tasks::Tracked;
pub use trace::{StepKind, TraceContext, TraceSpan, TraceStep, Tracer};
pub use traced::{Origin, Outcome, OutcomeKind, Outcomes, ReplyEncoder};

/// The guarantees, numbered, and the tests that prove them.
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/semantics.md")]
pub mod guarantees {}

/// tokio's channels and these, side by side.
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/coming-from-tokio.md")]
pub mod coming_from_tokio {}

/// What you have in brokers and with actors, and what it is here.
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/coming-from.md")]
pub mod coming_from {}

/// From a send to the end of its handler, step by step.
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/life-of-a-message.md")]
pub mod life_of_a_message {}

#[cfg(all(doctest, feature = "preset"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

#[cfg(all(doctest, feature = "preset"))]
#[doc = include_str!("../docs/project.md")]
struct RootReadmeDoctests;
