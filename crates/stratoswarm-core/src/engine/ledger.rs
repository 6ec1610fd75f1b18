//! What a group that acknowledges has handed out and not settled, or has yet to hand out again.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    AckPolicy, Effects, InFlight, InFlightGuard, Queue, Taken,
    fallout::{Bury, Dead, Fallout},
    queue::cloned,
    slots::{Slot, Slots},
};
use crate::{
    message::DeadReason,
    request::{AnyResponder, RequestLiveness, SettleCell, Settled, Verdict},
    stats::Skipped,
    waiting::WaitId,
};

/// Of a group that acknowledges: every message from its first hand-over until it is settled or given up. One entry each, in
/// one state; all else here are indices of them.
pub(crate) struct Ledger<M> {
    pub(super) policy: AckPolicy,
    group: Arc<str>,
    pub(super) dead_letters: Option<Arc<dyn Bury<M>>>,
    entries: Slots<Entry<M>>,
    /// To be handed out before what is in the queue, by their numbers.
    ready: BTreeMap<u64, Slot>,
    /// When delays and leases end.
    due: BTreeSet<(Instant, Slot)>,
    leases: u64,
    in_flight: usize,
    delayed: usize,
    /// Requests among the entries.
    requests: usize,
    /// How many of the entries gave up their places.
    released: usize,
    /// Senders that wait until their message of this number is settled, by ascending numbers.
    owed: VecDeque<(u64, Arc<SettleCell>)>,
    /// The number after the last that came from the queue.
    next_number: u64,
    /// How many were handed back, as nobody came for them; they count as left.
    handed_back: usize,
    /// The channel is closed: nothing is delayed any more.
    closed: bool,
    /// Senders wait for places here.
    pub(super) serve: bool,
    /// A member may be parked, though something is here or may come to be.
    pub(super) starved: bool,
    /// The parked member whose timer is for the earliest of `due`, and for when it is.
    watch: Option<(WaitId, Instant)>,
    counts: LedgerCounts,
}

/// What a ledger has counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LedgerCounts {
    /// Messages that left: settled, given up or skipped.
    pub(super) passed: u64,
    pub(super) dead: u64,
    pub(super) redelivered: u64,
    pub(super) skipped: Skipped,
}

pub(super) struct Entry<M> {
    message: M,
    request: AnyResponder,
    number: u64,
    /// How often it was handed out.
    attempts: u32,
    state: State,
    released: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Delayed { until: Instant },
    InFlight { lease: u64, lapses: Option<Instant> },
}

/// A delivery, and what it is known by when it is settled.
pub(crate) struct Given<M> {
    pub(crate) message: M,
    /// A further responder of the request.
    pub(crate) request: AnyResponder,
    pub(crate) number: u64,
    pub(crate) guard: InFlightGuard,
    pub(crate) slot: Slot,
    pub(crate) lease: u64,
    pub(crate) attempt: u32,
}

impl<M> Ledger<M> {
    pub(super) fn new(policy: AckPolicy, group: &str, dead_letters: Option<Arc<dyn Bury<M>>>) -> Self {
        Self {
            policy,
            group: group.into(),
            dead_letters,
            entries: Slots::new(),
            ready: BTreeMap::new(),
            due: BTreeSet::new(),
            leases: 0,
            in_flight: 0,
            delayed: 0,
            requests: 0,
            released: 0,
            owed: VecDeque::new(),
            next_number: 0,
            handed_back: 0,
            closed: false,
            serve: false,
            starved: false,
            watch: None,
            counts: LedgerCounts::default(),
        }
    }

    /// How many messages are here.
    pub(super) fn len(&self) -> usize {
        self.entries.len() + self.handed_back
    }

