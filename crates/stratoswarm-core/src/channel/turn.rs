use std::{
    mem::{self, ManuallyDrop},
    panic::Location,
    task::{Context, Poll},
};

use tokio::time::Instant;

use super::{toll::Toll, traced::Traced};
use crate::{
    chaos::{Held, Moment},
    engine::{Admission, Effects, Entry, LaneIndex, Log},
    error::Closed,
    handle::{Shared, pays},
    message::Priority,
    stats::{Caller, WaitKind},
    timers::Timer,
    waiting::WaitId,
};

/// Who sends, and from where.
#[derive(Clone, Copy)]
pub(super) struct By {
    /// What tells the handle from others, as long as it waits: its address, as it cannot move then.
    pub(super) handle: usize,
    pub(super) at: &'static Location<'static>,
}

/// One sender's way through the gate: admitted at once, or in line until it is granted a place.
pub(super) struct Turn {
    /// Dropped by hand: most turns never wait, and to ask that first takes less than to drop one.
    pub(super) wait: ManuallyDrop<Wait>,
    /// What holds it up before it asks to be admitted.
    held: Held,
}

/// What is known of a turn, and by what it waits. The same few bytes are in each, so that it takes no more than a number.
pub(super) enum Wait {
    /// It does not wait, and was granted nothing.
    No(Way),
    /// Under this number, or with a place that it was granted.
    As(Way, WaitId),
    /// The same, and it looks again when a message expires that takes a place.
    Until(Way, Box<Until>),
    /// It waits where bytes are bounded, too.
    Charged(Way, Box<Toll>),
    /// It waits in one of these ways, and its wait is traced.
    Traced(Way, Box<Traced>),
}

#[derive(Clone, Copy)]
pub(super) struct Way {
    /// The class that was stated.
    class: Option<Priority>,
    lane: u8,
    /// Whether it has the readers serve it.
    asked: bool,
}

pub(super) struct Until {
    id: WaitId,
    at: Instant,
    timer: Timer,
    /// What the timer is armed for.
    armed: Option<Instant>,
}

/// Behind so many others the turn does not come while one yields.
const SOON: usize = 8;

