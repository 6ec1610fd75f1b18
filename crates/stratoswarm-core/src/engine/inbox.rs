use std::{ops::Deref, panic::RefUnwindSafe, sync::Arc};

use crossbeam_utils::CachePadded;

use super::{Batch, InFlight, Ledger, Queue, Taken};
use crate::sync::{
    Mutex, Rank,
    atomic::{AtomicUsize, Ordering},
};

/// What one lossless reader has to take. The members of a group share one.
pub(crate) struct Inbox<M> {
    pub(super) queue: Queue<M>,
    /// How many messages left it.
    pub(super) passed: u64,
    /// Senders wait, and this is one of the fullest inboxes: whoever takes a message here serves them. Always, where there is a
    /// ledger: no message goes from there the short way.
    pub(super) serve: bool,
    /// What a group that acknowledges has handed out and not settled.
    pub(super) ledger: Option<Box<Ledger<M>>>,
}

/// An inbox under its lock, and where its reader is.
pub(crate) struct SharedInbox<M>(Arc<CachePadded<Place<M>>>);

pub(crate) struct Place<M> {
    /// The reader's place among the log's readers; kept and read under the log's lock.
    place: AtomicUsize,
    inbox: Mutex<Inbox<M>>,
}

// Of the user's code, only what a ledger needs runs under its lock; and that it panics is caught there.
impl<M> RefUnwindSafe for Place<M> {}

/// The place of a reader that is gone.
const GONE: usize = usize::MAX;

impl<M> Inbox<M> {
    /// The next message.
    #[inline(always)]
    pub(crate) fn pop(&mut self, in_flight: Option<&InFlight>) -> Option<Taken<M>> {
        let taken = self.queue.take(in_flight)?;
        self.passed += 1;
        Some(taken)
    }

    /// Whether the next `count` messages may be popped the short way: they are here, and without tags, nobody asks to be
    /// served, and no storage is to be given back after them.
    #[inline(always)]
    pub(crate) fn is_plain(&self, count: usize) -> bool {
        // Without tags no request can be over and no number missing; without `serve` no sender sleeps for this place; and that
        // the inbox ran empty, the log learns when its reader comes for more.
        !self.serve && self.queue.is_plain() && self.queue.has(count)
    }

    /// The next message, once [`is_plain`](Self::is_plain) has said yes.
    #[inline(always)]
    pub(crate) fn pop_plain(&mut self) -> Option<M> {
        debug_assert!(self.queue.is_plain(), "what is counted here is popped");
        self.passed += 1;
        self.queue.pop_plain()
    }

    /// The number of the next message, once [`is_plain`](Self::is_plain) has said yes.
    #[inline(always)]
    pub(crate) fn front(&self) -> u64 {
        self.queue.front()
    }

    /// How many messages are here.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Up to `most` messages, if they are without tags; how many.
    #[inline]
    pub(crate) fn pop_many<T, B: Batch<M, T>>(
        &mut self,
        most: usize,
        in_flight: Option<&InFlight>,
        into: &mut B,
    ) -> usize {
        let count = self.queue.take_plain_many(most, in_flight, into);
        self.passed += count as u64;
        count
    }

    /// Gives the storage of a burst back, once it is drained.
    #[inline]
    pub(crate) fn give_back(&mut self) {
        if self.queue.is_empty() {
            self.queue.give_back(0);
        }
    }

    /// Whether it is empty; then nobody need be served here, and the storage of a burst is given back.
    #[inline]
    pub(super) fn rest(&mut self) -> bool {
        let empty = self.queue.is_empty() && self.ledger.is_none();
        if empty {
            self.serve = false;
            self.queue.give_back(0);
        }
        empty
    }

    #[inline(always)]
    pub(crate) fn asks_for_service(&self) -> bool {
        self.serve
    }
}

impl<M> SharedInbox<M> {
    pub(super) fn new(place: usize) -> Self {
        let inbox = Inbox { queue: Queue::new(), passed: 0, serve: false, ledger: None };
        Self(Arc::new(CachePadded::new(Place {
            place: AtomicUsize::new(place),
            inbox: Mutex::new(Rank::Inbox, inbox),
        })))
    }

    /// The reader's place. The log's lock must be held.
    #[inline(always)]
    pub(super) fn place(&self) -> usize {
        self.0.place.load(Ordering::Relaxed)
    }

    pub(super) fn set_place(&self, place: usize) {
        self.0.place.store(place, Ordering::Relaxed);
    }

    /// The reader is gone: a group was removed while it had members.
    pub(super) fn set_gone(&self) {
        self.set_place(GONE);
    }
}

impl<M> Clone for SharedInbox<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> Deref for SharedInbox<M> {
    type Target = Mutex<Inbox<M>>;

    fn deref(&self) -> &Mutex<Inbox<M>> {
        &self.0.inbox
    }
}
