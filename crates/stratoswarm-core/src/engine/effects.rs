use std::task::Waker;

use smallvec::SmallVec;

use super::{Queue, Slot};
use crate::requests::AnyResponder;

/// What is to be done once the log's lock is released.
#[must_use]
pub(crate) struct Effects<M> {
    pub(super) wakers: SmallVec<[Waker; 2]>,
    /// Wakers that nobody needs: dropping one may run user code, too.
    pub(super) wakers_dropped: SmallVec<[Waker; 1]>,
    pub(super) dropped: Vec<M>,
    pub(super) dropped_requests: Vec<AnyResponder>,
    pub(super) notes: Vec<Note>,
}

/// Something worth telling the user, by `tracing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// A group without members has not taken what senders now wait for.
    DeadGroup { group: String, waiting: u64 },
    /// A group came after these many messages were gone.
    LateGroup { group: String, gone: u64, kept: u64 },
}

impl<M> Effects<M> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            wakers: SmallVec::new(),
            wakers_dropped: SmallVec::new(),
            dropped: Vec::new(),
            dropped_requests: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn drop_slot(&mut self, slot: Slot<M>) {
        self.dropped.push(slot.message);
        self.dropped_requests.push(slot.request);
    }

    pub(super) fn drop_all(&mut self, queue: &mut Queue<M>) {
        let (messages, requests) = queue.clear();
        self.dropped.extend(messages);
        self.dropped_requests.extend(requests.into_iter().map(|(_, request)| request));
    }

    /// Whether there is nothing to do. As nothing is ever taken out, nothing is allocated then.
    #[inline]
    fn is_nothing(&self) -> bool {
        self.wakers.is_empty()
            && self.wakers_dropped.is_empty()
            && self.dropped.is_empty()
            && self.dropped_requests.is_empty()
            && self.notes.is_empty()
    }

    /// Wakes and drops. The lock must have been released.
    #[inline]
    pub(crate) fn run(self) -> Vec<Note> {
        if self.is_nothing() {
            std::mem::forget(self); // most often so, and to drop five empty lists takes as long as a message
            return Vec::new();
        }
        for waker in self.wakers {
            waker.wake();
        }
        drop(self.wakers_dropped);
        drop(self.dropped);
        drop(self.dropped_requests);
        self.notes
    }
}
