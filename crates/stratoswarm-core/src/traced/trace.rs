use std::{
    collections::VecDeque,
    panic::{Location, RefUnwindSafe, UnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{Origin, Outcome, OutcomeKind, mark::Mark};
use crate::{
    error::Lagged,
    request::AnyResponder,
    stats::SenderInfo,
    sync::{Mutex, Rank},
};

/// What a traced channel keeps: who its senders are, and what became of its messages, for those who read that.
///
/// Its lock is the last of all: it is taken under any other, and nothing but this runs under it.
pub(crate) struct Trace {
    /// The count of the fabric.
    turns: Turns,
    /// What lies beside each message that nothing else lies beside, so that none goes a way on which nobody looks.
    mark: Arc<Mark>,
    /// Somebody reads outcomes.
    read: AtomicBool,
    state: Mutex<State>,
}

// No user's code runs under its lock.
impl UnwindSafe for Trace {}
impl RefUnwindSafe for Trace {}

/// Counts the admissions and hand-overs of all traced channels of a fabric.
pub(crate) type Turns = Arc<AtomicU64>;

struct State {
    senders: Vec<SenderInfo>,
    tapes: Vec<Tape>,
    /// How many there ever were.
    made: u64,
}

/// What one reader of outcomes has yet to get.
struct Tape {
    number: u64,
    depth: usize,
    outcomes: VecDeque<Outcome>,
    /// So many before the first went.
    missed: u64,
}

impl Trace {
    pub(crate) fn new(turns: Turns) -> Arc<Self> {
        let state = State { senders: Vec::new(), tapes: Vec::new(), made: 0 };
        Arc::new(Self {
            turns,
            mark: Arc::new(Mark),
            read: AtomicBool::new(false),
            state: Mutex::new(Rank::Trace, state),
        })
    }

    fn turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    /// Where a message comes from that is admitted now, under the log's lock.
    pub(crate) fn origin(&self, sender: u32) -> Origin {
        Origin { sender, turn: self.turn() }
    }

    pub(crate) fn mark(&self) -> AnyResponder {
        AnyResponder::first(Arc::clone(&self.mark) as _)
    }

    /// The number of a sender: one for each name, or for each place where handles without a name are made.
    pub(crate) fn sender(&self, name: Option<&str>, location: &'static Location<'static>) -> u32 {
        let mut state = self.state.lock();
        let same = |sender: &SenderInfo| match name {
            Some(_) => sender.name.as_deref() == name,
            None => sender.name.is_none() && sender.location == location,
        };
        if let Some(known) = state.senders.iter().find(|sender| same(sender)) {
            return known.id;
        }
        let id = u32::try_from(state.senders.len()).unwrap_or(u32::MAX);
        state.senders.push(SenderInfo { id, name: name.map(str::to_owned), location });
        id
    }

    pub(crate) fn senders(&self) -> Vec<SenderInfo> {
        self.state.lock().senders.clone()
    }

    // ---- outcomes

    /// Whether somebody reads them.
    pub(crate) fn is_read(&self) -> bool {
        self.read.load(Ordering::Acquire)
    }

    /// Notes what became of a message, if somebody reads that.
    pub(crate) fn tell(
        &self,
        seq: u64,
        group: Option<&Arc<str>>,
        member: Option<u64>,
        attempt: u32,
        how: OutcomeKind,
        reply: Option<Vec<u8>>,
    ) {
        if !self.is_read() {
            return;
        }
        let group = group.cloned();
        let mut state = self.state.lock();
        let turn = self.turn(); // under the lock, so that they are read in its order
        let outcome = Outcome { seq, group, member, turn, attempt, how, reply };
        let Some((last, others)) = state.tapes.split_last_mut() else { return };
        for tape in others {
            tape.put(outcome.clone());
        }
        last.put(outcome);
    }

    pub(super) fn open(&self, depth: usize) -> u64 {
        let mut state = self.state.lock();
        state.made += 1;
        let number = state.made;
        state.tapes.push(Tape { number, depth: depth.max(1), outcomes: VecDeque::new(), missed: 0 });
        self.read.store(true, Ordering::Release);
        number
    }

    pub(super) fn close(&self, number: u64) {
        let mut state = self.state.lock();
        let gone = state.tapes.iter().position(|tape| tape.number == number);
        let gone = gone.map(|at| state.tapes.remove(at));
        self.read.store(!state.tapes.is_empty(), Ordering::Release);
        drop(state);
        drop(gone);
    }

    pub(super) fn take(&self, number: u64, into: &mut Vec<Result<Outcome, Lagged>>, most: usize) -> usize {
        let before = into.len();
        let mut state = self.state.lock();
        let Some(tape) = state.tapes.iter_mut().find(|tape| tape.number == number) else { return 0 };
        if tape.missed > 0 && most > 0 {
            into.push(Err(Lagged { missed: std::mem::take(&mut tape.missed) }));
        }
        let left = most.saturating_sub(into.len() - before).min(tape.outcomes.len());
        into.extend(tape.outcomes.drain(..left).map(Ok));
        into.len() - before
    }
}

impl Tape {
    fn put(&mut self, outcome: Outcome) {
        if self.outcomes.len() == self.depth {
            self.outcomes.pop_front();
            self.missed += 1;
        }
        self.outcomes.push_back(outcome);
    }
}
