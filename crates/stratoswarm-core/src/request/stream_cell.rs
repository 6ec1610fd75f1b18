use std::{
    collections::VecDeque,
    panic::RefUnwindSafe,
    task::{Context, Poll, Waker},
};

use tokio::time::Instant;

use super::{AnyCell, ReplyOutcome, RequestLiveness, watchers::Watchers};
use crate::{
    clock,
    contain::contain,
    stats::Caller,
    sync::{
        Mutex, MutexGuard, Rank,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    waiting::{WaitId, keep_current},
};

/// What a caller shares with a handler that answers it with a stream.
///
/// The phase is read without the lock and changed under it.
pub(crate) struct StreamCell<R> {
    /// Until the first item.
    deadline: Option<Instant>,
    /// The channel's address.
    channel: usize,
    /// How many items may wait, at least one.
    buffer: usize,
    /// One of the constants in [`phase`].
    phase: AtomicU32,
    /// Whether a handler has, or had, the request.
    handled: AtomicBool,
    /// After how many deliveries a group gave the request up; 0 if none did; [`LOST`] if one lost it.
    buried: AtomicU32,
    /// How many responders exist.
    responders: AtomicU32,
    state: Mutex<State<R>>,
}

/// One of the streams that the handlers of several groups may make.
pub(crate) type StreamId = u64;

struct State<R> {
    items: VecDeque<R>,
    /// Whose the first item was.
    owner: Option<StreamId>,
    streams: StreamId,
    caller: Option<Waker>,
    /// The owner, if it waits for room.
    sender: Option<Waker>,
    watchers: Watchers,
}

// No user's code runs under the lock.
impl<R> RefUnwindSafe for StreamCell<R> {}

/// What became of it.
mod phase {
    /// Nothing yet.
    pub(super) const OPEN: u32 = 0;
    /// The first item has come.
    pub(super) const FLOWING: u32 = 1;
    pub(super) const ENDED: u32 = 2;
    /// Its handler panicked, or let it go unanswered.
    pub(super) const UNANSWERED: u32 = 3;
    pub(super) const WRONG_REPLY_TYPE: u32 = 4;
    /// Its deadline has passed.
    pub(super) const EXPIRED: u32 = 5;
    /// Its channel has been shut down.
    pub(super) const CLOSED: u32 = 6;
    /// Its caller has gone.
    pub(super) const GIVEN_UP: u32 = 7;
    /// The last group that could have answered has lost it.
    pub(super) const EVICTED: u32 = 8;
    /// Every group that had it has given it up.
    pub(super) const DEAD: u32 = 9;
}

/// In place of the number of deliveries of a request that was lost.
const LOST: u32 = u32::MAX;

/// What comes next to the caller.
pub(crate) enum Row<R> {
    Item(R),
    End,
    Unanswered,
    Evicted,
    /// Given up after so many deliveries.
    Dead(u32),
    WrongReplyType,
    Expired,
    Closed,
}

impl<R> StreamCell<R> {
    /// A cell with one responder, and a caller that waits already.
    pub(crate) fn new(deadline: Option<Instant>, channel: usize, buffer: usize, caller: Waker) -> Self {
        let state = State {
            items: VecDeque::new(),
            owner: None,
            streams: 0,
            caller: Some(caller),
            sender: None,
            watchers: Watchers::new(),
        };
        Self {
            deadline,
            channel,
            buffer: buffer.max(1),
            phase: AtomicU32::new(phase::OPEN),
            handled: AtomicBool::new(false),
            buried: AtomicU32::new(0),
            responders: AtomicU32::new(1),
            state: Mutex::new(Rank::Cell, state),
        }
    }

    // ---- the caller's side

    /// Whether a handler has, or had, the request.
    pub(crate) fn is_handled(&self) -> bool {
        self.handled.load(Ordering::Acquire)
    }

    pub(crate) fn poll_row(&self, cx: &Context<'_>) -> Poll<Row<R>> {
        let mut state = self.state.lock();
        if let Some(item) = state.items.pop_front() {
            let sender = state.sender.take();
            drop(state);
            if let Some(sender) = sender {
                contain(|| sender.wake());
            }
            return Poll::Ready(Row::Item(item));
        }
        let row = match self.phase() {
            phase::ENDED => Row::End,
            phase::UNANSWERED => Row::Unanswered,
            phase::EVICTED => Row::Evicted,
            phase::DEAD => Row::Dead(self.buried.load(Ordering::Relaxed)),
            phase::WRONG_REPLY_TYPE => Row::WrongReplyType,
            phase::EXPIRED => Row::Expired,
            phase::CLOSED => Row::Closed,
            _ => {
                let old = keep_current(&mut state.caller, cx.waker());
                drop(state);
                drop(old); // user code, outside the lock
                return Poll::Pending;
            }
        };
        Poll::Ready(row)
    }

    /// The caller goes: nobody wants the items any more.
    pub(crate) fn give_up(&self) {
        let mut state = self.state.lock();
        self.set(phase::GIVEN_UP);
        let late = std::mem::take(&mut state.items);
        let (caller, sender, watchers) = (state.caller.take(), state.sender.take(), state.watchers.take());
        drop(state);
        let wakers = sender.into_iter().chain(watchers.into_iter().flatten());
        wakers.for_each(|waker| contain(|| waker.wake())); // user code, outside the lock
        for item in late {
            contain(|| drop(item));
        }
        contain(|| drop(caller));
    }

    // ---- the handlers' side

    /// One more stream of a responder's.
    pub(crate) fn new_stream(&self) -> StreamId {
        let mut state = self.state.lock();
        state.streams += 1;
        state.streams
    }

    /// Brings an item to the caller once there is room, and takes it from `item`; otherwise it is not wanted. Of several
    /// streams the first to have an item is the one that the caller gets. Without a context it does not wait.
    pub(crate) fn poll_send(
        &self,
        stream: StreamId,
        item: &mut Option<R>,
        cx: Option<&Context<'_>>,
    ) -> Poll<()> {
        let late = clock::MAY_PAUSE && self.is_overdue(); // as with a reply
        let mut state = self.state.lock();
        let mut others = None;
        match self.phase() {
            phase::OPEN if !late => {
                self.set(phase::FLOWING);
                state.owner = Some(stream);
                others = state.watchers.take();
            }
            phase::FLOWING if state.owner == Some(stream) => {}
            _ => return Poll::Ready(()),
        }
        if state.items.len() >= self.buffer {
            let old = cx.and_then(|cx| keep_current(&mut state.sender, cx.waker()));
            drop(state);
            drop(old); // user code, outside the lock
            return Poll::Pending;
        }
        state.items.extend(item.take());
        let (caller, sender) = (state.caller.take(), state.sender.take());
        drop(state);
        let wakers = caller.into_iter().chain(others.into_iter().flatten());
        wakers.for_each(|waker| contain(|| waker.wake()));
        drop(sender); // user code, outside the lock
        Poll::Ready(())
    }

    /// A stream is dropped: if it is the caller's, or the first to end, that is the caller's end. `broken`: its handler
    /// panics.
    pub(crate) fn end_stream(&self, stream: StreamId, broken: bool) {
        let state = self.state.lock();
        match self.phase() {
            phase::FLOWING if state.owner == Some(stream) => {
                self.finish(state, if broken { phase::UNANSWERED } else { phase::ENDED });
            }
            phase::OPEN if !broken => {
                drop(state);
                if !self.is_overdue() {
                    self.end(phase::ENDED, false);
                }
            }
            _ => {}
        }
    }

    /// A reply in place of a stream: the only item. It comes back if nobody waits for it.
    pub(crate) fn answer(&self, reply: R) -> ReplyOutcome<R> {
        let (stream, mut item) = (self.new_stream(), Some(reply));
        let _ = self.poll_send(stream, &mut item, None); // the first item finds room
        self.end_stream(stream, false);
        item.map_or(ReplyOutcome::Received, ReplyOutcome::TooLate)
    }

    /// Whether nobody waits for items of this stream any more, or for the first of one that is not made yet.
    pub(crate) fn is_closed(&self, stream: Option<StreamId>) -> bool {
        match self.phase() {
            phase::OPEN => self.is_overdue(),
            phase::FLOWING => stream.is_none() || self.state.lock().owner != stream,
            _ => true,
        }
    }

    /// Ready once that is so, but for the deadline.
    pub(crate) fn poll_closed(
        &self,
        stream: Option<StreamId>,
        watcher: &mut Option<WaitId>,
        cx: &Context<'_>,
        handler: impl FnOnce() -> Caller,
    ) -> Poll<()> {
        let mut state = self.state.lock();
        let waits = match self.phase() {
            phase::OPEN => true,
            phase::FLOWING => stream.is_some() && state.owner == stream,
            _ => false,
        };
        if !waits {
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

    /// The deadline, if the first item has not come yet.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| self.phase() == phase::OPEN)
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
            self.end(phase, false);
        }
    }

    /// Ends it if it is open, or flows and is to end then, too; and tells everybody who waits.
    fn end(&self, phase: u32, in_flow: bool) {
        let state = self.state.lock();
        let now = self.phase();
        if now == phase::OPEN || in_flow && now == phase::FLOWING {
            self.finish(state, phase);
        }
    }

    fn finish(&self, mut state: MutexGuard<'_, State<R>>, phase: u32) {
        self.set(phase);
        let (caller, sender, watchers) = (state.caller.take(), state.sender.take(), state.watchers.take());
        drop(state);
        let wakers = caller.into_iter().chain(sender).chain(watchers.into_iter().flatten());
        wakers.for_each(|waker| contain(|| waker.wake()));
    }

    #[inline]
    fn phase(&self) -> u32 {
        self.phase.load(Ordering::Acquire)
    }

    /// Sets the phase. The lock must be held.
    fn set(&self, phase: u32) {
        self.phase.store(phase, Ordering::Release);
    }

    fn is_overdue(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl<R: Send + 'static> AnyCell for StreamCell<R> {
    fn deadline(&self) -> Option<Instant> {
        self.deadline()
    }

    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness {
        let handover = self.state(now);
        if handover == RequestLiveness::Live {
            self.handled.store(true, Ordering::Release);
        }
        handover
    }

    /// Where one group answers, the others still have it to do.
    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        match self.phase() {
            phase::GIVEN_UP | phase::CLOSED => RequestLiveness::Abandoned,
            phase::EXPIRED => RequestLiveness::Expired,
            phase::OPEN if self.deadline.zip(now).is_some_and(|(deadline, now)| deadline <= now) => {
                RequestLiveness::Expired
            }
            _ => RequestLiveness::Live,
        }
    }

    fn expire(&self) {
        self.end(phase::EXPIRED, false);
    }

    fn close(&self) {
        self.end(phase::CLOSED, true);
    }

    fn channel(&self) -> usize {
        self.channel
    }

    fn add_responder(&self) {
        self.responders.fetch_add(1, Ordering::Relaxed);
    }

    fn drop_responder(&self) {
        self.drop_responder();
    }

    fn fail_wrong_type(&self) {
        self.end(phase::WRONG_REPLY_TYPE, false);
    }

    fn bury(&self, attempts: u32) {
        self.buried.store(attempts, Ordering::Release);
    }

    fn evict(&self) {
        self.buried.store(LOST, Ordering::Release);
    }
}
