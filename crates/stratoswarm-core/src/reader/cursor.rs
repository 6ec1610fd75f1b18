use std::{
    panic::Location,
    sync::Arc,
    task::{Context, Poll},
};

use super::{handed_out::Telling, kept::Kept};
use crate::{
    chaos::Held,
    contain::contain,
    engine::{Batch, Effects, InFlight, InFlightGuard, Inbox, Log, MemberSeat, SharedInbox, Take, Taken},
    error::TryRecvError,
    handle::{Handle, Shared, Yielding},
    message::Message,
    request::{AnyResponder, RequestLiveness},
    stats::{Caller, WaitKind},
    sync::MutexGuard,
    tasks::Who,
    waiting::WaitId,
};

/// What the lossless readers share: the way from the inbox, and to the log when it is empty.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Cursor<M: Message> {
    pub(super) inbox: SharedInbox<M>,
    /// What the members of a group have in flight.
    pub(super) in_flight: Option<Arc<InFlight>>,
    /// How many messages the inbox probably has; of a channel with lanes, how many one after the other; of a member of a group
    /// that acknowledges 0, as none goes the short way.
    hint: usize,
    /// The channel has lanes.
    sorted: bool,
    /// The channel bounds the bytes of its messages, and is not traced.
    charged: bool,
    /// The channel has lanes, or the group acknowledges: whatever the hint, there may be something. Or it is fresh.
    looks: bool,
    /// Its number among those of its reader.
    pub(super) member: u64,
    /// Nobody has polled it yet.
    pub(super) fresh: bool,
    /// The wait that is registered, if one is.
    pub(super) waiting: Option<WaitId>,
    yielding: Yielding,
    /// What holds it up before it takes what is there.
    #[cfg_attr(not(feature = "chaos"), expect(dead_code, reason = "empty"))]
    held: Held,
    pub(super) at: &'static Location<'static>,
    pub(super) handle: Handle<M>,
    /// Of a traced channel.
    pub(super) telling: Option<Arc<Telling>>,
    /// Of a member of a group that acknowledges.
    pub(super) kept: Option<Box<Kept<M>>>,
}

impl<M: Message> Cursor<M> {
    pub(super) fn new(
        handle: Handle<M>,
        inbox: SharedInbox<M>,
        in_flight: Option<Arc<InFlight>>,
        group: Option<&str>,
        at: &'static Location<'static>,
    ) -> Self {
        let yielding = Yielding::new();
        let sorted = inbox.lock().is_sorted();
        let charged = handle.account().is_some() && handle.trace().is_none();
        let member = handle.log.lock().list_member(&inbox, at);
        let telling = Telling::new(&handle, group, member);
        Self {
            inbox,
            in_flight,
            hint: 0,
            sorted,
            charged,
            looks: true,
            member,
            fresh: true,
            waiting: None,
            yielding,
            held: Held::new(),
            at,
            handle,
            telling,
            kept: None,
        }
    }

    /// The same of a member of a group that acknowledges.
    pub(super) fn keeping(mut self) -> Self {
        self.looks = true;
        self.kept = Some(Box::new(Kept::new()));
        self
    }

    /// Notes whose it is, the first time that it is polled; from then on it is noted where it parks.
    #[inline]
    pub(super) fn note_first(&mut self) {
        if self.fresh {
            self.note();
        }
    }

    #[cold]
    fn note(&mut self) {
        self.fresh = false;
        self.looks = self.sorted || self.kept.is_some();
        self.handle.log.lock().member_seen(&self.inbox, self.member, Who::here());
    }

