use super::RequestCounts;
use crate::sync::atomic::{AtomicU64, Ordering};

/// How a channel's requests ended; counted by their callers.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) answered: AtomicU64,
    pub(crate) expired: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) unanswered: AtomicU64,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            answered: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
        }
    }

    /// All but how many were asked, which the log knows.
    pub(crate) fn counts(&self) -> RequestCounts {
        RequestCounts {
            asked: 0,
            answered: self.answered.load(Ordering::Relaxed),
            expired: self.expired.load(Ordering::Relaxed),
            abandoned: self.abandoned.load(Ordering::Relaxed),
            unanswered: self.unanswered.load(Ordering::Relaxed),
        }
    }
}