    /// How many places they take.
    pub(super) fn places(&self) -> usize {
        self.entries.len() - self.released
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn delayed(&self) -> usize {
        self.delayed
    }

    pub(super) fn counts(&self) -> LedgerCounts {
        self.counts
    }

    /// Whether the time matters to whoever looks.
    pub(super) fn needs_time(&self) -> bool {
        self.policy.ack_wait.is_some() || !self.due.is_empty() || self.requests > 0
    }

    fn is_full(&self) -> bool {
        self.in_flight >= self.policy.max_in_flight
    }

    /// Whether a member may find something.
    pub(super) fn is_takable(&self, queue: &Queue<M>) -> bool {
        !self.is_full() && (!self.ready.is_empty() || !queue.is_empty())
    }

    /// Whether a member may find something once more has come in.
    pub(super) fn has_room(&self) -> bool {
        !self.is_full()
    }

    // ---- time

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A member parks: until when, if it is the one to watch for what is due.
    pub(super) fn watch(&mut self, member: WaitId) -> Option<Instant> {
        let due = self.next_due()?;
        if self.watch.is_some_and(|(_, until)| until <= due) {
            return None;
        }
        self.watch = Some((member, due));
        Some(due)
    }

    /// A member does not park any more; whether it was the one to watch.
    pub(super) fn unwatch(&mut self, member: WaitId) -> bool {
        let watches = self.watch.is_some_and(|(watching, _)| watching == member);
        if watches {
            self.watch = None;
        }
        watches
    }

    /// Whether nobody watches for what is due next.
    pub(super) fn is_unwatched(&self) -> bool {
        self.next_due().is_some_and(|due| self.watch.is_none_or(|(_, until)| until > due))
    }

    /// Sees to what is due by now.
    fn sweep(&mut self, now: Option<Instant>, fallout: &mut Fallout<M>) {
        let Some(now) = now else { return };
        while let Some((at, slot)) = self.due.first().copied()
            && at <= now
        {
            let Some(entry) = self.entries.get(slot) else { return };
            match entry.state {
                State::InFlight { .. } => self.give_back(slot, Duration::ZERO, None, fallout),
                State::Ready | State::Delayed { .. } => self.make_ready(slot),
            }
        }
    }

    /// The channel is closed: delays are over.
    pub(super) fn close(&mut self) {
        self.closed = true;
        let due: Vec<_> = self.due.iter().map(|(_, slot)| *slot).collect();
        for slot in due {
            if self.entries.get(slot).is_some_and(|entry| matches!(entry.state, State::Delayed { .. })) {
                self.make_ready(slot);
            }
        }
    }

    // ---- states

    /// Leaves the state in which it is.
    fn leave_state(&mut self, slot: Slot) {
        let Some(entry) = self.entries.get_mut(slot) else { return };
        let number = entry.number;
        match entry.state {
            State::Ready => drop(self.ready.remove(&number)),
            State::Delayed { until } => {
                self.due.remove(&(until, slot));
                self.delayed -= 1;
            }
            State::InFlight { lapses, .. } => {
                if let Some(at) = lapses {
                    self.due.remove(&(at, slot));
                }
                self.in_flight -= 1;
            }
        }
    }

    fn make_ready(&mut self, slot: Slot) {
        self.leave_state(slot);
        let Some(entry) = self.entries.get_mut(slot) else { return };
        entry.state = State::Ready;
        self.ready.insert(entry.number, slot);
    }

    /// Takes an entry out, whatever its state. `dead`: why, if it was given up.
    fn remove(
        &mut self,
        slot: Slot,
        dead: Option<&DeadReason>,
        fallout: &mut Fallout<M>,
    ) -> Option<Entry<M>> {
        self.leave_state(slot);
        let entry = self.entries.remove(slot)?;
        self.requests -= usize::from(entry.request.is_some());
        self.released -= usize::from(entry.released);
        self.counts.passed += 1;
        fallout.freed = true;
        if !self.owed.is_empty() {
            self.tell(entry.number, dead, fallout);
        }
        Some(entry)
    }

    /// What was handed out comes back, to be delivered again: unless nobody waits for its reply any more, or it was
    /// delivered often enough.
    fn give_back(&mut self, slot: Slot, delay: Duration, now: Option<Instant>, fallout: &mut Fallout<M>) {
        let Some(entry) = self.entries.get(slot) else { return };
        let liveness = entry.request.cell().map_or(RequestLiveness::Live, |cell| cell.state(now));
        if liveness != RequestLiveness::Live {
            self.skip(slot, liveness, fallout);
            return;
        }
        if entry.attempts >= self.policy.max_deliver {
            self.die(slot, DeadReason::MaxDeliver, fallout);
            return;
        }
        // Without the time, as after the close, nothing is delayed.
        match now.and_then(|now| now.checked_add(delay)).filter(|_| !delay.is_zero() && !self.closed) {
            None => self.make_ready(slot),
            Some(until) => {
                self.leave_state(slot);
                if let Some(entry) = self.entries.get_mut(slot) {
                    entry.state = State::Delayed { until };
                    self.due.insert((until, slot));
                    self.delayed += 1;
                }
            }
        }
    }

    /// A request that no handler gets.
    fn skip(&mut self, slot: Slot, why: RequestLiveness, fallout: &mut Fallout<M>) {
        why.count(&mut self.counts.skipped);
        let gone = self.remove(slot, Some(&DeadReason::Expired), fallout);
        fallout.gone.extend(gone);
    }

    /// It is given up.
    fn die(&mut self, slot: Slot, reason: DeadReason, fallout: &mut Fallout<M>) {
        let Some(entry) = self.remove(slot, Some(&reason), fallout) else { return };
        let Entry { message, request, number, attempts, .. } = entry;
        self.counts.dead += 1;
        let (group, to) = (Arc::clone(&self.group), self.dead_letters.clone());
        fallout.dead.push(Dead { message, request, number, attempts, reason, group, to });
    }

    // ---- settling

    /// The delay of what is given back by this verdict, if it is: then the time is needed.
    pub(super) fn delay(&self, slot: Slot, verdict: &Verdict) -> Option<Duration> {
        match verdict {
            Verdict::Nak(Some(after)) => Some(*after),
            Verdict::Nak(None) => Some(self.policy.delay(self.entries.get(slot)?.attempts)),
            _ => None,
        }
    }

    /// Whether [`settle`](Self::settle) needs to know the time.
    pub(super) fn settling_needs_time(&self, slot: Slot, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Ack | Verdict::Term(_) => false,
            Verdict::Progress => self.policy.ack_wait.is_some(),
            Verdict::Nak(_) => {
                self.requests > 0 || self.delay(slot, verdict).is_some_and(|delay| !delay.is_zero())
            }
        }
    }

