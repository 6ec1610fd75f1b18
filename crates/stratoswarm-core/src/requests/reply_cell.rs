use std::{
    mem,
    task::{Context, Poll, Waker},
};

use tokio::time::Instant;

use super::{AnyCell, Handover};
use crate::{
    channels::Sent,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// What a caller and its handlers share.
pub(crate) struct ReplyCell<R> {
    deadline: Option<Instant>,
    released: AtomicBool,
    state: Mutex<State<R>>,
}

struct State<R> {
    phase: Phase<R>,
    handling: bool,
    responders: usize,
    caller: Option<Waker>,
    /// Handlers that wait for the caller to give up, by a number of their own.
    watchers: Vec<(u64, Waker)>,
    last_watcher: u64,
}

enum Phase<R> {
    Open,
    Answered(R),
    Unanswered,
    WrongReplyType,
    /// The caller has its result. Another group may still have the request to do.
    Taken,
    /// The caller has gone, or its deadline has passed.
    GivenUp,
}

/// What became of a request, as its caller sees it.
pub(crate) enum Reply<R> {
    Answered(R),
    Unanswered,
    WrongReplyType,
}

impl<R> ReplyCell<R> {
    /// A cell with one responder, and a caller that waits already.
    pub(crate) fn new(deadline: Option<Instant>, caller: Waker) -> Self {
        let state = State {
            phase: Phase::Open,
            handling: false,
            responders: 1,
            caller: Some(caller),
            watchers: Vec::new(),
            last_watcher: 0,
        };
        Self { deadline, released: AtomicBool::new(false), state: Mutex::new(state) }
    }

    pub(crate) fn poll_reply(&self, cx: &Context<'_>) -> Poll<Reply<R>> {
        let mut state = self.state.lock();
        let reply = match mem::replace(&mut state.phase, Phase::Taken) {
            Phase::Answered(reply) => Reply::Answered(reply),
            Phase::Unanswered => Reply::Unanswered,
            Phase::WrongReplyType => Reply::WrongReplyType,
            open => {
                state.phase = open;
                let old = match &state.caller {
                    Some(waker) if waker.will_wake(cx.waker()) => None,
                    _ => state.caller.replace(cx.waker().clone()),
                };
                drop(state);
                drop(old); // user code, outside the lock
                return Poll::Pending;
            }
        };
        Poll::Ready(reply)
    }

    /// The caller goes: nobody wants the reply any more. Tells whether a handler had the request.
    pub(crate) fn give_up(&self) -> bool {
        let mut state = self.state.lock();
        let late = mem::replace(&mut state.phase, Phase::GivenUp);
        let (caller, watchers) = (state.caller.take(), mem::take(&mut state.watchers));
        let handling = state.handling;
        drop(state);
        drop((late, caller)); // user code, outside the lock
        for (_, waker) in watchers {
            waker.wake();
        }
        handling
    }

    /// Brings the reply to the caller; hands it back if nobody waits for it, or the deadline has passed.
    pub(crate) fn answer(&self, reply: R) -> Sent<R> {
        if self.overdue() {
            self.drop_responder();
            return Sent::TooLate(reply);
        }
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Open) {
            return Sent::TooLate(reply);
        }
        state.phase = Phase::Answered(reply);
        let caller = state.caller.take();
        let watchers = mem::take(&mut state.watchers);
        drop(state);
        if let Some(waker) = caller {
            waker.wake();
        }
        for (_, waker) in watchers {
            waker.wake();
        }
        Sent::Received
    }

    /// Whether nobody waits for a reply any more.
    pub(crate) fn is_closed(&self) -> bool {
        !matches!(self.state.lock().phase, Phase::Open) || self.overdue()
    }

    /// Ready once nobody waits for a reply any more. `watcher` names the waiting future from its first poll on.
    pub(crate) fn poll_closed(&self, watcher: &mut Option<u64>, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if !matches!(state.phase, Phase::Open) {
            *watcher = None;
            return Poll::Ready(());
        }
        let known = watcher.and_then(|id| state.watchers.iter_mut().find(|(other, _)| *other == id));
        let old = if let Some((_, waker)) = known {
            Some(mem::replace(waker, cx.waker().clone()))
        } else {
            state.last_watcher += 1;
            let id = state.last_watcher;
            state.watchers.push((id, cx.waker().clone()));
            *watcher = Some(id);
            None
        };
        drop(state);
        drop(old); // user code, outside the lock
        Poll::Pending
    }

    pub(crate) fn forget_watcher(&self, watcher: u64) {
        let mut state = self.state.lock();
        let at = state.watchers.iter().position(|(id, _)| *id == watcher);
        let gone = at.map(|at| state.watchers.swap_remove(at));
        drop(state);
        drop(gone);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// One responder less; the last one leaves the request unanswered, unless it is expired, as its caller will see.
    pub(crate) fn drop_responder(&self) {
        let last = |state: &mut State<R>| {
            state.responders -= 1;
            state.responders == 0 && matches!(state.phase, Phase::Open) && !self.overdue()
        };
        self.finish(last, Phase::Unanswered);
    }

    fn finish(&self, last: impl FnOnce(&mut State<R>) -> bool, phase: Phase<R>) {
        let mut state = self.state.lock();
        if !last(&mut state) || !matches!(state.phase, Phase::Open) {
            return;
        }
        state.phase = phase;
        let caller = state.caller.take();
        let watchers = mem::take(&mut state.watchers);
        drop(state);
        if let Some(waker) = caller {
            waker.wake();
        }
        for (_, waker) in watchers {
            waker.wake();
        }
    }

    fn overdue(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl<R: Send + 'static> AnyCell for ReplyCell<R> {
    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn begin_handling(&self) -> Handover {
        let overdue = self.overdue();
        let mut state = self.state.lock();
        match state.phase {
            Phase::GivenUp => Handover::Abandoned,
            _ if overdue => Handover::Expired,
            _ => {
                state.handling = true;
                Handover::Live
            }
        }
    }

    fn state(&self) -> Handover {
        if self.overdue() {
            return Handover::Expired;
        }
        match self.state.lock().phase {
            Phase::GivenUp => Handover::Abandoned,
            _ => Handover::Live,
        }
    }

    fn set_released(&self) {
        self.released.store(true, Ordering::Relaxed);
    }

    fn is_released(&self) -> bool {
        self.released.load(Ordering::Relaxed)
    }

    fn add_responder(&self) {
        self.state.lock().responders += 1;
    }

    fn drop_responder(&self) {
        self.drop_responder();
    }

    fn fail_wrong_type(&self) {
        self.finish(|_| true, Phase::WrongReplyType);
    }
}
