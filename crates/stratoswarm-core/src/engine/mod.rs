//! The engine: a bounded log with cursors, as a state machine without clock and I/O.
//!
//! One [`Log`] stands behind every channel and broadcast, under one lock of its shell. Calls say in [`Effects`] what is
//! to be woken and dropped once the lock is released; nothing here wakes, drops a user's message or waits.
//!
//! Messages wait in a [`Queue`], the ring. A lossless reader takes what is there in one go into its [`Stash`], which has a lock of its
//! own, so that it meets the senders once a batch and not once a message. The members of a group share their stash, so
//! none sits on messages that another could have. The stash still belongs to the log: whoever holds the log's lock may
//! lock a stash (never the other way round), to count it, to take from it, to copy it.
//!
//! | invariant | |
//! |---|---|
//! | position | `passed + stash = next <= tail` for every lossless reader; the ring's front `<= next` |
//! | floor | `min(passed + dead - backlog - orphans behind)` over the lossless readers, never more than the truth |
//! | capacity | `tail + held <= floor + capacity`, `held` = permits and granted places |
//! | no barging | while a sender waits, `soft` is 0, so every newcomer takes the slow way and queues behind it |
//! | no lost wake-up | while a sender waits, `ask` is set in the stash of every reader at the floor: before the sender sleeps, and again at each refill; who pops under `ask` serves the senders itself, and asks those at the new floor. A reader beyond the floor frees no place |

mod accounts;
mod admission;
mod batch;
mod effects;
mod hand;
mod joining;
mod least;
mod log;
mod parked;
mod queue;
mod reader;
mod reading;
mod releasing;
mod senders;
mod slot;
mod stash;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use accounts::ReaderFigures;
pub(crate) use admission::Admission;
pub(crate) use batch::Batch;
pub(crate) use effects::{Effects, Note};
pub(crate) use hand::{Hand, Ticket};
pub(crate) use log::{Log, Membership};
pub(crate) use queue::Queue;
pub(crate) use reader::{Durability, Kind};
pub(crate) use reading::Take;
pub(crate) use slot::{Slot, Taken};
pub(crate) use stash::{SharedStash, Stash};
