//! The engine: gate, intake and inboxes of a channel, as a state machine without I/O, and without clock but for samples.
//!
//! ```text
//!                            ┌─pull─► Inbox of a group      ─pop─► Delivery
//! send ─► Gate ─► Intake ────┼─pull─► Inbox of a subscriber ─pop─► message
//!          │                 └─copy─► batch of a lossy reader
//!          └ line: who waits
//! ```
//!
//! One [`Log`] stands behind every channel and broadcast, under one lock of its shell. Calls say in [`Effects`] what is
//! to be woken and dropped once the lock is released; nothing here wakes, drops a user's message, reads a clock or waits.
//!
//! **A send pushes once**, into the intake, whoever reads. A lossless reader that runs dry *pulls*: it moves into its inbox
//! what only it still needs, and clones a batch of what others need, too. One number, `Reader::next`, divides what it has
//! pulled from what is in the intake, so for one reader a message is in the intake or in its inbox, and nowhere else.
//! `Cursors` counts how many readers are at which number: the intake's front is the least. A lone message goes without
//! the inbox.
//!
//! **An inbox has a lock of its own**, so that readers meet the senders once a batch and not once a message; the members of
//! a group share theirs, so none sits on messages that another could have. Whoever holds the log's lock may lock an inbox,
//! never the other way round, and never two. Only under the log's lock is anything new put into one.
//!
//! **A group that acknowledges, or has keys**, has a ledger in its inbox: what it handed out and is not settled, what came back,
//! what waits for its key. Its members take messages there, under the inbox's lock alone, where `Clone` and the keys run; the
//! log only fills the inbox, parks them and wakes them. Plain readers never come that way: such a member's hint is 0,
//! its inbox always says `serve`, and its reader is always `filled`.
//!
//! **Lossy readers** have a cursor on the same intake and a batch of their own, outside the log: a sender that overtakes
//! what some batch holds says so in a shared number, which the reader compares before each message.
//!
//! **Places in use are lengths**: what a reader has not taken, in the intake and in its inbox, and what is reserved. What
//! keeps that cheap is the *credit*: so many messages may come in without a look at the inboxes.
//!
//! **What a message carries besides itself** is a [`Tag`] beside the queue, and so is what is missing in it. Numbers
//! therefore never shift: what one reader is not to get is a gap in its inbox.
//!
//! | invariant | |
//! |---|---|
//! | order | an inbox ends where its reader's part of the intake begins, at `next` |
//! | capacity | what the fullest reader has not taken, or not settled, + granted places + permits `<=` capacity; of groups, requests that gave up their places do not count |
//! | credit | `<=` capacity − places in use, and `<=` high water − messages waiting, so that the high water is exact |
//! | no barging | while a sender waits, the credit is 0, so every newcomer takes the long way and queues behind it |
//! | no lost wake-up | before a sender sleeps, `serve` is set in the inbox of every reader with the most places, and `fullest` is how many they are; who pops under `serve` counts it down, and the last of them looks anew and gives out the free places. No other reader frees a place, and who finds his inbox empty comes here anyway |

mod accounts;
mod ack_policy;
mod batch;
mod bypass;
mod charged;
mod conflating;
mod cursors;
mod departed;
mod dropping;
mod effects;
mod entering;
mod expiring;
mod facts;
mod fallout;
mod flows;
mod gate;
mod handing_out;
mod held;
mod in_flight;
mod inbox;
mod joining;
mod keeping;
mod keys;
mod lane;
mod ledger;
mod ledger_short;
mod log;
mod lossy;
mod marks;
mod parts;
mod per_lane;
mod permits;
mod pool;
#[cfg(all(test, not(loom)))]
mod pool_tests;
mod positions;
mod pulling;
mod queue;
#[cfg(all(test, not(loom)))]
mod queue_tests;
mod queues;
mod reader;
mod reading;
mod record;
mod retention;
mod rota;
mod sampled;
mod sampling;
mod settling;
mod short_way;
mod slots;
mod start;
mod tag;
mod taken;
mod tape;
#[cfg(all(test, not(loom)))]
mod tests;
mod watching;

use crate::waiting::{WaitId, WaitList, Waiter};
pub(crate) use accounts::{KeptFigures, LaneFigures, ReaderFigures};
pub use ack_policy::AckPolicy;
pub(crate) use batch::Batch;
pub(crate) use bypass::Bypass;
pub(crate) use effects::{Effects, Warning};
pub(crate) use facts::{LaneFacts, LogFacts, Member, MemberSeat, ReaderFacts};
pub(crate) use fallout::{Bury, Fallout};
pub(crate) use flows::{Flows, Order};
use gate::Gate;
pub(crate) use gate::{Admission, Entry};
pub(crate) use handing_out::Given;
pub(crate) use in_flight::{InFlight, InFlightGuard};
pub(crate) use inbox::{Inbox, SharedInbox};
pub(crate) use joining::Membership;
pub(crate) use keeping::{After, Keeping, Parked, Refill};
use ledger::Ledger;
pub(crate) use log::{End, Log};
pub(crate) use lossy::LossySeat;
pub(crate) use per_lane::LaneIndex;
pub(crate) use pool::{Own, Pool, TicketId, Wakers};
pub(crate) use queue::Queue;
use reader::Reader;
pub(crate) use reader::{Durability, Kind};
pub(crate) use reading::Take;
pub use record::Record;
pub(crate) use sampling::ReaderSamples;
pub(crate) use slots::Slot;
pub use start::Start;
use tag::Tag;
pub(crate) use taken::Taken;
