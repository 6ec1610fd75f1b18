//! The way of a member of a group that acknowledges: from the ledger, under the inbox's lock alone.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    task::{Context, Poll},
};

use tokio::time::Instant;

use super::{
    cursor::Cursor,
    lease::{Leases, follow},
};
use crate::{
    engine::{Batch, Effects, Fallout, MemberSeat, Parked, Refill, Taken},
    error::TryRecvError,
    message::Message,
    stats::{Caller, WaitKind},
    tasks::Who,
    timers::Timer,
};

/// What a member of a group that acknowledges has besides: the leases of its deliveries, and the timer by which it waits for the
/// end of a delay, or of another's time to settle.
pub(super) struct Kept<M: Message> {
    timer: Timer,
    until: Option<Instant>,
    leases: Leases<M>,
}

// It is touched by `&mut` alone, and whole again when a poll is over, whatever panics in another's waker.
impl<M: Message> UnwindSafe for Kept<M> {}
impl<M: Message> RefUnwindSafe for Kept<M> {}

impl<M: Message> Kept<M> {
    pub(super) fn new() -> Self {
        Self { timer: Timer::new(), until: None, leases: Leases::new() }
    }

    /// Whether this time has come.
    fn poll(&mut self, until: Option<Instant>, cx: &mut Context<'_>) -> bool {
        if self.until != until {
            self.disarm();
            self.until = until;
        }
        until.is_some_and(|until| self.timer.poll(until, cx).is_ready())
    }

    pub(super) fn disarm(&mut self) {
        if self.until.take().is_some() {
            self.timer.disarm();
        }
    }
}

impl<M: Message> Cursor<M> {
    #[inline(never)]
    pub(super) fn poll_kept(&mut self, cx: &Context<'_>, firm: bool) -> Poll<Option<Taken<M>>> {
        self.note_first();
        let mut fresh = false;
        loop {
            if let Some(taken) = self.take_kept(fresh) {
                return Poll::Ready(Some(taken));
            }
            let mut effects = Effects::new();
            let mut log = self.handle.log.lock();
            log.member_seen(&self.inbox, self.member, Who::here());
            let found = log.fill(&self.inbox, &mut effects);
            let parked = match found {
                Refill::More | Refill::Closed => Parked::Look,
                Refill::Empty => {
                    let caller = || Caller::here(WaitKind::Receive, self.at);
                    let seat = MemberSeat(&self.inbox, self.member);
                    log.park_kept(&seat, &mut self.waiting, cx.waker(), firm, caller, &mut effects)
                }
            };
            self.handle.unlock_and_apply(log, effects);
            fresh = found == Refill::Empty;
            if found == Refill::Closed {
                self.end_wait();
                return Poll::Ready(None);
            }
            if let Parked::Until(until) = parked {
                let mut cx = Context::from_waker(cx.waker());
                if !self.kept.as_mut().is_some_and(|kept| kept.poll(until, &mut cx)) {
                    return Poll::Pending;
                }
            }
        }
    }

    #[inline(never)]
    pub(super) fn try_kept(&mut self) -> Result<Taken<M>, TryRecvError> {
        self.note_first();
        if let Some(taken) = self.take_kept_plain() {
            return Ok(taken);
        }
        let mut fresh = false;
        let taken = loop {
            if let Some(taken) = self.take_kept(fresh) {
                break Ok(taken);
            }
            match self.handle.with(|log, effects| log.fill(&self.inbox, effects)) {
                Refill::More => fresh = false,
                Refill::Empty if !fresh => fresh = true,
                Refill::Empty => break Err(TryRecvError::Empty),
                Refill::Closed => break Err(TryRecvError::Closed),
            }
        };
        if self.waiting.is_some() {
            self.give_up();
        }
        taken
    }

    /// Waits for messages and takes up to `most` of them; false at the end.
    #[inline(never)]
    pub(super) fn poll_many_kept<T>(
        &mut self,
        most: usize,
        cx: &Context<'_>,
        firm: bool,
        into: &mut impl Batch<M, T>,
    ) -> Poll<bool> {
        let Poll::Ready(first) = self.poll_kept(cx, firm) else { return Poll::Pending };
        let Some(first) = first else { return Poll::Ready(false) };
        into.take(first);
        for _ in 1..most {
            let Ok(next) = self.try_kept() else { break };
            into.take(next);
        }
        Poll::Ready(true)
    }

    /// The next message of a group that acknowledges, the short way; none if there is none, or it is to go the long one.
    #[inline(always)]
    pub(super) fn take_kept_plain(&mut self) -> Option<Taken<M>> {
        let kept = self.kept.as_deref_mut()?;
        if self.waiting.is_some() || self.fresh {
            return None;
        }
        let given = self.inbox.lock().give_plain(self.in_flight.as_deref())?;
        Some(kept.leases.lease(given, self.handle.shared(), &self.inbox, self.telling.as_ref()))
    }

    /// The next message, if the inbox has one. Then a wait that is registered ends.
    fn take_kept(&mut self, fresh: bool) -> Option<Taken<M>> {
        let mut fallout = Fallout::new();
        let mut inbox = self.inbox.lock();
        let now = inbox.needs_time().then(Instant::now);
        let given = inbox.give(fresh, self.waiting, self.in_flight.as_deref(), now, &mut fallout);
        let after = inbox.after(&fallout);
        drop(inbox);
        let taken = match (given, self.kept.as_deref_mut()) {
            (Some(given), Some(kept)) => {
                Some(kept.leases.lease(given, self.handle.shared(), &self.inbox, self.telling.as_ref()))
            }
            _ => None,
        };
        if taken.is_some() {
            self.end_wait(); // before another is woken, who should not be this one
        }
        follow(&self.handle, &self.inbox, after, fallout);
        taken
    }

    /// It got something, or the end.
    fn end_wait(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.disarm();
        }
        if let Some(id) = self.waiting.take() {
            self.handle.with(|log, effects| log.unpark_kept(&self.inbox, id, effects));
        }
    }
}
