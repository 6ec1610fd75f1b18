use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{AppendError, Stored};

/// Entries and snapshots in memory.
pub(super) struct Store {
    /// The index of the first entry that is there, or will be.
    first: u64,
    entries: VecDeque<(Stored, Instant)>,
    snapshots: BTreeMap<u64, Bytes>,
    limit: usize,
}

impl Store {
    pub(super) fn new() -> Self {
        Self { first: 1, entries: VecDeque::new(), snapshots: BTreeMap::new(), limit: usize::MAX }
    }

    pub(super) fn set_limit(&mut self, entries: usize) {
        self.limit = entries;
    }

    /// The index that the next entry gets.
    pub(super) fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn append(&mut self, time: Duration, entry: Bytes) -> Result<(), AppendError> {
        if self.entries.len() >= self.limit {
            return Err(AppendError::Full);
        }
        let stored = Stored { index: self.next(), time, entry };
        self.entries.push_back((stored, Instant::now()));
        Ok(())
    }

    /// The entry, and when it came.
    pub(super) fn entry(&self, index: u64) -> Option<&(Stored, Instant)> {
        self.entries.get(usize::try_from(index.checked_sub(self.first)?).ok()?)
    }

    pub(super) fn purge(&mut self, below: u64) {
        while self.first < below && self.entries.pop_front().is_some() {
            self.first += 1;
        }
        self.snapshots = self.snapshots.split_off(&below.saturating_sub(1));
    }

    /// Takes back the last entries, as a log does that was put back to an older copy.
    pub(super) fn lose(&mut self, count: usize) {
        self.entries.truncate(self.entries.len().saturating_sub(count));
    }

    pub(super) fn put_snapshot(&mut self, at: u64, bytes: Bytes) {
        self.snapshots.insert(at, bytes);
    }

    pub(super) fn snapshot(&self, at_most: u64) -> Option<(u64, Bytes)> {
        self.snapshots.range(..=at_most).next_back().map(|(&at, bytes)| (at, bytes.clone()))
    }
}