    /// Waits for what holds it up, where there is something for it.
    #[cfg_attr(not(feature = "chaos"), expect(clippy::unused_self, clippy::needless_pass_by_ref_mut))]
    #[inline(always)]
    pub(super) fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        #[cfg(feature = "chaos")]
        if self.handle.is_disturbed() && (self.held.waits() || self.left() > 0) {
            return self.held.poll_next(&**self.handle.shared(), cx);
        }
        let _ = cx;
        Poll::Ready(())
    }

    /// Whether its group acknowledges.
    pub(super) fn keeps(&self) -> bool {
        self.kept.is_some()
    }

    pub(super) fn shared(&self) -> &Arc<Shared<M>> {
        self.handle.shared()
    }

    pub(super) fn inbox(&self) -> &SharedInbox<M> {
        &self.inbox
    }

    /// How many messages it has yet to get.
    pub(super) fn left(&self) -> u64 {
        self.handle.log.lock().left_for(&self.inbox)
    }

    pub(super) fn at(&self) -> &'static Location<'static> {
        self.at
    }

    /// Whether a receiving future is registered.
    #[inline(always)]
    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    /// The inbox, if its next `count` messages may be popped the short way; and the hint, which is to be lowered.
    #[inline(always)]
    pub(super) fn plain(&mut self, count: usize) -> Option<(MutexGuard<'_, Inbox<M>>, &mut usize)> {
        if self.hint == 0 {
            return None;
        }
        let inbox = self.inbox.lock();
        if inbox.is_plain(count) { Some((inbox, &mut self.hint)) } else { None }
    }

    /// The inbox and the sequence number of its next message, which is to be popped, and what that was charged.
    #[inline(always)]
    pub(super) fn charged(&mut self) -> Option<(MutexGuard<'_, Inbox<M>>, u64, AnyResponder)> {
        if !self.charged || self.waiting.is_some() {
            return None;
        }
        let mut inbox = self.inbox.lock();
        let (charge, number) = inbox.take_charge()?;
        Some((inbox, number, charge))
    }

    /// Waits for the next message and makes of it what the reader hands out: at once, if it was only sent; or if it
    /// is judged to be live.
    #[inline(always)]
    pub(super) fn poll<T>(
        &mut self,
        cx: &Context<'_>,
        firm: bool,
        plain: impl Fn(M, u64, Option<&InFlight>) -> T,
        judge: impl Fn(&mut Taken<M>) -> RequestLiveness,
        make: impl Fn(Taken<M>) -> T,
    ) -> Poll<Option<T>> {
        loop {
            let mut next = None;
            let popped = (self.hint > 0 || self.looks) && {
                self.note_first();
                if self.kept.is_some() {
                    return self.poll_kept(cx, firm).map(|taken| taken.map(make));
                }
                self.pop(&mut next)
            };
            if !popped {
                let mut log = self.handle.log.lock();
                if !Log::<M>::LARGE && log.is_lone(&self.inbox, &mut self.waiting) {
                    self.yielding.found(1);
                    let number = log.front();
                    if let Some(message) = log.take_lone() {
                        return Poll::Ready(Some(plain(message, number, self.in_flight.as_deref())));
                    }
                }
                if log.take_newest(&self.inbox, &mut self.waiting, &mut next) {
                    self.yielding.found(1);
                } else {
                    if log.is_idle(&self.inbox) {
                        if self.waiting.is_none() && self.yielding.once() {
                            drop(log);
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                        if log.is_quiet() {
                            let (mut replaced, caller) = (None, || Caller::here(WaitKind::Receive, self.at));
                            let seat = MemberSeat(&self.inbox, self.member);
                            self.waiting =
                                log.park(&seat, self.waiting, cx.waker(), firm, caller, &mut replaced);
                            drop(log);
                            drop(replaced);
                            return Poll::Pending;
                        }
                    }
                    if log.is_waited_for() {
                        log.member_seen(&self.inbox, self.member, Who::here());
                    }
                    let wait = Some((cx, firm, self.at, self.member));
                    let (hint, waiting) = (&mut self.hint, &mut self.waiting);
                    match Self::take(&self.handle, log, &self.inbox, hint, waiting, wait, &mut next) {
                        Ok(()) => self.yielding.found(1 + self.hint),
                        Err(TryRecvError::Closed) => return Poll::Ready(None),
                        Err(TryRecvError::Empty) => return Poll::Pending,
                    }
                }
            }
            match next.as_mut().map(&judge) {
                Some(RequestLiveness::Live) => return Poll::Ready(next.map(make)),
                Some(why) => self.skip(why, &mut next),
                None => {}
            }
        }
    }

    /// Without waiting. A wait that is registered still, as by a stream, ends.
    pub(super) fn try_next(&mut self, next: &mut Option<Taken<M>>) -> Result<(), TryRecvError> {
        if self.hint > 0 || self.looks {
            self.note_first();
            if self.kept.is_some() {
                return self.try_kept().map(|taken| *next = Some(taken));
            }
            if self.pop(next) {
                return Ok(());
            }
        }
        let mut log = self.handle.log.lock();
        if log.is_waited_for() {
            log.member_seen(&self.inbox, self.member, Who::here());
        }
        let (hint, waiting) = (&mut self.hint, &mut self.waiting);
        let took = Self::take(&self.handle, log, &self.inbox, hint, waiting, None, next);
        if self.waiting.is_some() {
            self.give_up();
        }
        took
    }

    /// Puts the next message into `next`, if the inbox has one.
    #[inline]
    fn pop(&mut self, next: &mut Option<Taken<M>>) -> bool {
        let mut inbox = self.inbox.lock();
        *next = inbox.pop(self.in_flight.as_deref());
        let serve = inbox.asks_for_service();
        self.hint = inbox.hint();
        if !self.sorted {
            inbox.give_back();
        }
        drop(inbox);
        if serve && let Some(next) = &next {
            self.serve(next);
        }
        next.is_some()
    }

    #[cold]
    #[inline(never)]
    fn serve(&self, after: &Taken<M>) {
        let mut log = self.handle.log.lock();
        log.member_seen(&self.inbox, self.member, Who::here()); // senders wait for it: whose it is matters now
        if let Ok(waker) = log.serve_after(&self.inbox, after) {
            drop(log);
            if let Some(waker) = waker {
                contain(|| waker.wake());
            }
            return;
        }
        let mut effects = Effects::new();
        log.serve(&mut effects);
        self.handle.unlock_and_apply(log, effects);
    }

    #[inline(never)]
    fn take(
        shared: &Shared<M>,
        mut log: MutexGuard<'_, Log<M>>,
        inbox: &SharedInbox<M>,
        hint: &mut usize,
        waiting: &mut Option<WaitId>,
        wait: Option<(&Context<'_>, bool, &'static Location<'static>, u64)>,
        next: &mut Option<Taken<M>>,
    ) -> Result<(), TryRecvError> {
        let mut effects = Effects::new();
        let taken = match log.take(inbox, next, &mut effects) {
            Take::Message(more) => {
                *hint = more;
                Ok(())
            }
            Take::Closed => Err(TryRecvError::Closed),
            Take::Empty => {
                if let Some((cx, firm, at, member)) = wait {
                    let caller = || Caller::here(WaitKind::Receive, at);
                    let mut replaced = None;
                    let seat = MemberSeat(inbox, member);
                    *waiting = log.park(&seat, *waiting, cx.waker(), firm, caller, &mut replaced);
                    effects.drop_waker(replaced);
                }
                Err(TryRecvError::Empty)
            }
        };
        if !matches!(taken, Err(TryRecvError::Empty))
            && let Some(id) = waiting.take()
        {
            log.unpark(inbox, id, &mut effects);
        }
        shared.unlock_and_apply(log, effects);
        taken
    }

    /// Waits for messages and takes up to `most` of them; false at the end.
    pub(super) fn poll_many<T, B: Batch<M, T>>(
        &mut self,
        most: usize,
        cx: &Context<'_>,
        firm: bool,
        into: &mut B,
    ) -> Poll<bool> {
        if self.hint > 0 {
            let mut inbox = self.inbox.lock();
            if inbox.is_plain(most) {
                let count = inbox.pop_many(most, self.in_flight.as_deref(), into);
                self.hint -= count.min(self.hint);
                return Poll::Ready(true);
            }
            drop(inbox);
        } else if self.kept.is_some() {
            self.note_first();
            return self.poll_many_kept(most, cx, firm, into);
        }
        self.note_first();
        let mut effects = Effects::new();
        let mut log = self.handle.log.lock();
        if self.waiting.is_none() && log.is_idle(&self.inbox) && self.yielding.once() {
            drop(log);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = into.buffer().len();
        let polled = match log.take_many(&self.inbox, most, &mut effects, into) {
            Ok(more) => {
                self.hint = more;
                self.yielding.found(into.buffer().len() - before + more);
                Poll::Ready(true)
            }
            Err(Take::Closed) => Poll::Ready(false),
            Err(_) => {
                let caller = || Caller::here(WaitKind::Receive, self.at);
                let mut replaced = None;
                let seat = MemberSeat(&self.inbox, self.member);
                self.waiting = log.park(&seat, self.waiting, cx.waker(), firm, caller, &mut replaced);
                effects.drop_waker(replaced);
                Poll::Pending
            }
        };
        if polled.is_ready()
            && let Some(id) = self.waiting.take()
        {
            log.unpark(&self.inbox, id, &mut effects);
        }
        self.handle.unlock_and_apply(log, effects);
        polled
    }

    /// Counts a message that was taken and not handed out.
    #[cold]
    #[inline(never)]
    pub(super) fn skip(&self, why: RequestLiveness, taken: &mut Option<Taken<M>>) {
        let Some(mut skipped) = taken.take() else { return };
        skipped.guard.forget_sample();
        skipped.guard = InFlightGuard::none(); // what is counted as skipped is not in flight
        self.handle.log.lock().count_skip(&self.inbox, skipped.number, why);
        if let Some(telling) = &self.telling {
            telling.skipped(skipped.number, why);
        }
        tracing::debug!(channel = &*self.handle.name, ?why, "message skipped");
    }

    /// Ends the wait that is registered; a wake that came for it goes on.
    #[cold]
    pub(super) fn give_up(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.disarm();
        }
        if let Some(id) = self.waiting.take() {
            self.handle.with(|log, effects| log.cancel_receive(&self.inbox, id, effects));
        }
    }
}

impl<M: Message> Drop for Cursor<M> {
    fn drop(&mut self) {
        let waiting = self.waiting.take();
        self.handle.with(|log, effects| {
            if let Some(id) = waiting {
                log.cancel_receive(&self.inbox, id, effects);
            }
            log.unlist_member(&self.inbox, self.member);
            log.leave(&self.inbox, effects);
        });
    }
}
