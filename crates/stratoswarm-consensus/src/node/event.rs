use std::time::Duration;

use super::Stopped;

/// What a node has to tell beside decided commands: see [`Consensus::events`](crate::Consensus::events).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The node continues from a snapshot of all up to this index.
    Loaded {
        /// Its index.
        at: u64,
    },
    /// A snapshot is damaged, or not of this machine: an older one is used, or the log alone.
    SnapshotSkipped {
        /// Its index.
        at: u64,
    },
    /// A snapshot of all up to this index was written by this node.
    SnapshotWritten {
        /// Its index.
        at: u64,
    },
    /// Another node has read it back and found it right.
    SnapshotConfirmed {
        /// Its index.
        at: u64,
    },
    /// This node has removed the log's entries below this index.
    Purged {
        /// The first that is left.
        below: u64,
    },
    /// While this node was catching up, it found a proposal of one that had read another log at this index: the log lost what stood
    /// there. A node that had answered already stops instead.
    Rewritten {
        /// The index.
        index: u64,
    },
    /// An entry that is none of ours stands in the log. It is skipped by all nodes.
    Foreign {
        /// Its index.
        index: u64,
    },
    /// The log's time moved by more than five seconds more, or less, than this node's clock: proposals and leases end early, or late.
    ClockMoved {
        /// At this entry.
        index: u64,
        /// By how much it is off.
        by: Duration,
    },
    /// A lease has a holder, or none any more.
    Lease {
        /// Its name.
        name: String,
        /// The holder's token; none once it was given back.
        token: Option<u64>,
    },
    /// The node answers nothing any more.
    Stopped(Stopped),
}
