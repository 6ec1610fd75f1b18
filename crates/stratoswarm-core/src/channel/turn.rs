use std::{
    panic::Location,
    task::{Context, Poll},
};

use tokio::time::Instant;

use crate::{
    engine::{Admission, Effects, Entry, Log},
    error::Closed,
    handle::{Shared, pays},
    stats::{Caller, WaitKind},
    waiting::WaitId,
};

/// One sender's way through the gate: admitted at once, or in line until it is granted a place.
pub(super) struct Turn {
    /// Its number while it waits, or has a place that it was granted.
    pub(super) waits: Option<WaitId>,
    /// Whether it has the readers serve it.
    asked: bool,
}

/// Behind so many others the turn does not come while one yields.
const SOON: usize = 8;

impl Turn {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { waits: None, asked: false }
    }

    /// Whether it does not wait, and was granted nothing.
    #[inline(always)]
    pub(super) fn is_new(&self) -> bool {
        self.waits.is_none()
    }

    /// How many of the messages `wanted` may come in: they must be pushed under this lock, or the places be made permits,
    /// which come all at once.
    pub(super) fn poll<M>(
        &mut self,
        log: &mut Log<M>,
        wanted: usize,
        kind: WaitKind,
        at: &'static Location<'static>,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) -> Poll<Result<usize, Closed>> {
        let what = if kind == WaitKind::Reserve { Entry::Permit } else { Entry::Messages };
        let mut admission = match self.waits {
            None => log.admit(wanted, what, true, now(log), effects),
            Some(id) => log.claim(id, wanted, what, cx.waker(), effects),
        };
        if admission == Admission::Full && self.waits.is_none() {
            let soon = log.waiting() < SOON;
            let places = if what == Entry::Permit { wanted as u32 } else { 1 };
            self.waits = Some(log.enqueue(places, cx.waker(), Caller::here(kind, at)));
            if soon && pays() {
                effects.wake(cx.waker()); // in its place in the line, and not asking the readers to serve it yet
                return Poll::Pending;
            }
        }
        if admission == Admission::Full
            && !self.asked
            && let Some(id) = self.waits
        {
            self.asked = true;
            if log.request_grants(effects) {
                admission = log.claim(id, wanted, what, cx.waker(), effects);
            }
        }
        match admission {
            Admission::Full => Poll::Pending,
            Admission::Closed => {
                *self = Self::new();
                Poll::Ready(Err(Closed))
            }
            Admission::Granted(count) => {
                *self = Self::new();
                Poll::Ready(Ok(count))
            }
        }
    }

    /// The short way for one message: false if it is to [poll](Self::poll).
    #[inline]
    pub(super) fn claim<M>(&mut self, log: &mut Log<M>) -> bool {
        let claimed = self.waits.is_some_and(|id| log.claim_fast(id));
        if claimed {
            *self = Self::new();
        }
        claimed
    }

    /// The short way into the line, which is served: false if it is to [poll](Self::poll).
    #[inline]
    pub(super) fn queue<M>(
        &mut self,
        log: &mut Log<M>,
        kind: WaitKind,
        at: &'static Location<'static>,
        cx: &Context<'_>,
    ) -> bool {
        let queued = self.waits.is_none() && log.waiting() >= SOON && log.just_queue();
        if queued {
            *self = Self { waits: Some(log.enqueue(1, cx.waker(), Caller::here(kind, at))), asked: true };
        }
        queued
    }

    /// Waits for a group to come; with it, for a place.
    pub(super) fn wait_for_group<M>(
        &mut self,
        log: &mut Log<M>,
        caller: impl FnOnce() -> Caller,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) {
        *self =
            Self { waits: Some(log.wait_for_group(self.waits, cx.waker(), caller, effects)), asked: false };
    }

    /// The future is dropped: whoever is next gets the place it had been granted. Whether it waited for a group.
    #[inline]
    pub(super) fn cancel<M>(&mut self, shared: &Shared<M>) -> bool {
        self.waits.take().is_some_and(|id| cancel(shared, id))
    }
}

#[cold]
#[inline(never)]
fn cancel<M>(shared: &Shared<M>, id: WaitId) -> bool {
    shared.with(|log, effects| log.cancel_send(id, effects))
}

/// The time, where the engine needs it to admit a sender.
pub(super) fn now<M>(log: &Log<M>) -> Option<Instant> {
    log.needs_time().then(Instant::now)
}