    /// Settles a delivery, unless that was done, or it has lapsed.
    pub(super) fn settle(
        &mut self,
        slot: Slot,
        lease: u64,
        verdict: Verdict,
        now: Option<Instant>,
        fallout: &mut Fallout<M>,
    ) -> Settled {
        let Some(entry) = self.entries.get_mut(slot) else { return Settled::Lapsed };
        let State::InFlight { lease: current, lapses } = entry.state else { return Settled::Lapsed };
        if current != lease {
            return Settled::Lapsed;
        }
        match verdict {
            Verdict::Ack => {
                let gone = self.remove(slot, None, fallout);
                fallout.gone.extend(gone);
            }
            Verdict::Nak(_) => {
                let delay = self.delay(slot, &verdict).unwrap_or_default();
                self.give_back(slot, delay, now, fallout);
            }
            Verdict::Term(why) => self.die(slot, DeadReason::Terminated(why), fallout),
            Verdict::Progress => {
                if let Some(at) = lapses {
                    self.due.remove(&(at, slot));
                    let later = now.zip(self.policy.ack_wait).and_then(|(now, wait)| now.checked_add(wait));
                    entry.state = State::InFlight { lease, lapses: later };
                    self.due.extend(later.map(|at| (at, slot)));
                }
            }
        }
        Settled::Done
    }

    // ---- senders that are to be told

    /// The sender of the message of this number, which is the next to come in, is to be told how it is settled.
    pub(super) fn owes(&mut self, number: u64, to: &Arc<SettleCell>) {
        self.owed.push_back((number, Arc::clone(to)));
    }

    /// Tells the sender of this message, if it waits.
    fn tell(&mut self, number: u64, dead: Option<&DeadReason>, fallout: &mut Fallout<M>) {
        if let Ok(at) = self.owed.binary_search_by_key(&number, |(number, _)| *number)
            && let Some((_, cell)) = self.owed.remove(at)
        {
            fallout.wakers.extend(cell.settle(&self.group, dead.cloned()));
        }
    }

    /// What is before this number and did not come from the queue was lost on its way there: its `Clone` panicked.
    fn tell_lost(&mut self, before: u64, fallout: &mut Fallout<M>) {
        let from = self.next_number;
        self.next_number = from.max(before);
        let first = self.owed.partition_point(|(number, _)| *number < from);
        while self.owed.get(first).is_some_and(|(number, _)| *number < before)
            && let Some((_, cell)) = self.owed.remove(first)
        {
            fallout.wakers.extend(cell.settle(&self.group, Some(DeadReason::Panicked)));
        }
    }

    /// Tells all senders that wait: nothing of theirs will be settled here.
    pub(super) fn tell_all(&mut self, effects: &mut Effects<M>) {
        for (_, cell) in self.owed.drain(..) {
            effects.wakers.extend(cell.settle(&self.group, Some(DeadReason::Removed)));
        }
    }

    // ---- requests that are over

