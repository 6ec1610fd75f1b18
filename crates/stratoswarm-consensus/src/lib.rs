//! One order of decisions for the components of a swarm: who owns what, who was granted what, and when that is certain.
//!
//! A [`Consensus`] is a node: it reads one replicated [`Log`] in its order and applies what stands there to a [`Machine`]. Every node
//! that reads the same log has the same state. [`propose`](Consensus::propose) puts a command into the log and says what became of it;
//! [`read`](Consensus::read) sees all that was decided before it was called. Leases, and elections with them, are part of
//! the same log: [`leases`](Consensus::leases).
//!
//! # Which log do I need?
//!
//! | what you have | log |
//! |---|---|
//! | one process, development, a test | [`Local`]: memory of this process, one failure domain |
//! | a test of what happens in bad hours | [`Sim`]: faults by a seed, under tokio's paused clock |
//! | several machines | one of your own that keeps the contract of [`Log`] |
//!
//! # Example
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::collections::BTreeMap;
//! use serde::{Deserialize, Serialize};
//! use stratoswarm_consensus::{At, Consensus, Local, Machine};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Grant { task: u32, cores: u64 }
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Ledger { granted: BTreeMap<u32, u64> }
//! impl Machine for Ledger {
//!     type Command = Grant;
//!     type Response = bool; // whether it was granted
//!     fn apply(&mut self, _at: At, grant: &Grant) -> bool {
//!         let free = 8 - self.granted.values().sum::<u64>();
//!         let granted = grant.cores <= free;
//!         if granted { *self.granted.entry(grant.task).or_default() += grant.cores; }
//!         granted
//!     }
//! }
//!
//! let log = Local::new();
//! let here = Consensus::<Ledger>::open(log.clone()).await?;
//! let there = Consensus::<Ledger>::open(log).await?;
//! assert!(here.propose(Grant { task: 1, cores: 5 }).await?.response);
//! assert!(!there.propose(Grant { task: 2, cores: 5 }).await?.response, "both see one ledger");
//! assert_eq!(there.read(|ledger| ledger.granted[&1]).await?, 5);
//! # Ok(()) }
//! ```
//!
//! # What is guaranteed
//! As far as the log keeps the contract of [`Log`]. The README says the same at length, and what is not promised.
//! - **C1** All nodes apply the same commands in the same order, each proposal at most once, whatever is repeated, delayed or buffered.
//! - **C2** [`propose`](Consensus::propose) and [`read`](Consensus::read) are linearizable.
//! - **C3** Each proposal ends, committed or never applied; what is [`Unknown`](ProposeError::Unknown) is known
//!   ([`fate`](Undecided::fate)) once the log's time is past the proposal's.
//! - **C4** A lease has at most one holder at each time of the log; its tokens grow; a [`Fence`] admits none below one it has seen.
//! - **C5** A node that is new, restarted, or behind a purge reaches the head from snapshot and log without help.
//! - **C6** Without the log `propose` and `read` end by their deadline; [`read_local`](Consensus::read_local) answers with its index.
//! - **C7** A machine that is not deterministic is found at the latest at the next snapshot, a log that lost what it had acknowledged at
//!   the next proposal of a node that had read it. A node that stopped purges nothing.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod at;
mod lease;
mod log;
mod machine;
mod node;
#[cfg(test)]
mod proof;
mod replica;

pub use at::At;
pub use lease::{AcquireError, Acquiring, Fence, Lease, Leases, Lost, Stale};
pub use log::{
    AppendError, Local, Log, LogError, LogFuture, LogReader, Read, Sim, SimFaults, SimNode, Stored,
};
pub use machine::Machine;
pub use node::{
    Committed, Consensus, Decided, Event, Fate, OpenError, Opening, ProposeError, Proposing, ReadError,
    Reading, Stopped, Undecided,
};
