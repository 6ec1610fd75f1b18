//! Lists of those who wait: for room, for a message, for a group, for the end.

use std::{collections::VecDeque, num::NonZeroU64, task::Waker};

use crate::stats::Caller;

/// The number of one wait in its channel. Later waits have greater numbers.
pub(crate) type WaitId = NonZeroU64;

/// One wait, or one place that was granted and is not used yet.
pub(crate) struct Waiter {
    pub(crate) id: WaitId,
    /// None once it was woken.
    pub(crate) waker: Option<Waker>,
    pub(crate) caller: Caller,
    /// How many places it waits for, or has.
    pub(crate) places: u32,
    /// It ends with the future that waits. One that may outlive its future, as that of a stream, is woken like the others,
    /// but does not count as woken: whoever registered it may never look again.
    pub(crate) firm: bool,
}

/// Those who wait for one thing, by ascending number.
pub(crate) struct WaitList {
    waiters: VecDeque<Waiter>,
}

impl WaitList {
    pub(crate) const fn new() -> Self {
        Self { waiters: VecDeque::new() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(crate) fn callers(&self) -> impl Iterator<Item = &Caller> + '_ {
        self.waiters.iter().map(|waiter| &waiter.caller)
    }

    /// Adds a waiter in its place: most often it is the last.
    #[inline]
    pub(crate) fn push(&mut self, waiter: Waiter) {
        if self.waiters.capacity() == 0 {
            self.waiters.reserve_exact(1); // most lists have one; a queue would begin with four
        }
        if self.waiters.back().is_none_or(|last| last.id < waiter.id) {
            self.waiters.push_back(waiter);
        } else {
            let at = self.waiters.partition_point(|other| other.id < waiter.id);
            self.waiters.insert(at, waiter);
        }
    }

    /// The longest waiting.
    #[inline]
    pub(crate) fn first(&self) -> Option<&Waiter> {
        self.waiters.front()
    }

    /// The longest waiting, who waits no more.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Waiter> {
        self.waiters.pop_front()
    }

    /// Waits: keeps the waker of this number current, or adds a waiter, whose number is `fresh`. Its number; and the old
    /// waker, if it was replaced, to be dropped outside the lock.
    #[inline]
    pub(crate) fn wait(
        &mut self,
        id: Option<WaitId>,
        fresh: WaitId,
        waker: &Waker,
        firm: bool,
        caller: impl FnOnce() -> Caller,
    ) -> (WaitId, Option<Waker>) {
        if let Some(id) = id
            && let Some(at) = self.find(id)
        {
            self.waiters[at].firm = firm;
            return (id, self.renew(id, waker).flatten());
        }
        self.push(Waiter { id: fresh, waker: Some(waker.clone()), caller: caller(), places: 1, firm });
        (fresh, None)
    }

    /// Keeps the waker current. None if nobody of this number waits here; otherwise the old waker, if it was replaced: it
    /// is to be dropped outside the lock.
    pub(crate) fn renew(&mut self, id: WaitId, waker: &Waker) -> Option<Option<Waker>> {
        let at = self.find(id)?;
        let current = &mut self.waiters[at].waker;
        let known = current.as_ref().is_some_and(|current| current.will_wake(waker));
        Some(if known { None } else { current.replace(waker.clone()) })
    }

    pub(crate) fn has(&self, id: WaitId) -> bool {
        self.find(id).is_some()
    }

    pub(crate) fn remove(&mut self, id: WaitId) -> Option<Waiter> {
        if self.waiters.front().is_some_and(|first| first.id == id) {
            return self.waiters.pop_front();
        }
        let at = self.find(id)?;
        self.waiters.remove(at)
    }

    /// Empties the list; the wakers of those who waited.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.waiters).into_iter().filter_map(|waiter| waiter.waker)
    }

    fn find(&self, id: WaitId) -> Option<usize> {
        self.waiters.binary_search_by_key(&id, |waiter| waiter.id).ok()
    }
}
