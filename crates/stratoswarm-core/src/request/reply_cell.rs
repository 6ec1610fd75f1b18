use std::{
    panic::RefUnwindSafe,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;

use super::{AnyCell, Asked, RequestLiveness, watchers::Watchers};
use crate::{
    clock,
    contain::contain,
    request::ReplyOutcome,
    stats::Caller,
    sync::{
        Mutex, Rank,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    tasks::{TaskNumber, Who},
    waiting::{WaitId, keep_current},
};

/// What a caller and its handlers share.
///
/// The phase is read without the lock and changed under it.
pub(crate) struct ReplyCell<R> {
    deadline: Option<Instant>,
    /// The channel's address.
    channel: usize,
    /// One of the constants in [`phase`].
    phase: AtomicU32,
    /// Who asks.
    caller: Caller,
    /// The tracked task to which it was handed last, with [`HELD`] if it was started for it; 0 if none is known.
    holder: AtomicU64,
    /// Whether a handler has, or had, the request.
    handled: AtomicBool,
    /// How many responders exist.
    responders: AtomicU32,
    /// After how many deliveries a group gave the request up; 0 if none did; [`LOST`] if one lost it.
    buried: AtomicU32,
    state: Mutex<State<R>>,
    /// Whoever answers is told that it is too late, and the caller waits until its deadline.
    #[cfg(feature = "chaos")]
    is_late: bool,
}

struct State<R> {
    reply: Option<R>,
    caller: Option<Waker>,
    watchers: Watchers,
}

// No user's code runs under the lock.
impl<R> RefUnwindSafe for ReplyCell<R> {}

/// A bit that no number of a task has.
const HELD: u64 = 1 << 63;

/// In place of the number of deliveries of a request that was lost.
const LOST: u32 = u32::MAX;

/// What became of a request.
mod phase {
    /// Nothing yet.
    pub(super) const OPEN: u32 = 0;
    pub(super) const ANSWERED: u32 = 1;
    pub(super) const UNANSWERED: u32 = 2;
    pub(super) const WRONG_REPLY_TYPE: u32 = 3;
    /// Its deadline has passed.
    pub(super) const EXPIRED: u32 = 4;
    /// Its channel has been shut down.
    pub(super) const CLOSED: u32 = 5;
    /// Its caller has gone.
    pub(super) const GIVEN_UP: u32 = 6;
    /// Its caller has its result. Another group may still have the request to do.
    pub(super) const TAKEN: u32 = 7;
    /// Every group that had it has given it up.
    pub(super) const DEAD: u32 = 8;
    /// The last group that could have answered has lost it.
    pub(super) const EVICTED: u32 = 9;
}

/// What became of a request, as its caller sees it.
pub(crate) enum Reply<R> {
    Answered(R),
    Unanswered,
    Evicted,
    WrongReplyType,
    /// Given up after so many deliveries.
    Dead(u32),
    Expired,
    Closed,
}

impl<R> ReplyCell<R> {
    /// A cell with one responder, and a caller that waits already.
    pub(crate) fn new(deadline: Option<Instant>, channel: usize, caller: Caller, waker: Waker) -> Self {
        let state = State { reply: None, caller: Some(waker), watchers: Watchers::new() };
        Self {
            deadline,
            channel,
            caller,
            holder: AtomicU64::new(0),
            phase: AtomicU32::new(phase::OPEN),
            handled: AtomicBool::new(false),
            responders: AtomicU32::new(1),
            buried: AtomicU32::new(0),
            state: Mutex::new(Rank::Cell, state),
            #[cfg(feature = "chaos")]
            is_late: false,
        }
    }

    /// Has the reply come too late, whenever it comes.
    #[cfg(feature = "chaos")]
    pub(crate) fn late_if(mut self, is_late: bool) -> Self {
        self.is_late = is_late;
        self
    }

    #[inline]
    fn phase(&self) -> u32 {
        self.phase.load(Ordering::Acquire)
    }

    /// Whether a handler has, or had, the request.
    pub(crate) fn is_handled(&self) -> bool {
        self.handled.load(Ordering::Acquire)
    }

    pub(crate) fn poll_reply(&self, cx: &Context<'_>) -> Poll<Reply<R>> {
        let mut state = self.state.lock();
        let reply = match self.phase() {
            phase::OPEN => {
                let old = keep_current(&mut state.caller, cx.waker());
                drop(state);
                drop(old); // user code, outside the lock
                return Poll::Pending;
            }
            phase::ANSWERED => match state.reply.take() {
                Some(reply) => Reply::Answered(reply),
                None => return Poll::Pending,
            },
            phase::UNANSWERED => Reply::Unanswered,
            phase::WRONG_REPLY_TYPE => Reply::WrongReplyType,
            phase::EVICTED => Reply::Evicted,
            phase::DEAD => Reply::Dead(self.buried.load(Ordering::Relaxed)),
            phase::EXPIRED => return Poll::Ready(Reply::Expired), // remains so, for those who have it to do
            phase::CLOSED => return Poll::Ready(Reply::Closed),
            _ => return Poll::Pending, // polled after it was ready
        };
        self.set(phase::TAKEN);
        Poll::Ready(reply)
    }

    /// Sets the phase. The lock must be held.
    fn set(&self, phase: u32) {
        self.phase.store(phase, Ordering::Release);
    }

    /// Brings an open request into another phase, and tells everybody who waits; otherwise the reply comes back.
    fn finish(&self, phase: u32, reply: Option<R>) -> Result<(), Option<R>> {
        let mut state = self.state.lock();
        if self.phase() != phase::OPEN {
            return Err(reply);
        }
        state.reply = reply;
        self.set(phase);
        let caller = state.caller.take();
        let watchers = state.watchers.take();
        drop(state);
        if let Some(caller) = caller {
            contain(|| caller.wake());
        }
        watchers.into_iter().flatten().for_each(|waker| contain(|| waker.wake()));
        Ok(())
    }

    /// The caller goes, or has seen that the deadline has passed: nobody wants the reply any more. Tells whether a handler
    /// had the request.
    pub(crate) fn give_up(&self, expired: bool) -> bool {
        let mut state = self.state.lock();
        self.set(if expired { phase::EXPIRED } else { phase::GIVEN_UP });
        let (late, caller, watchers) = (state.reply.take(), state.caller.take(), state.watchers.take());
        drop(state);
        watchers.into_iter().flatten().for_each(|waker| contain(|| waker.wake())); // user code, outside the lock
        drop((late, caller));
        self.is_handled()
    }

    /// Brings the reply to the caller; hands it back if nobody waits for it, or the deadline has passed.
    ///
    /// The first to reach the cell wins, reply or deadline. The clock is read only where tokio's may be paused: then no
    /// thread keeps the deadlines, and the caller may not have looked.
    pub(crate) fn answer(&self, reply: R) -> ReplyOutcome<R> {
        if clock::MAY_PAUSE && self.is_overdue() {
            self.drop_responder();
            return ReplyOutcome::TooLate(reply);
        }
        #[cfg(feature = "chaos")]
        if self.is_late {
            return ReplyOutcome::TooLate(reply);
        }
        match self.finish(phase::ANSWERED, Some(reply)) {
            Err(Some(reply)) => ReplyOutcome::TooLate(reply),
            _ => ReplyOutcome::Received,
        }
    }

    /// Whether nobody waits for a reply any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.phase() != phase::OPEN || self.is_overdue()
    }

    /// Ready once nobody waits for a reply any more. `watcher` names the waiting future from its first poll on.
    pub(crate) fn poll_closed(
        &self,
        watcher: &mut Option<WaitId>,
        cx: &Context<'_>,
        handler: impl FnOnce() -> Caller,
    ) -> Poll<()> {
        let mut state = self.state.lock();
        if self.phase() != phase::OPEN {
            *watcher = None;
            return Poll::Ready(());
        }
        let replaced = state.watchers.wait(watcher, cx.waker(), handler);
        drop(state);
        drop(replaced); // user code, outside the lock
        Poll::Pending
    }

    pub(crate) fn forget_watcher(&self, watcher: WaitId) {
        let gone = self.state.lock().watchers.forget(watcher);
        drop(gone);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// One responder less; the last one leaves the request unanswered, unless it is expired, as its caller will see.
    pub(crate) fn drop_responder(&self) {
        let last = self.responders.fetch_sub(1, Ordering::AcqRel) == 1;
        if last && self.phase() == phase::OPEN && !self.is_overdue() {
            let phase = match self.buried.load(Ordering::Acquire) {
                0 => phase::UNANSWERED,
                LOST => phase::EVICTED,
                _ => phase::DEAD,
            };
            let _ = self.finish(phase, None);
        }
    }

    fn is_overdue(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    fn judge(&self, now: Option<Instant>) -> RequestLiveness {
        match self.phase() {
            phase::GIVEN_UP | phase::CLOSED => RequestLiveness::Abandoned,
            phase::EXPIRED => RequestLiveness::Expired,
            _ if self.deadline.zip(now).is_some_and(|(deadline, now)| deadline <= now) => {
                RequestLiveness::Expired
            }
            _ => RequestLiveness::Live,
        }
    }
}

impl<R: Send + 'static> AnyCell for ReplyCell<R> {
    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness {
        let handover = self.judge(now);
        if handover == RequestLiveness::Live {
            if let Some(holder) = Who::tracked_here() {
                self.holder.store(holder.get(), Ordering::Relaxed);
            }
            self.handled.store(true, Ordering::Release);
        }
        handover
    }

    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        self.judge(now)
    }

    fn expire(&self) {
        let _ = self.finish(phase::EXPIRED, None);
    }

    fn close(&self) {
        let _ = self.finish(phase::CLOSED, None);
    }

    fn channel(&self) -> usize {
        self.channel
    }

    fn set_holder(&self, task: TaskNumber) {
        self.holder.store(task.get() | HELD, Ordering::Relaxed);
    }

    fn asked(&self, within: Duration) -> Option<Asked> {
        let holder = self.holder.load(Ordering::Relaxed);
        let waker = self.state.try_lock_for(within)?.caller.as_ref().map(|waker| waker.data().addr());
        (self.phase() == phase::OPEN).then(|| Asked {
            address: std::ptr::from_ref(self).addr(),
            caller: self.caller,
            waker,
            is_handled: self.is_handled(),
            holder: TaskNumber::new(holder & !HELD),
            is_held: holder & HELD != 0,
            deadline: self.deadline,
        })
    }

    fn add_responder(&self) {
        self.responders.fetch_add(1, Ordering::Relaxed);
    }

    fn drop_responder(&self) {
        self.drop_responder();
    }

    fn fail_wrong_type(&self) {
        let _ = self.finish(phase::WRONG_REPLY_TYPE, None);
    }

    fn bury(&self, attempts: u32) {
        self.buried.store(attempts, Ordering::Release);
    }

    fn evict(&self) {
        self.buried.store(LOST, Ordering::Release);
    }
}
