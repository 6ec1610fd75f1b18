use std::{collections::VecDeque, sync::Arc};

use crossbeam_utils::CachePadded;

use super::Slot;
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
        Arc::new(CachePadded::new(Mutex::new(Self { queue: VecDeque::new(), front: 0, popped: 0, ask: false })))
    }

    /// The next message, unless there is none or it is a request that gave up its place: that one's turn is the log's.
    ///
    /// Pops before it copies, so that the copy is not waited for when the lock is released.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(u64, Slot<M>)> {
        let released = self.queue.front()?.request.is_released();
        if released { None } else { self.pop_any() }
    }

    #[inline]
    pub(super) fn pop_any(&mut self) -> Option<(u64, Slot<M>)> {
        let slot = self.queue.pop_front()?;
        let position = self.front;
        self.front += 1;
        self.popped += 1;
        Some((position, slot))
    }

    #[inline]
    pub(crate) fn asks(&self) -> bool {
        self.ask
    }
}
