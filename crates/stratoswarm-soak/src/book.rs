use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, AtomicUsize},
};

use anyhow::{Result, ensure};

/// What the parts of a round did, to be held against the channel's account.
#[derive(Debug, Default)]
pub(crate) struct Book {
    sent: Mutex<Vec<u64>>,
    taken: Mutex<Vec<u64>>,
    pub(crate) asked: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) operations: AtomicU64,
    /// Parts that still send or ask.
    pub(crate) busy: AtomicUsize,
}

impl Book {
    pub(crate) fn sent(&self, numbers: impl IntoIterator<Item = u64>) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).extend(numbers);
    }

    pub(crate) fn taken(&self, number: u64) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(number);
    }

    /// How many messages were sent, if each came once, and no other.
    pub(crate) fn sent_and_taken(&self) -> Result<u64> {
        let sorted = |list: &Mutex<Vec<u64>>| {
            let mut list = list.lock().unwrap_or_else(PoisonError::into_inner).clone();
            list.sort_unstable();
            list
        };
        let (sent, taken) = (sorted(&self.sent), sorted(&self.taken));
        let lost: Vec<_> = sent.iter().filter(|number| taken.binary_search(number).is_err()).collect();
        ensure!(lost.is_empty(), "lost: {lost:?}");
        ensure!(sent.len() == taken.len(), "{} sent, {} taken", sent.len(), taken.len());
        Ok(sent.len() as u64)
    }
}
