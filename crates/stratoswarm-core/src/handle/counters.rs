use crate::{
    error::Stage,
    stats::{ExpiredCounts, RequestCounts},
    sync::atomic::{AtomicU64, Ordering},
};

/// How a channel's requests ended; counted by their callers.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) answered: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) unanswered: AtomicU64,
    expired: [AtomicU64; STAGES],
}

const STAGES: usize = 4;

fn place(stage: Stage) -> usize {
    match stage {
        Stage::Unserved => 0,
        Stage::Sending => 1,
        Stage::Queued => 2,
        Stage::Handling => 3,
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            answered: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            expired: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// The deadline of a request has passed that had come so far.
    pub(crate) fn expire(&self, at: Stage) {
        self.expired[place(at)].fetch_add(1, Ordering::Relaxed);
    }

    /// All but how many were asked, which the log knows.
    pub(crate) fn counts(&self) -> RequestCounts {
        let [unserved, sending, queued, handling] =
            [0, 1, 2, 3].map(|at: usize| self.expired[at].load(Ordering::Relaxed));
        RequestCounts {
            asked: 0,
            answered: self.answered.load(Ordering::Relaxed),
            expired: queued + handling,
            abandoned: self.abandoned.load(Ordering::Relaxed),
            unanswered: self.unanswered.load(Ordering::Relaxed),
            expired_at: ExpiredCounts { unserved, sending, queued, handling },
        }
    }
}
