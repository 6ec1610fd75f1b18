use std::{
    sync::Arc,
    task::{Context, Poll},
};

use tokio::time::Instant;

use super::{
    keeper::{self, At, TABLE},
    sleeping::Sleeping,
    table::{Alarm, Entry},
};
use crate::{clock, contain::contain, request::AnyCell};

/// The deadline of one waiting future, and a request's entry in the list of those that wait. Gone with the drop.
pub(crate) struct Timer {
    entry: Option<Entry>,
    /// Where tokio's clock is paused.
    sleeping: Option<Sleeping>,
}

impl Timer {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { entry: None, sleeping: None }
    }

    /// Ready once the deadline has passed.
    pub(crate) fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if now >= deadline || self.entry.is_some_and(|entry| !TABLE.renew(entry, cx.waker())) {
            self.disarm();
            return Poll::Ready(());
        }
        if self.entry.is_none() {
            if let Some(slept) = self.poll_sleep(deadline, cx) {
                return slept;
            }
            self.entry = Some(keeper::arm(At::of_tokio(deadline, now), Alarm::Wake(cx.waker().clone())));
        }
        Poll::Pending
    }

    /// Lists a request that waits, and has it expire at its deadline. With the deadline comes the time.
    #[inline]
    pub(crate) fn watch(
        &mut self,
        deadline: Option<(Instant, Instant)>,
        cell: Arc<dyn AnyCell>,
        cx: &mut Context<'_>,
    ) {
        let sleeps = deadline.is_some_and(|(deadline, _)| self.poll_sleep(deadline, cx).is_some());
        let at = deadline.filter(|_| !sleeps).and_then(|(deadline, now)| At::of_tokio(deadline, now));
        self.entry = Some(keeper::arm(at, Alarm::Expire(cell)));
    }

    /// Whether the deadline of a listed request has passed that its caller polls once more.
    pub(crate) fn poll_listed(
        &mut self,
        deadline: Instant,
        cell: impl FnOnce() -> Arc<dyn AnyCell>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let now = Instant::now();
        if now >= deadline {
            return Poll::Ready(());
        }
        if self.sleeping.is_none() {
            return Poll::Pending;
        }
        self.poll_sleep(deadline, cx).unwrap_or_else(|| {
            self.disarm(); // it has moved to where no clock is paused
            self.watch(Some((deadline, now)), cell(), cx);
            Poll::Pending
        })
    }

    /// Sleeps, if the clock here is paused.
    #[inline]
    fn poll_sleep(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Option<Poll<()>> {
        if !clock::MAY_PAUSE {
            return None;
        }
        if self.sleeping.as_ref().is_none_or(|sleeping| !sleeping.is_of_here()) {
            self.sleeping = clock::is_paused().then(|| Sleeping::new(deadline));
        }
        Some(self.sleeping.as_mut()?.poll(cx))
    }

    #[inline]
    pub(crate) fn disarm(&mut self) {
        if let Some(entry) = self.entry.take() {
            TABLE.disarm(entry);
        }
        if clock::MAY_PAUSE {
            self.sleeping = None;
        }
    }
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        self.disarm();
    }
}

/// The requests that wait on this channel.
pub(crate) fn requests(channel: usize) -> Vec<Arc<dyn AnyCell>> {
    TABLE.requests(channel)
}

/// Ends all requests that wait on this channel.
pub(crate) fn close_requests(channel: usize) {
    for cell in requests(channel) {
        contain(|| cell.close());
    }
}