    /// Every request here that is over gives up its place, unless a handler has it; it goes when its turn comes.
    pub(super) fn release_where(&mut self, over: impl Fn(&AnyResponder, u64) -> bool) -> bool {
        if self.requests == 0 {
            return false;
        }
        let before = self.released;
        for entry in self.entries.iter_mut() {
            if !entry.released
                && !matches!(entry.state, State::InFlight { .. })
                && over(&entry.request, entry.number)
            {
                entry.released = true;
                self.released += 1;
            }
        }
        self.released > before
    }

    /// The messages that no handler has and no caller waits for, in their order: nobody comes for them.
    pub(super) fn take_waiting(&mut self) -> Vec<M> {
        let waits =
            |entry: &Entry<M>| !matches!(entry.state, State::InFlight { .. }) && !entry.request.is_some();
        let mut waiting: Vec<_> =
            self.entries.iter().filter(|(_, it)| waits(it)).map(|(slot, it)| (it.number, slot)).collect();
        waiting.sort_unstable();
        self.handed_back += waiting.len();
        let take = |(_, slot)| {
            self.leave_state(slot);
            Some(self.entries.remove(slot)?.message)
        };
        waiting.into_iter().filter_map(take).collect()
    }

    /// Everything that is here, which is here no more.
    pub(super) fn clear(&mut self, effects: &mut Effects<M>) {
        self.tell_all(effects);
        for Entry { message, request, .. } in self.entries.take_all() {
            effects.dropped.push(message);
            effects.dropped_requests.push(request);
        }
        self.ready.clear();
        self.due.clear();
        (self.in_flight, self.delayed, self.requests, self.released) = (0, 0, 0, 0);
    }
}

impl<M: Clone> Ledger<M> {
    /// The next message, which is handed out: what came back first, then from the queue.
    pub(super) fn give(
        &mut self,
        queue: &mut Queue<M>,
        in_flight: Option<&InFlight>,
        now: Option<Instant>,
        fallout: &mut Fallout<M>,
    ) -> Option<Given<M>> {
        self.sweep(now, fallout);
        while !self.is_full() {
            let slot = self.next(queue, fallout)?;
            let entry = self.entries.get_mut(slot)?;
            let liveness =
                entry.request.cell().map_or(RequestLiveness::Live, |cell| cell.begin_handling(now));
            if liveness != RequestLiveness::Live {
                self.skip(slot, liveness, fallout);
                continue;
            }
            let Some(message) = cloned(&entry.message) else {
                self.counts.skipped.panicked += 1;
                let gone = self.remove(slot, Some(&DeadReason::Panicked), fallout);
                fallout.gone.extend(gone);
                continue;
            };
            return Some(self.hand_out(slot, message, in_flight, now));
        }
        None
    }

    /// The entry that is next.
    fn next(&mut self, queue: &mut Queue<M>, fallout: &mut Fallout<M>) -> Option<Slot> {
        if let Some((_, slot)) = self.ready.first_key_value() {
            return Some(*slot);
        }
        let taken = queue.take(None);
        queue.give_back(0);
        if !self.owed.is_empty() {
            self.tell_lost(taken.as_ref().map_or(queue.end(), |taken| taken.number), fallout);
        }
        let Taken { message, request, number, .. } = taken?;
        self.next_number = number + 1;
        self.requests += usize::from(request.is_some());
        let slot = self.entries.insert(Entry {
            message,
            request,
            number,
            attempts: 0,
            state: State::Ready,
            released: false,
        });
        Some(slot)
    }

    fn hand_out(
        &mut self,
        slot: Slot,
        message: M,
        in_flight: Option<&InFlight>,
        now: Option<Instant>,
    ) -> Given<M> {
        self.leave_state(slot);
        self.leases += 1;
        self.in_flight += 1;
        let lease = self.leases;
        let lapses = now.zip(self.policy.ack_wait).and_then(|(now, wait)| now.checked_add(wait));
        self.due.extend(lapses.map(|at| (at, slot)));
        let mut given = Given {
            message,
            request: AnyResponder::none(),
            number: 0,
            guard: InFlightGuard::none(),
            slot,
            lease,
            attempt: 1,
        };
        if let Some(entry) = self.entries.get_mut(slot) {
            entry.state = State::InFlight { lease, lapses };
            entry.attempts += 1;
            self.released -= usize::from(std::mem::take(&mut entry.released));
            self.counts.redelivered += u64::from(entry.attempts > 1);
            given.request = entry.request.clone();
            (given.number, given.attempt) = (entry.number, entry.attempts);
            given.guard = in_flight.map_or(InFlightGuard::none(), |in_flight| in_flight.take(entry.number));
        }
        given
    }
}
