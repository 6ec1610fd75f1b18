use std::task::Waker;

use smallvec::SmallVec;

use super::{Queue, SharedInbox};
use crate::{contain::contain, request::AnyResponder};

/// What is to be done once the log's lock is released.
#[must_use]
pub(crate) struct Effects<M> {
    pub(super) wakers: SmallVec<[Waker; 2]>,
    /// Wakers that nobody needs: dropping one may run user code, too.
    pub(super) wakers_dropped: SmallVec<[Waker; 1]>,
    pub(super) dropped: Vec<M>,
    pub(super) dropped_requests: Vec<AnyResponder>,
    pub(super) warnings: Vec<Warning>,
    /// Of groups that acknowledged and are gone.
    pub(super) inboxes: Vec<SharedInbox<M>>,
}

/// Something worth telling the user, by `tracing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Warning {
    /// A group without members has not taken what senders now wait for.
    DeadGroup { group: String, waiting: u64 },
    /// Senders wait, and there is neither a group nor a subscriber.
    Unread { waiting: u64 },
    /// A request waits, and there is no group.
    Unserved,
    /// A group was joined that is not among those declared.
    Undeclared { group: String },
    /// The last reader has gone, and the channel closed with it.
    Deserted,
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
            warnings: Vec::new(),
            inboxes: Vec::new(),
        }
    }

    /// Wakes a task once the lock is released.
    pub(crate) fn wake(&mut self, waker: &Waker) {
        self.wakers.push(waker.clone());
    }

    /// The same with a waker that its owner needs no more.
    pub(super) fn wake_taken(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.wakers.push(waker);
        }
    }

    /// The same with several.
    pub(crate) fn wake_all(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        self.wakers.extend(wakers);
    }

    /// Drops a waker once the lock is released.
    pub(crate) fn drop_waker(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.wakers_dropped.push(waker);
        }
    }

    /// Drops all that is in a queue.
    pub(crate) fn drop_all(&mut self, queue: &mut Queue<M>) {
        let (messages, tags) = queue.clear();
        self.dropped.extend(messages);
        self.dropped_requests.extend(tags.into_iter().map(|tag| tag.request));
    }

    /// Whether there is nothing to do. As nothing is ever taken out, nothing is allocated then.
    #[inline]
    fn is_nothing(&self) -> bool {
        self.wakers.is_empty()
            && self.wakers_dropped.is_empty()
            && self.dropped.is_empty()
            && self.dropped_requests.is_empty()
            && self.warnings.is_empty()
            && self.inboxes.is_empty()
    }

    /// Wakes and drops. The lock must have been released.
    #[inline(always)]
    pub(crate) fn run(self) -> Vec<Warning> {
        if self.is_nothing() {
            std::mem::forget(self); // most often so, and to drop six empty lists takes as long as a message
            return Vec::new();
        }
        self.wakers.into_iter().for_each(|waker| contain(|| waker.wake()));
        self.wakers_dropped.into_iter().for_each(|waker| contain(|| drop(waker)));
        self.dropped.into_iter().for_each(|message| contain(|| drop(message)));
        self.dropped_requests.into_iter().for_each(|request| contain(|| drop(request)));
        self.inboxes.into_iter().for_each(|inbox| contain(|| drop(inbox)));
        self.warnings
    }
}
