use std::{
    panic::RefUnwindSafe,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use tokio::time::Instant;

use super::{AnyCell, GatherPart, Gathered, ReplyOutcome, RequestLiveness, watchers::Watchers};
use crate::{
    clock,
    contain::contain,
    stats::Caller,
    sync::{
        Mutex, MutexGuard, Rank,
        atomic::{AtomicU32, Ordering},
    },
    waiting::{WaitId, keep_current},
};

/// What a caller and the handlers of all groups share.
///
/// The phase is read without the lock and changed under it.
pub(crate) struct GatherCell<R> {
    deadline: Option<Instant>,
    /// The channel's address.
    channel: usize,
    rule: GatherRule,
    /// One of the constants in [`phase`].
    phase: AtomicU32,
    state: Mutex<State<R>>,
}

/// When enough has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GatherRule {
    /// So many replies; none: one of each group.
    pub(crate) wanted: Option<usize>,
    /// Fewer are a failure, at once when they cannot come any more.
    pub(crate) strict: bool,
}

struct State<R> {
    /// The groups that were asked, once it was accepted.
    asked: Vec<Asked>,
    replies: Vec<(usize, R)>,
    /// How many groups may still answer.
    open: usize,
    caller: Option<Waker>,
    watchers: Watchers,
}

struct Asked {
    group: u64,
    name: String,
    /// Its part was given out.
    taken: bool,
    /// It has answered, or will not.
    decided: bool,
}

// No user's code runs under the lock.
impl<R> RefUnwindSafe for GatherCell<R> {}

/// What became of it.
mod phase {
    /// Too little yet.
    pub(super) const OPEN: u32 = 0;
    /// Enough has come, or as much as can come.
    pub(super) const OVER: u32 = 1;
    pub(super) const WRONG_REPLY_TYPE: u32 = 2;
    /// Its deadline has passed.
    pub(super) const EXPIRED: u32 = 3;
    /// Its channel has been shut down.
    pub(super) const CLOSED: u32 = 4;
    /// Its caller has gone.
    pub(super) const GIVEN_UP: u32 = 5;
}

/// What became of it, as its caller sees it.
pub(crate) enum GatherEnd<R> {
    /// Enough has come, or as much as can come.
    Over(Gathered<R>),
    /// The deadline passed before.
    Expired(Gathered<R>),
    WrongReplyType,
    Closed,
}

impl<R> GatherCell<R> {
    /// A cell whose caller waits already.
    pub(crate) fn new(deadline: Option<Instant>, channel: usize, rule: GatherRule, caller: Waker) -> Self {
        let state = State {
            asked: Vec::new(),
            replies: Vec::new(),
            open: 0,
            caller: Some(caller),
            watchers: Watchers::new(),
        };
        Self {
            deadline,
            channel,
            rule,
            phase: AtomicU32::new(phase::OPEN),
            state: Mutex::new(Rank::Cell, state),
        }
    }

    /// It is accepted, and these groups are asked. Its caller looks after that.
    pub(crate) fn ask(&self, groups: Vec<(u64, String)>) {
        let mut state = self.state.lock();
        state.open = groups.len();
        let asked = |(group, name)| Asked { group, name, taken: false, decided: false };
        state.asked = groups.into_iter().map(asked).collect();
        if self.phase() == phase::OPEN && self.is_over(&state) {
            self.set(phase::OVER);
        }
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<GatherEnd<R>> {
        let mut state = self.state.lock();
        let end = match self.phase() {
            phase::OVER => GatherEnd::Over(state.gathered()),
            phase::EXPIRED => GatherEnd::Expired(state.gathered()),
            phase::WRONG_REPLY_TYPE => GatherEnd::WrongReplyType,
            phase::CLOSED => GatherEnd::Closed,
            _ => {
                let old = keep_current(&mut state.caller, cx.waker());
                drop(state);
                drop(old); // user code, outside the lock
                return Poll::Pending;
            }
        };
        Poll::Ready(end)
    }

    /// The caller goes: nobody wants the replies any more.
    pub(crate) fn give_up(&self) {
        let mut state = self.state.lock();
        self.set(phase::GIVEN_UP);
        let (late, caller) = (std::mem::take(&mut state.replies), state.caller.take());
        let watchers = state.watchers.take();
        drop(state);
        watchers.into_iter().flatten().for_each(|waker| contain(|| waker.wake())); // user code, outside the lock
        for reply in late {
            contain(|| drop(reply));
        }
        contain(|| drop(caller));
    }

    /// Brings the reply of the group at this place to the caller; hands it back if it is not its first, or not wanted any
    /// more. What is written at [`ReplyCell::answer`](super::ReplyCell::answer) of deadlines holds here, too.
    pub(super) fn answer(&self, place: usize, reply: R) -> ReplyOutcome<R> {
        if clock::MAY_PAUSE && self.is_overdue() {
            self.miss(place);
            return ReplyOutcome::TooLate(reply);
        }
        match self.decide(place, Some(reply)) {
            Err(Some(reply)) => ReplyOutcome::TooLate(reply),
            _ => ReplyOutcome::Received,
        }
    }

    /// The group at this place will not answer any more.
    pub(super) fn miss(&self, place: usize) {
        if !self.is_overdue() {
            let _ = self.decide(place, None);
        }
    }

    /// A group has answered, or will not; the reply comes back if it is not wanted.
    fn decide(&self, place: usize, reply: Option<R>) -> Result<(), Option<R>> {
        let mut state = self.state.lock();
        let open = self.phase() == phase::OPEN;
        let Some(asked) = state.asked.get_mut(place).filter(|asked| open && !asked.decided) else {
            return Err(reply);
        };
        asked.decided = true;
        state.open -= 1;
        state.replies.extend(reply.map(|reply| (place, reply)));
        if self.is_over(&state) {
            self.finish(state, phase::OVER);
        }
        Ok(())
    }

    fn is_over(&self, state: &State<R>) -> bool {
        let got = state.replies.len();
        let GatherRule { wanted, strict } = self.rule;
        state.open == 0 || wanted.is_some_and(|wanted| got >= wanted || strict && got + state.open < wanted)
    }

    /// Ends it if it is open, and tells everybody who waits.
    fn end(&self, phase: u32) {
        let state = self.state.lock();
        if self.phase() == phase::OPEN {
            self.finish(state, phase);
        }
    }

    fn finish(&self, mut state: MutexGuard<'_, State<R>>, phase: u32) {
        self.set(phase);
        let (caller, watchers) = (state.caller.take(), state.watchers.take());
        drop(state);
        let wakers = caller.into_iter().chain(watchers.into_iter().flatten());
        wakers.for_each(|waker| contain(|| waker.wake()));
    }

    /// Whether nobody waits for a reply any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.phase() != phase::OPEN || self.is_overdue()
    }

