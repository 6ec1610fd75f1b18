use std::{collections::VecDeque, task::Waker};

/// The receiving futures that wait at one cursor, in the order they came.
pub(super) struct Parked {
    /// The longest waiting; none only if nobody waits.
    first: Option<(u64, Waker)>,
    rest: VecDeque<(u64, Waker)>,
}

impl Parked {
    pub(super) fn new() -> Self {
        Self { first: None, rest: VecDeque::new() }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn push(&mut self, id: u64, waker: Waker) {
        if self.first.is_none() {
            self.first = Some((id, waker));
        } else {
            self.rest.push_back((id, waker));
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Waker> {
        let (_, waker) = self.first.take()?;
        if !self.rest.is_empty() {
            self.first = self.rest.pop_front();
        }
        Some(waker)
    }

    /// Keeps the waker current. None if this future does not wait here; otherwise the old waker, if it was replaced.
    pub(super) fn renew(&mut self, id: u64, waker: &Waker) -> Option<Option<Waker>> {
        let (_, current) = self.first.iter_mut().chain(&mut self.rest).find(|(other, _)| *other == id)?;
        let replaced = !current.will_wake(waker);
        Some(replaced.then(|| std::mem::replace(current, waker.clone())))
    }

    /// The waker of a future that no longer waits; none if it had been woken.
    pub(super) fn cancel(&mut self, id: u64) -> Option<Waker> {
        if self.first.as_ref().is_some_and(|(other, _)| *other == id) {
            return self.pop();
        }
        let at = self.rest.iter().position(|(other, _)| *other == id)?;
        self.rest.remove(at).map(|(_, waker)| waker)
    }
}
