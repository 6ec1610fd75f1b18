use std::sync::Arc;

use crossbeam_utils::CachePadded;

use super::{Batch, Hand, Queue, slot::Taken};
use crate::sync::Mutex;

/// What a lossless reader took from the log in one go and has not handed out yet.
pub(crate) struct Stash<M> {
    pub(super) queue: Queue<M>,
    /// How many were ever popped.
    pub(super) popped: u64,
    /// Senders wait: who pops here serves them.
    pub(super) ask: bool,
}

pub(crate) type SharedStash<M> = Arc<CachePadded<Mutex<Stash<M>>>>;

impl<M> Stash<M> {
    pub(super) fn shared() -> SharedStash<M> {
        Arc::new(CachePadded::new(Mutex::new(Self { queue: Queue::new(), popped: 0, ask: false })))
    }

    /// The next message, unless there is none or it is a request that gave up its place: that one's turn is the log's.
    #[inline(always)]
    pub(crate) fn pop(&mut self, hand: Option<&Hand>) -> Option<Taken<M>> {
        if self.queue.starts_released() { None } else { self.pop_any(hand) }
    }

    #[inline(always)]
    pub(super) fn pop_any(&mut self, hand: Option<&Hand>) -> Option<Taken<M>> {
        let taken = self.queue.take(hand)?;
        self.popped += 1;
        Some(taken)
    }

    /// Whether the next `count` messages may be popped the short way: they are here, and only plain ones are, nobody asks
    /// for anything, and no storage is to be given back after them.
    #[inline(always)]
    pub(crate) fn is_plain(&self, count: usize) -> bool {
        !self.ask && self.queue.is_plain() && self.queue.has(count)
    }

    /// The next message, once [`is_plain`](Self::is_plain) has said yes.
    #[inline(always)]
    pub(crate) fn pop_plain(&mut self) -> Option<M> {
        debug_assert!(self.queue.is_plain(), "what is counted here is popped");
        self.popped += 1;
        self.queue.pop_plain()
    }

    /// The position of the next message.
    #[inline(always)]
    pub(crate) fn front(&self) -> u64 {
        self.queue.front()
    }

    /// Up to `most` messages, if only plain ones are here; how many.
    #[inline]
    pub(crate) fn pop_many<T, B: Batch<M, T>>(
        &mut self,
        most: usize,
        hand: Option<&Hand>,
        into: &mut B,
    ) -> usize {
        let count = self.queue.take_plain_many(most, hand, into);
        self.popped += count as u64;
        count
    }

    /// Gives the storage of a burst back, once it is drained.
    #[inline]
    pub(crate) fn give_back(&mut self) {
        if self.queue.is_empty() {
            self.queue.give_back(0);
        }
    }

    #[inline(always)]
    pub(crate) fn asks(&self) -> bool {
        self.ask
    }
}