impl Turn {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self {
            wait: ManuallyDrop::new(Wait::No(Way { class: None, lane: 0, asked: false })),
            held: Held::new(),
        }
    }

    /// Waits for what holds the operation up before it begins.
    #[inline(always)]
    pub(super) fn hold<M>(&mut self, shared: &Shared<M>, moment: Moment, cx: &mut Context<'_>) -> Poll<()> {
        self.held.poll(shared, moment, cx)
    }

    /// Whether it does not wait, and was granted nothing.
    #[inline(always)]
    pub(super) fn is_new(&self) -> bool {
        matches!(*self.wait, Wait::No(_))
    }

    /// Its number while it waits, or has a place that it was granted.
    #[inline]
    fn id(&self) -> Option<WaitId> {
        match &*self.wait {
            Wait::No(_) | Wait::Charged(..) | Wait::Traced(..) => None,
            Wait::As(_, id) => Some(*id),
            Wait::Until(_, until) => Some(until.id),
        }
    }

    #[inline(always)]
    pub(super) fn way(&mut self) -> &mut Way {
        match &mut *self.wait {
            Wait::No(way)
            | Wait::As(way, _)
            | Wait::Until(way, _)
            | Wait::Charged(way, _)
            | Wait::Traced(way, _) => way,
        }
    }

    #[inline(always)]
    pub(super) fn is_over(&mut self) {
        *self.wait = Wait::No(Way { asked: false, ..*self.way() });
    }

    #[cold]
    fn let_go(&mut self) {
        self.is_over();
    }

    /// States the class, whatever the message says.
    pub(super) fn set_class(&mut self, class: Priority) {
        self.way().class = Some(class);
    }

    /// Finds the lane by the class that was stated, or else that of the message. It stays with it while it waits.
    #[inline]
    pub(super) fn find_lane<M>(&mut self, log: &Log<M>, class: impl FnOnce() -> Priority) -> LaneIndex {
        if self.is_new() && log.has_lanes() {
            let stated = self.way().class;
            self.way().lane = log.lane_of(|| stated.unwrap_or_else(class)) as u8;
        }
        self.lane()
    }

    #[inline]
    pub(super) fn lane(&mut self) -> LaneIndex {
        self.way().lane.into()
    }

    /// How many of the messages `wanted` may come in: they must be pushed under this lock, or the places be made permits,
    /// which come all at once. Pending, it must be [armed](Self::arm) once the lock is released.
    pub(super) fn poll<M>(
        &mut self,
        log: &mut Log<M>,
        wanted: usize,
        kind: WaitKind,
        by: By,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) -> Poll<Result<usize, Closed>> {
        let what = if kind == WaitKind::Reserve { Entry::Permit } else { Entry::Messages };
        self.poll_for(log, wanted, what, kind, by, cx, effects)
    }

    /// The same for places, whatever comes into them.
    #[allow(clippy::too_many_arguments, reason = "what is wanted, for whom, and what follows")]
    #[inline]
    pub(super) fn poll_for<M>(
        &mut self,
        log: &mut Log<M>,
        wanted: usize,
        what: Entry,
        kind: WaitKind,
        by: By,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) -> Poll<Result<usize, Closed>> {
        let lane = self.lane();
        let mut admission = match self.id() {
            None => log.admit(lane, wanted, what, true, now(log), effects),
            Some(id) => log.claim(lane, id, wanted, what, cx.waker(), effects),
        };
        if admission == Admission::Full && self.is_new() {
            let soon = log.waiting(lane) < SOON;
            let places = if what == Entry::Permit { wanted as u32 } else { 1 };
            let id = log.enqueue(lane, places, cx.waker(), by.handle, Caller::here(kind, by.at));
            *self.wait = Wait::As(*self.way(), id);
            if soon && pays() {
                effects.wake(cx.waker()); // in its place in the line, and not asking the readers to serve it yet
                return Poll::Pending;
            }
        }
        if admission == Admission::Full
            && let Some(id) = self.id()
        {
            let asks = !std::mem::replace(&mut self.way().asked, true);
            // What has expired since gives up its place to those who wait.
            let granted = asks && log.request_grants(lane, effects)
                || log.has_expiring() && log.expire(lane, Instant::now(), effects);
            if granted {
                admission = log.claim(lane, id, wanted, what, cx.waker(), effects);
            }
        }
        match admission {
            Admission::Full => {
                if log.has_expiring() {
                    self.wait_until(log.next_expiry(lane, Instant::now()));
                }
                Poll::Pending
            }
            Admission::Closed => {
                self.is_over();
                Poll::Ready(Err(Closed))
            }
            Admission::Granted(count) => {
                self.is_over();
                Poll::Ready(Ok(count))
            }
        }
    }

    /// Has it look again then, and not before; without a time only when it is woken.
    #[cold]
    fn wait_until(&mut self, then: Option<Instant>) {
        let (Some(id), way) = (self.id(), *self.way()) else { return };
        match (&mut *self.wait, then) {
            (Wait::Until(_, until), Some(at)) => until.at = at,
            (_, Some(at)) => {
                *self.wait = Wait::Until(way, Box::new(Until { id, at, timer: Timer::new(), armed: None }));
            }
            (Wait::Until(..), None) => *self.wait = Wait::As(way, id),
            (_, None) => {}
        }
    }

    /// Arms the timer of a turn that is to look again, if it waits still.
    #[inline]
    pub(super) fn arm(&mut self, cx: &mut Context<'_>) {
        let until = match &mut *self.wait {
            Wait::Until(_, until) => until,
            Wait::Charged(_, toll) => return toll.place().arm(cx),
            Wait::No(_) | Wait::As(..) | Wait::Traced(..) => return,
        };
        if until.armed.replace(until.at).is_some_and(|armed| armed != until.at) {
            until.timer.disarm();
        }
        if until.timer.poll(until.at, cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }

    /// The short way for one message: false if it is to [poll](Self::poll).
    #[inline]
    pub(super) fn claim<M>(&mut self, log: &mut Log<M>) -> bool {
        let claimed = match *self.wait {
            Wait::As(Way { lane, .. }, id) => log.claim_fast(lane.into(), id),
            _ => false,
        };
        if claimed {
            let new = Wait::No(Way { asked: false, ..*self.way() });
            mem::forget(mem::replace(&mut *self.wait, new)); // it had a number only
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
        let lane = self.lane();
        let queued = self.is_new() && log.waiting(lane) >= SOON && log.just_queue(lane);
        if queued {
            let id = log.enqueue(lane, 1, cx.waker(), 0, Caller::here(kind, at)); // where handles take no turns
            let waits = Wait::As(Way { asked: true, ..*self.way() }, id);
            mem::forget(mem::replace(&mut *self.wait, waits)); // it was new
        }
        queued
    }

    /// Waits for a group to come; with it, for a place.
    pub(super) fn wait_for_group<M>(
        &mut self,
        log: &mut Log<M>,
        handle: usize,
        caller: impl FnOnce() -> Caller,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) {
        let lane = self.lane();
        if let Wait::Charged(_, toll) = &mut *self.wait {
            toll.let_go(log, lane, effects);
            return toll.place().wait_for_group(log, handle, caller, cx, effects);
        }
        let id = log.wait_for_group(lane, self.id(), cx.waker(), handle, caller, effects);
        *self.wait = Wait::As(Way { asked: false, ..*self.way() }, id);
    }

    /// The channel is closed: nothing is waited for any more.
    pub(super) fn end<M>(&mut self, log: &mut Log<M>, effects: &mut Effects<M>) {
        let lane = self.lane();
        if let Wait::Charged(_, toll) = &mut *self.wait {
            toll.let_go(log, lane, effects);
        }
        self.is_over();
    }

    /// The future is dropped: whoever is next gets the place it had been granted. Whether it waited for a group.
    #[inline]
    pub(super) fn cancel<M>(&mut self, shared: &Shared<M>) -> bool {
        if self.is_new() {
            return false;
        }
        self.cancel_wait(shared)
    }

    #[cold]
    #[inline(never)]
    fn cancel_wait<M>(&mut self, shared: &Shared<M>) -> bool {
        let lane = self.lane();
        if let Wait::Charged(_, toll) = &mut *self.wait {
            shared.with(|log, effects| toll.let_go(log, lane, effects));
            let waited = toll.place().cancel(shared);
            self.is_over();
            return waited;
        }
        if let Wait::Traced(_, traced) = &mut *self.wait {
            traced.span.fail("cancelled");
            let waited = traced.turn.cancel(shared);
            self.is_over();
            return waited;
        }
        let id = self.id();
        self.is_over();
        id.is_some_and(|id| shared.with(|log, effects| log.cancel_send(lane, id, effects)))
    }
}

impl Drop for Turn {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.is_new() {
            self.let_go();
        }
    }
}

/// The time, where the engine needs it to admit a sender.
pub(super) fn now<M>(log: &Log<M>) -> Option<Instant> {
    log.needs_time().then(Instant::now)
}
