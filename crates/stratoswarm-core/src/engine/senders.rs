use std::{collections::VecDeque, panic::Location, task::Waker};

/// The senders that wait for room, in the order they came, and those that were granted a place and did not take it yet.
pub(super) struct Senders {
    waiting: VecDeque<Waiting>,
    granted: VecDeque<u64>,
    last: u64,
}

struct Waiting {
    id: u64,
    waker: Waker,
    from: &'static Location<'static>,
}

impl Senders {
    pub(super) fn new() -> Self {
        Self { waiting: VecDeque::new(), granted: VecDeque::new(), last: 0 }
    }

    #[inline]
    pub(super) fn none_waits(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn granted(&self) -> usize {
        self.granted.len()
    }

    /// Where the waiting senders were called, the longest waiting first.
    pub(super) fn locations(&self) -> impl Iterator<Item = &'static Location<'static>> + '_ {
        self.waiting.iter().map(|waiting| waiting.from)
    }

    pub(super) fn enqueue(&mut self, waker: Waker, from: &'static Location<'static>) -> u64 {
        self.last += 1;
        self.waiting.push_back(Waiting { id: self.last, waker, from });
        self.last
    }

    /// Keeps the waker of a waiting sender current; hands back the old one, to be dropped outside the lock.
    pub(super) fn renew(&mut self, id: u64, waker: &Waker) -> Option<Waker> {
        let at = self.find(id)?;
        let current = &mut self.waiting.get_mut(at)?.waker;
        if current.will_wake(waker) { None } else { Some(std::mem::replace(current, waker.clone())) }
    }

    /// Grants the longest waiting sender a place.
    pub(super) fn grant(&mut self) -> Option<Waker> {
        let Waiting { id, waker, .. } = self.waiting.pop_front()?;
        self.granted.push_back(id); // ids only grow, so both queues stay sorted
        Some(waker)
    }

    /// Whether this sender had been granted a place, which is then no longer kept.
    pub(super) fn take_grant(&mut self, id: u64) -> bool {
        let at = self.granted.binary_search(&id);
        at.is_ok_and(|at| self.granted.remove(at).is_some())
    }

    pub(super) fn cancel(&mut self, id: u64) -> Option<Waker> {
        let at = self.find(id)?;
        self.waiting.remove(at).map(|waiting| waiting.waker)
    }

    /// Forgets all, at the close; hands back the wakers of those that waited.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = Waker> + use<> {
        self.granted = VecDeque::new();
        std::mem::take(&mut self.waiting).into_iter().map(|waiting| waiting.waker)
    }

    fn find(&self, id: u64) -> Option<usize> {
        self.waiting.binary_search_by_key(&id, |waiting| waiting.id).ok()
    }
}
