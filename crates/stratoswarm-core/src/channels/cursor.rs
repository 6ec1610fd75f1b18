use std::{
    sync::Arc,
    task::{Context, Poll},
};

use super::{Shared, yielding::Yielding};
use crate::{
    engine::{Batch, Effects, Hand, Log, SharedStash, Stash, Take, Taken},
    error::TryRecvError,
    requests::Handover,
    sync::MutexGuard,
};

/// A lossless reader's handle on the log: what receivers and subscribers have in common.
pub(super) struct Cursor<M: Clone> {
    shared: Arc<Shared<M>>,
    stash: SharedStash<M>,
    /// Of a group: what its members have in hand.
    hand: Option<Arc<Hand>>,
    me: usize,
    /// How many messages the stash may hold; 0 means ask the log.
    hint: usize,
    /// The parked future of this handle.
    waiting: Option<u64>,
    yielding: Yielding,
}

impl<M: Clone> Cursor<M> {
    pub(super) fn new(
        shared: Arc<Shared<M>>,
        stash: SharedStash<M>,
        hand: Option<Arc<Hand>>,
        me: usize,
    ) -> Self {
        Self { shared, stash, hand, me, hint: 0, waiting: None, yielding: Yielding::new() }
    }

    pub(super) fn shared(&self) -> &Arc<Shared<M>> {
        &self.shared
    }

    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    /// The stash, if the next `count` messages may be popped from it the short way. Who pops says so in the hint first.
    #[inline(always)]
    pub(super) fn plain(&mut self, count: usize) -> Option<(MutexGuard<'_, Stash<M>>, &mut usize)> {
        if self.hint == 0 {
            return None;
        }
        let stash = self.stash.lock();
        if stash.is_plain(count) { Some((stash, &mut self.hint)) } else { None }
    }

    /// The next message; none at the end.
    #[inline(always)]
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<Taken<M>>> {
        if self.hint > 0
            && let Some(next) = self.pop_stash()
        {
            return Poll::Ready(Some(next));
        }
        let mut log = self.shared.log.lock();
        if let Some(next) = log.take_short(self.me, &mut self.waiting) {
            self.yielding.found(1);
            return Poll::Ready(Some(next));
        }
        if self.waiting.is_none() && log.is_idle(self.me) && self.yielding.once() {
            drop(log);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(replaced) = log.park_short(self.me, &mut self.waiting, cx.waker()) {
            drop(log);
            drop(replaced);
            return Poll::Pending;
        }
        match Self::take(&self.shared, log, self.me, &mut self.hint, &mut self.waiting, Some(cx)) {
            Ok(next) => {
                self.yielding.found(1 + self.hint);
                Poll::Ready(Some(next))
            }
            Err(TryRecvError::Closed) => Poll::Ready(None),
            Err(TryRecvError::Empty) => Poll::Pending,
        }
    }

    pub(super) fn try_next(&mut self) -> Result<Taken<M>, TryRecvError> {
        if self.hint > 0
            && let Some(next) = self.pop_stash()
        {
            return Ok(next);
        }
        let log = self.shared.log.lock();
        Self::take(&self.shared, log, self.me, &mut self.hint, &mut self.waiting, None)
    }

    #[inline(always)]
    fn pop_stash(&mut self) -> Option<Taken<M>> {
        let mut stash = self.stash.lock();
        let next = stash.pop(self.hand.as_deref());
        let asked = stash.asks();
        stash.give_back();
        drop(stash);
        if next.is_none() {
            self.hint = 0;
        } else {
            self.hint -= 1;
        }
        if asked {
            self.attend();
        }
        next
    }

    /// Serves the senders that wait.
    #[cold]
    #[inline(never)]
    fn attend(&self) {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        log.attend(&mut effects);
        self.shared.settle(log, effects);
    }

    /// The long way through the log. Parks if there is nothing and a context is given.
    #[inline(never)]
    fn take(
        shared: &Shared<M>,
        mut log: MutexGuard<'_, Log<M>>,
        me: usize,
        hint: &mut usize,
        waiting: &mut Option<u64>,
        cx: Option<&Context<'_>>,
    ) -> Result<Taken<M>, TryRecvError> {
        let mut effects = Effects::new();
        let taken = match log.take(me, &mut effects) {
            Take::Message(taken, more) => {
                *hint = more;
                Ok(taken)
            }
            Take::Closed => Err(TryRecvError::Closed),
            Take::Empty => {
                if let Some(cx) = cx {
                    *waiting = log.park(me, *waiting, cx.waker(), &mut effects);
                }
                Err(TryRecvError::Empty)
            }
        };
        if !matches!(taken, Err(TryRecvError::Empty))
            && let Some(id) = waiting.take()
        {
            log.unpark(me, id, &mut effects);
        }
        shared.settle(log, effects);
        taken
    }

    /// Up to `most` messages at once; whether the channel is still open, or there were any.
    pub(super) fn poll_many<T, B: Batch<M, T>>(
        &mut self,
        most: usize,
        cx: &Context<'_>,
        into: &mut B,
    ) -> Poll<bool> {
        if self.hint > 0 {
            let mut stash = self.stash.lock();
            if stash.is_plain(most) {
                let count = stash.pop_many(most, self.hand.as_deref(), into);
                self.hint -= count.min(self.hint);
                return Poll::Ready(true);
            }
        }
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        if self.waiting.is_none() && log.is_idle(self.me) && self.yielding.once() {
            drop(log);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = into.buffer().len();
        let polled = match log.take_many(self.me, most, &mut effects, into) {
            Ok(more) => {
                self.hint = more;
                self.yielding.found(into.buffer().len() - before + more);
                Poll::Ready(true)
            }
            Err(Take::Closed) => Poll::Ready(false),
            Err(_) => {
                self.waiting = log.park(self.me, self.waiting, cx.waker(), &mut effects);
                Poll::Pending
            }
        };
        if polled.is_ready()
            && let Some(id) = self.waiting.take()
        {
            log.unpark(self.me, id, &mut effects);
        }
        self.shared.settle(log, effects);
        polled
    }

    /// Counts a request that was not given to its handler.
    #[cold]
    pub(super) fn skip(&self, why: Handover) {
        self.shared.log.lock().count_skip(self.me, why);
        tracing::debug!(channel = &*self.shared.name, ?why, "request skipped");
    }

    /// A future that waited is dropped: its wake, if it had one, goes on to the next.
    #[cold]
    pub(super) fn cancel(&mut self) {
        if let Some(id) = self.waiting.take() {
            let mut effects = Effects::new();
            let mut log = self.shared.log.lock();
            log.cancel_receive(self.me, id, &mut effects);
            self.shared.settle(log, effects);
        }
    }
}

impl<M: Clone> Drop for Cursor<M> {
    fn drop(&mut self) {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        log.leave(self.me, self.waiting.take(), &mut effects);
        self.shared.settle(log, effects);
    }
}
