use std::task::Waker;

use crate::{
    stats::Caller,
    waiting::{WaitId, WaitList, Waiter},
};

/// Handlers that wait until nobody waits for their reply any more.
pub(super) struct Watchers {
    list: WaitList,
    last: u64,
}

impl Watchers {
    pub(super) const fn new() -> Self {
        Self { list: WaitList::new(), last: 0 }
    }

    /// Registers a waiting handler, which has this number from its first wait on, or keeps its waker current; the old one
    /// comes back, to be dropped outside the lock.
    pub(super) fn wait(
        &mut self,
        watcher: &mut Option<WaitId>,
        waker: &Waker,
        handler: impl FnOnce() -> Caller,
    ) -> Option<Waker> {
        let fresh = WaitId::MIN.saturating_add(self.last);
        self.last += 1;
        let (id, replaced) = self.list.wait(*watcher, fresh, waker, true, handler);
        *watcher = Some(id);
        replaced
    }

    /// This one waits no more; what is left of it is to be dropped outside the lock.
    pub(super) fn forget(&mut self, watcher: WaitId) -> Option<Waiter> {
        self.list.remove(watcher)
    }

    /// All of them, to be woken outside the lock. Mostly there are none.
    #[inline]
    pub(super) fn take(&mut self) -> Option<impl Iterator<Item = Waker> + use<>> {
        if self.list.is_empty() { None } else { Some(self.list.clear()) }
    }
}
