//! Lists of those who wait: for room, for a message, for a group, for the end.

use std::{collections::VecDeque, num::NonZeroU64, task::Waker};

use crate::{stats::Caller, tasks::Who};

/// Keeps a waker current; the old one, if it was replaced: it is to be dropped outside the lock.
#[inline]
pub(crate) fn keep_current(current: &mut Option<Waker>, waker: &Waker) -> Option<Waker> {
    match current {
        Some(known) if known.will_wake(waker) => None,
        _ => current.replace(waker.clone()),
    }
}

/// The number of one wait in its channel. Later waits have greater numbers.
pub(crate) type WaitId = NonZeroU64;

/// One wait, or one place that was granted and is not used yet.
pub(crate) struct Waiter {
    pub(crate) id: WaitId,
    /// None once it was woken.
    pub(crate) waker: Option<Waker>,
    pub(crate) caller: Caller,
    /// How many places it waits for, or has: at least one. None are those of one that has gone from the middle of the list.
    pub(crate) places: u32,
    /// It ends with the future that waits. One that may outlive its future, as that of a stream, is woken like the others,
    /// but does not count as woken: whoever registered it may never look again.
    pub(crate) firm: bool,
}

/// The same, as a look sees it.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    /// What tells it from all waits that its channel ever had.
    pub(crate) id: WaitId,
    pub(crate) caller: Caller,
    /// The data of the waker that is to be woken, if one is.
    pub(crate) waker: Option<usize>,
}

/// Those who wait for one thing, by ascending number.
///
/// Who goes from the middle leaves a hole, so that thousands of waits that end in any order cost no more than in theirs.
/// There is none at either end, and never more holes than waiters.
pub(crate) struct WaitList {
    waiters: VecDeque<Waiter>,
    holes: usize,
}

impl WaitList {
    pub(crate) const fn new() -> Self {
        Self { waiters: VecDeque::new(), holes: 0 }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.waiters.len() - self.holes
    }

    pub(crate) fn callers(&self) -> impl Iterator<Item = &Caller> + '_ {
        self.waiters.iter().filter(|waiter| waiter.is_there()).map(|waiter| &waiter.caller)
    }

    /// Those who wait, for whoever looks for a reason.
    pub(crate) fn waits(&self) -> impl Iterator<Item = Wait> + '_ {
        let there = self.waiters.iter().filter(|waiter| waiter.is_there());
        there.map(|Waiter { id, waker, caller, .. }| {
            let waker = waker.as_ref().map(|waker| waker.data().addr());
            Wait { id: *id, caller: *caller, waker }
        })
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
            match self.waiters.get_mut(at).filter(|other| other.id == waiter.id) {
                Some(hole) => {
                    *hole = waiter; // its own, as it has been here before
                    self.holes -= 1;
                }
                None => self.waiters.insert(at, waiter),
            }
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
        let first = self.waiters.pop_front();
        if self.holes > 0 {
            self.close_holes();
        }
        first
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
        let waiter = &mut self.waiters[at];
        let replaced = keep_current(&mut waiter.waker, waker);
        if replaced.is_some() {
            waiter.caller.who = Who::here(); // it may have gone to another task
        }
        Some(replaced)
    }

    pub(crate) fn get(&self, id: WaitId) -> Option<&Waiter> {
        self.find(id).map(|at| &self.waiters[at])
    }

    pub(crate) fn has(&self, id: WaitId) -> bool {
        self.find(id).is_some()
    }

    pub(crate) fn remove(&mut self, id: WaitId) -> Option<Waiter> {
        if self.waiters.front().is_some_and(|first| first.id == id) {
            return self.pop();
        }
        let at = self.find(id)?;
        let gone = self.waiters[at].take();
        self.holes += 1;
        self.close_holes();
        Some(gone)
    }

    /// Removes the holes at the front, and all of them once they are more than the waiters.
    #[cold]
    fn close_holes(&mut self) {
        if self.holes > self.len() {
            self.waiters.retain(Waiter::is_there);
            self.holes = 0;
        }
        while self.waiters.front().is_some_and(|first| !first.is_there()) {
            self.waiters.pop_front();
            self.holes -= 1;
        }
        while self.waiters.back().is_some_and(|last| !last.is_there()) {
            self.waiters.pop_back();
            self.holes -= 1;
        }
    }

    /// Empties the list; the wakers of those who waited.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = Waker> + use<> {
        self.holes = 0;
        std::mem::take(&mut self.waiters).into_iter().filter_map(|waiter| waiter.waker)
    }

    fn find(&self, id: WaitId) -> Option<usize> {
        let at = self.waiters.binary_search_by_key(&id, |waiter| waiter.id).ok()?;
        self.waiters[at].is_there().then_some(at)
    }
}

impl Waiter {
    fn is_there(&self) -> bool {
        self.places > 0
    }

    /// Leaves a hole.
    fn take(&mut self) -> Self {
        let gone = Self { waker: self.waker.take(), ..*self };
        self.places = 0;
        gone
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::stats::WaitKind;

    fn waiter(id: u64) -> Waiter {
        let caller = Caller::here(WaitKind::Send, std::panic::Location::caller());
        Waiter { id: WaitId::new(id).unwrap(), waker: None, caller, places: id as u32, firm: true }
    }

    proptest! {
        /// Beside a map by number.
        #[test]
        fn a_list_is_a_map_by_number(steps in prop::collection::vec((0..5u8, any::<prop::sample::Index>()), 0..300)) {
            let (mut list, mut model, mut next) = (WaitList::new(), BTreeMap::new(), 0);
            let mut gone: Vec<u64> = Vec::new(); // those that may come back, as a request does that waits for a group meanwhile
            for (step, which) in steps {
                let known = (!model.is_empty()).then(|| *model.keys().nth(which.index(model.len())).unwrap());
                match (step, known) {
                    (4, _) if !gone.is_empty() => {
                        let back = gone.swap_remove(which.index(gone.len()));
                        list.push(waiter(back));
                        model.insert(back, back as u32);
                    }
                    (0 | 1, _) | (_, None) => {
                        next += 1;
                        list.push(waiter(next));
                        model.insert(next, next as u32);
                    }
                    (2, Some(_)) => {
                        let first = list.pop().map(|it| (it.id.get(), it.places));
                        prop_assert_eq!(first, model.pop_first());
                        gone.extend(first.map(|(id, _)| id));
                    }
                    (_, Some(id)) => {
                        let id = WaitId::new(id).unwrap();
                        prop_assert_eq!(list.remove(id).map(|it| it.places), model.remove(&id.get()));
                        prop_assert!(!list.has(id) && list.remove(id).is_none());
                        gone.push(id.get());
                    }
                }
                prop_assert_eq!(list.len(), model.len());
                prop_assert_eq!(list.is_empty(), model.is_empty());
                prop_assert_eq!(list.callers().count(), model.len());
                for id in model.keys() {
                    prop_assert!(list.has(WaitId::new(*id).unwrap()));
                }
                prop_assert_eq!(list.first().map(|it| it.id.get()), model.keys().next().copied());
                prop_assert!(list.waiters.len() <= 2 * model.len() + 1);
            }
        }
    }
}