    /// Ready once nobody waits for a reply any more.
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

    /// Whether some group has it, or had.
    pub(crate) fn is_handled(&self) -> bool {
        self.state.lock().asked.iter().any(|asked| asked.taken)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
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

impl<R> State<R> {
    /// What has come, and who is missing.
    fn gathered(&mut self) -> Gathered<R> {
        let name = |asked: &mut Asked| Some(std::mem::take(&mut asked.name)); // the rest is for those who have it to do
        let mut names: Vec<_> = self.asked.iter_mut().map(name).collect();
        let replies = std::mem::take(&mut self.replies).into_iter();
        let named = |(place, reply): (usize, R)| Some((names.get_mut(place)?.take()?, reply));
        let replies = replies.filter_map(named).collect();
        Gathered::new(replies, names.into_iter().flatten().collect())
    }
}

impl<R: Send + 'static> AnyCell for GatherCell<R> {
    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness {
        self.state(now)
    }

    /// Where enough has come, the other groups still have it to do.
    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        match self.phase() {
            phase::GIVEN_UP | phase::CLOSED => RequestLiveness::Abandoned,
            phase::EXPIRED => RequestLiveness::Expired,
            _ if self.deadline.zip(now).is_some_and(|(deadline, now)| deadline <= now) => {
                RequestLiveness::Expired
            }
            _ => RequestLiveness::Live,
        }
    }

    fn expire(&self) {
        self.end(phase::EXPIRED);
    }

    fn close(&self) {
        self.end(phase::CLOSED);
    }

    fn channel(&self) -> usize {
        self.channel
    }

    fn has_parts(&self) -> bool {
        true
    }

    fn part_of(self: Arc<Self>, group: u64) -> Option<Arc<dyn AnyCell>> {
        let mut state = self.state.lock();
        let place = state.asked.iter().position(|asked| asked.group == group && !asked.taken)?;
        state.asked[place].taken = true;
        drop(state);
        Some(Arc::new(GatherPart::new(self, place)))
    }

    /// Its shares in the log are not counted: who takes the last one of a group says so by the group's part.
    fn add_responder(&self) {}

    fn drop_responder(&self) {}

    fn fail_wrong_type(&self) {
        self.end(phase::WRONG_REPLY_TYPE);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_second_reply_of_a_group_is_too_late() {
        let rule = GatherRule { wanted: None, strict: false };
        let cell = Arc::new(GatherCell::<u32>::new(None, 0, rule, Waker::noop().clone()));
        cell.ask(vec![(4, "a".to_owned()), (9, "b".to_owned())]);
        assert_eq!(cell.answer(0, 1), ReplyOutcome::Received);
        assert_eq!(cell.answer(0, 2), ReplyOutcome::TooLate(2));
        cell.miss(0);
        assert!(cell.poll(&Context::from_waker(Waker::noop())).is_pending(), "the other may still answer");
        assert_eq!(cell.answer(1, 3), ReplyOutcome::Received);
        let Poll::Ready(GatherEnd::Over(gathered)) = cell.poll(&Context::from_waker(Waker::noop())) else {
            panic!("all have answered");
        };
        assert_eq!(gathered.replies, [("a".to_owned(), 1), ("b".to_owned(), 3)]);
    }

    #[test]
    fn a_groups_part_is_given_out_once_and_only_to_it() {
        let rule = GatherRule { wanted: None, strict: false };
        let cell = Arc::new(GatherCell::<u32>::new(None, 0, rule, Waker::noop().clone()));
        cell.ask(vec![(4, "a".to_owned())]);
        assert!(Arc::clone(&cell).part_of(3).is_none());
        assert!(Arc::clone(&cell).part_of(4).is_some());
        assert!(Arc::clone(&cell).part_of(4).is_none());
    }
}
