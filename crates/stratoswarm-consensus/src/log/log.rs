use std::{
    hash::{BuildHasher, RandomState},
    pin::Pin,
};

use bytes::Bytes;

use super::{AppendError, LogError, LogReader};

/// What the calls of a [`Log`] return.
pub type LogFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One order of entries that survives its readers: what a [`Consensus`](crate::Consensus) is opened on.
///
/// The contract, on which all guarantees rest:
/// - Each stored entry has an index, from 1 on, without gaps but for what was purged, and a time. Every reader gets the same bytes,
///   the same time, the same order.
/// - What `append` said is stored was stored between its call and its return. What it said nothing certain about may be stored any
///   time later, or never; an entry may be stored several times. Both are provided for.
/// - An entry that is stored is not lost. Where a log breaks this, nodes notice: [`Stopped::Rewritten`](crate::Stopped::Rewritten).
/// - A snapshot is read back as it was put, or damaged: both are provided for.
///
/// Stored times should be those of some clock, but need not be: where they are wrong, proposals and leases live longer or shorter.
///
/// Futures may be dropped at any await: what an append did then is not known.
pub trait Log: Send + Sync + 'static {
    /// Adds an entry at the end.
    fn append(&self, entry: Bytes) -> LogFuture<'_, Result<(), AppendError>>;

    /// Reads from this index on, and waits at the end for more.
    fn reader(&self, from: u64) -> Box<dyn LogReader>;

    /// Removes the entries below this index, and the snapshots that end before the last one of those.
    fn purge(&self, below: u64) -> LogFuture<'_, Result<(), LogError>>;

    /// Keeps a snapshot of what all entries up to `at` have led to, whole or not at all. It may replace one of the same index.
    fn put_snapshot(&self, at: u64, bytes: Bytes) -> LogFuture<'_, Result<(), LogError>>;

    /// The newest snapshot at `at_most` or below, and its index.
    fn snapshot(&self, at_most: u64) -> LogFuture<'_, Result<Option<(u64, Bytes)>, LogError>>;

    /// A number that no other node draws: it names the session of a node. A simulated log gives the same in each run.
    fn random(&self) -> u64 {
        RandomState::new().hash_one(0_u8)
    }
}
