//! What a node makes of the log: no clock, no log, no task. The same entries give the same state.

mod chain;
mod entry;
mod frame;
mod lease_answer;
mod lease_command;
mod lease_table;
mod plant;
mod replica;
mod sessions;
mod step;

pub(crate) use chain::{Digest, Seen};
pub(crate) use entry::{Body, Entry, encode};
pub(crate) use frame::{frame, unframe};
pub(crate) use lease_answer::LeaseAnswer;
pub(crate) use lease_command::LeaseCommand;
pub(crate) use plant::{Fault, Plant};
pub(crate) use replica::Replica;
pub(crate) use step::{Kind as StepKind, Outcome, Step};

/// The longest time a proposal may live. Half of what a session is kept for, as the proposer's idea of the log's time may be behind.
pub(crate) const MAX_LIFE: u64 = SESSION_LIFE / 2;

/// How long a session without an entry is kept, in nanoseconds of the log's time.
pub(crate) const SESSION_LIFE: u64 = 3_600_000_000_000;
