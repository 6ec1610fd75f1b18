use std::{collections::VecDeque, sync::Arc};

use crossbeam_utils::CachePadded;

use super::{Slot, log::give_back, slot::Taken};
use crate::sync::Mutex;

/// What a lossless reader took from the log in one go and has not handed out yet.
pub(crate) struct Stash<M> {
    pub(super) queue: VecDeque<Slot<M>>,
    /// The position of the queue's front.
    pub(super) front: u64,
    /// How many were ever popped.
    pub(super) popped: u64,
    /// Senders wait: who pops here serves them.
    pub(super) ask: bool,
}

pub(crate) type SharedStash<M> = Arc<CachePadded<Mutex<Stash<M>>>>;

impl<M> Stash<M> {
    pub(super) fn shared() -> SharedStash<M> {
        Arc::new(CachePadded::new(Mutex::new(Self {
            queue: VecDeque::new(),
            front: 0,
            popped: 0,
            ask: false,
        })))
    }

    /// The next message, unless there is none or it is a request that gave up its place: that one's turn is the log's.
    ///
    /// Counts before it copies, so that the copy is not waited for when the lock is released.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<Taken<M>> {
        if self.queue.front()?.request.is_released() { None } else { self.pop_any() }
    }

    /// Up to `most` messages; how many.
    #[inline]
    pub(super) fn pop_many(&mut self, most: usize, into: &mut impl FnMut(Taken<M>)) -> usize {
        let count = most.min(self.queue.len());
        let positions = self.front..;
        self.front += count as u64;
        self.popped += count as u64;
        for (slot, position) in self.queue.drain(..count).zip(positions) {
            into(Taken { slot, position });
        }
        count
    }

    #[inline(always)]
    pub(super) fn pop_any(&mut self) -> Option<Taken<M>> {
        let position = self.front;
        let slot = self.queue.pop_front()?;
        self.front = position + 1;
        self.popped += 1;
        Some(Taken { slot, position })
    }

    /// Gives the storage of a burst back, once it is drained.
    #[inline]
    pub(crate) fn give_back(&mut self) {
        if self.queue.is_empty() {
            give_back(&mut self.queue, 0);
        }
    }

    /// The next message with its position, the short way: it is a plain message, and nobody asks for anything.
    #[inline(always)]
    pub(crate) fn pop_plain(&mut self) -> Option<(M, u64)> {
        if self.ask || self.queue.front()?.request.is_some() {
            return None;
        }
        let position = self.front;
        self.front = position + 1;
        self.popped += 1;
        let Slot { message, request } = self.queue.pop_front()?;
        std::mem::forget(request); // empty: spares a look at it
        Some((message, position))
    }

    #[inline(always)]
    pub(crate) fn asks(&self) -> bool {
        self.ask
    }
}
