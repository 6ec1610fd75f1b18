//! What a group that acknowledges has handed out and not settled, or has yet to hand out again.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    AckPolicy, Effects, Flows, InFlight, InFlightGuard, Keeping, LaneIndex,
    fallout::{Bury, Dead, Fallout},
    lane::{LaneClass, LaneClasses, MOST},
    slots::{Slot, Slots},
};
use crate::{
    message::DeadReason,
    request::{AnyCell, AnyResponder, RequestLiveness, SettleCell},
    stats::Skipped,
    traced::{OutcomeKind, Trace},
    waiting::WaitId,
};

/// Thirty years.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Of a group that acknowledges: every message from its first hand-over until it is settled or given up. One entry each, in
/// one state; all else here are indices of them.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Ledger<M> {
    pub(super) policy: AckPolicy,
    /// Whether it acknowledges. If not, messages leave with their hand-over, and what stays here is the key that they have.
    pub(super) acks: bool,
    /// With keys.
    pub(super) flows: Option<Flows<M>>,
    pub(super) group: Arc<str>,
    /// What tells the group from all others that its channel ever had.
    pub(super) group_number: u64,
    pub(super) dead_letters: Option<Arc<dyn Bury<M>>>,
    /// Where a letter on its way counts as in flight.
    pub(super) letters: Option<Arc<InFlight>>,
    /// Of a channel with lanes, the lane of each class.
    pub(super) classes: Option<LaneClasses>,
    pub(super) entries: Slots<Entry<M>>,
    /// To be handed out before what is in the queues, by their lanes and numbers.
    pub(super) ready: BTreeMap<(LaneIndex, u64), Slot>,
    /// When delays and leases end.
    pub(super) due: BTreeSet<(Instant, Slot)>,
    pub(super) leases: u64,
    pub(super) in_flight: usize,
    pub(super) delayed: usize,
    /// Requests among the entries.
    pub(super) requests: usize,
    /// How many of the entries gave up their places.
    pub(super) released: usize,
    /// How many places the entries of each lane take.
    pub(super) held: [u64; MOST + 1],
    /// Senders that wait until their message of this number is settled, by ascending numbers.
    pub(super) owed: VecDeque<Owing>,
    /// For each lane the number after the last that came from its queue.
    pub(super) next_numbers: [u64; MOST + 1],
    /// How many were handed back, as nobody came for them; they count as left.
    pub(super) handed_back: usize,
    /// The channel is closed: nothing is delayed any more.
    pub(super) closed: bool,
    /// A member may be parked, though something is here or may come to be.
    pub(super) starved: bool,
    /// The parked member whose timer is for the earliest of `due`, and for when it is.
    pub(super) watch: Option<(WaitId, Instant)>,
    pub(super) counts: LedgerCounts,
    /// Of a traced channel.
    pub(super) trace: Option<Arc<Trace>>,
}

/// A sender that waits until its message is settled.
pub(super) struct Owing {
    pub(super) number: u64,
    pub(super) lane: LaneIndex,
    pub(super) to: Arc<SettleCell>,
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
    /// None once it was handed out for good.
    pub(super) message: Option<M>,
    pub(super) request: AnyResponder,
    /// Its sequence number.
    pub(super) number: u64,
    pub(super) lane: LaneIndex,
    /// With keys: of whom it is one.
    pub(super) flow: Slot,
    /// How often it was handed out.
    pub(super) attempts: u32,
    pub(super) state: State,
    pub(super) released: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// Another has its key.
    Behind,
    Delayed {
        until: Instant,
    },
    InFlight {
        lease: u64,
        lapses: Option<Instant>,
    },
}

impl<M> Ledger<M> {
    pub(super) fn new(keeping: Keeping<M>, group: &str, group_number: u64) -> Self {
        let Keeping { policy, dead_letters, flows } = keeping;
        Self {
            acks: policy.is_some(),
            policy: policy.unwrap_or_else(AckPolicy::explicit),
            flows,
            group: group.into(),
            group_number,
            dead_letters,
            letters: None,
            classes: None,
            entries: Slots::new(),
            ready: BTreeMap::new(),
            due: BTreeSet::new(),
            leases: 0,
            in_flight: 0,
            delayed: 0,
            requests: 0,
            released: 0,
            held: [0; MOST + 1],
            owed: VecDeque::new(),
            next_numbers: [0; MOST + 1],
            handed_back: 0,
            closed: false,
            starved: false,
            watch: None,
            counts: LedgerCounts::default(),
            trace: None,
        }
    }

    /// How many messages are here.
    pub(super) fn len(&self) -> usize {
        self.entries.len() + self.handed_back - self.only_keys()
    }

    /// How many places those of a lane take.
    pub(super) fn places(&self, at: LaneIndex) -> u64 {
        self.held[at]
    }

    /// How many entries are no messages any more.
    pub(super) fn only_keys(&self) -> usize {
        if self.acks { 0 } else { self.in_flight }
    }

    pub(super) fn acks(&self) -> bool {
        self.acks
    }

    /// How many messages wait for another to give their key back.
    pub(super) fn behind(&self) -> usize {
        self.flows.as_ref().filter(|flows| !flows.takes_turns()).map_or(0, Flows::waiting)
    }

    pub(super) fn takes_turns(&self) -> bool {
        self.flows.as_ref().is_some_and(Flows::takes_turns)
    }

    /// How many deliveries are not settled.
    pub(super) fn unsettled(&self) -> usize {
        self.in_flight - self.only_keys()
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

    pub(super) fn is_full(&self) -> bool {
        self.in_flight >= self.policy.max_in_flight
    }

    /// Whether a member may find something.
    /// `queued`: something is in the queues.
    pub(super) fn is_takable(&self, queued: bool) -> bool {
        let turns = self.flows.as_ref().is_some_and(|flows| flows.takes_turns() && flows.waiting() > 0);
        !self.is_full() && (!self.ready.is_empty() || queued || turns)
    }

    /// Whether a member may find something once more has come in.
    pub(super) fn has_room(&self) -> bool {
        !self.is_full()
    }

    /// Tells what became of an entry that a member may have had.
    pub(super) fn tell_outcome(&self, slot: Slot, member: Option<u64>, how: OutcomeKind) {
        if let Some(trace) = &self.trace
            && let Some(entry) = self.entries.get(slot)
        {
            trace.tell(entry.number, self.group_name(), member, entry.attempts, how, None);
        }
    }

    /// The name of the group; none of a subscriber.
    pub(super) fn group_name(&self) -> Option<&Arc<str>> {
        Some(&self.group).filter(|name| !name.is_empty())
    }

    // ---- states

    /// Leaves the state in which it is.
    pub(super) fn leave_state(&mut self, slot: Slot) {
        let Some(entry) = self.entries.get_mut(slot) else { return };
        let (number, lane, flow) = (entry.number, entry.lane, entry.flow);
        match (entry.state, &mut self.flows) {
            (State::Ready, Some(flows)) if flows.takes_turns() => flows.unwait(flow, number),
            (State::Behind, Some(flows)) => flows.unwait(flow, number),
            (State::Ready | State::Behind, _) => drop(self.ready.remove(&(lane, number))),
            (State::Delayed { until }, _) => {
                self.due.remove(&(until, slot));
                self.delayed -= 1;
            }
            (State::InFlight { lapses, .. }, _) => {
                if let Some(at) = lapses {
                    self.due.remove(&(at, slot));
                }
                self.in_flight -= 1;
            }
        }
    }

    pub(super) fn make_ready(&mut self, slot: Slot) {
        self.leave_state(slot);
        let Some(entry) = self.entries.get_mut(slot) else { return };
        entry.state = State::Ready;
        match &mut self.flows {
            Some(flows) if flows.takes_turns() => flows.wait(entry.flow, entry.number, slot),
            _ => drop(self.ready.insert((entry.lane, entry.number), slot)),
        }
    }

    /// Takes an entry out, whatever its state. `dead`: why, if it was given up.
    pub(super) fn remove(
        &mut self,
        slot: Slot,
        dead: Option<&DeadReason>,
        fallout: &mut Fallout<M>,
    ) -> Option<Entry<M>> {
        let state = self.entries.get(slot)?.state;
        self.leave_state(slot);
        let entry = self.entries.remove(slot)?;
        if let Some(flows) = &mut self.flows
            && let Some(next) = flows.leave(entry.flow, !flows.takes_turns() && state != State::Behind)
        {
            self.make_ready(next);
        }
        if !self.acks && matches!(state, State::InFlight { .. }) {
            return Some(entry); // it left when it was handed out
        }
        self.requests -= usize::from(entry.request.is_some());
        self.released -= usize::from(entry.released);
        self.held[entry.lane] -= u64::from(!entry.released);
        self.counts.passed += 1;
        fallout.freed = true;
        if !self.owed.is_empty() {
            self.tell(entry.number, dead, fallout);
        }
        Some(entry)
    }

    /// What was handed out comes back, to be delivered again: unless nobody waits for its reply any more, or it was
    /// delivered often enough.
    pub(super) fn give_back(
        &mut self,
        slot: Slot,
        delay: Duration,
        now: Option<Instant>,
        fallout: &mut Fallout<M>,
    ) {
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
        // A time beyond the clock's end is as far as one can think of.
        let later = |now: Instant| now.checked_add(delay).unwrap_or_else(|| now + FAR);
        match now.map(later).filter(|_| !delay.is_zero() && !self.closed) {
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

    /// A message that no handler gets: it is skipped, or a dead letter, if it expired and nobody waits for a reply.
    pub(super) fn skip(&mut self, slot: Slot, why: RequestLiveness, fallout: &mut Fallout<M>) {
        let asked = self.entries.get(slot).is_some_and(|entry| entry.request.is_request());
        if why == RequestLiveness::Expired && !asked && self.dead_letters.is_some() {
            self.die(slot, DeadReason::Expired, fallout);
            return;
        }
        self.tell_outcome(slot, None, OutcomeKind::of_late(why));
        why.count(&mut self.counts.skipped);
        let gone = self.remove(slot, Some(&DeadReason::Expired), fallout);
        fallout.gone.extend(gone);
    }

    /// It is given up.
    pub(super) fn die(&mut self, slot: Slot, reason: DeadReason, fallout: &mut Fallout<M>) {
        if !matches!(reason, DeadReason::Terminated(_)) {
            self.tell_outcome(slot, None, OutcomeKind::Dead); // its handler's verdict is told of by itself
        }
        let Some(entry) = self.remove(slot, Some(&reason), fallout) else { return };
        let Entry { message: Some(message), request, number, attempts, lane, .. } = entry else { return };
        self.counts.dead += 1;
        let (group, to) = (Arc::clone(&self.group), self.dead_letters.clone());
        let class = self.classes.as_ref().map_or(LaneClass::ANY, |classes| classes.of(lane));
        let guard = self.letters.as_ref().map_or(InFlightGuard::none(), |letters| letters.take(number));
        fallout.dead.push(Dead { message, request, number, attempts, reason, group, to, class, guard });
    }

    // ---- requests that are over

    /// Every message of a lane that is over gives up its place, unless a handler has it; it goes when its turn comes.
    pub(super) fn release_where(&mut self, at: LaneIndex, over: impl Fn(&dyn AnyCell) -> bool) -> bool {
        if self.requests == 0 {
            return false;
        }
        let before = self.released;
        for entry in self.entries.iter_mut() {
            if !entry.released
                && entry.lane == at
                && !matches!(entry.state, State::InFlight { .. })
                && entry.request.cell().is_some_and(&over)
            {
                entry.released = true;
                self.released += 1;
                self.held[at] -= 1;
            }
        }
        self.released > before
    }

    /// When the next message of a lane expires that no caller waits for. One that a handler has may come back before that, and
    /// is judged as it comes back after it.
    pub(super) fn next_expiry(&self, at: LaneIndex, now: Instant) -> Option<Instant> {
        let deadline = |entry: &Entry<M>| {
            let deadline = entry.request.cell().filter(|cell| !cell.is_request())?.deadline()?;
            (deadline > now || !matches!(entry.state, State::InFlight { .. })).then_some(deadline)
        };
        let held = self.entries.iter().map(|(_, entry)| entry).filter(|it| it.lane == at && !it.released);
        held.filter_map(deadline).min()
    }

    /// The messages that no handler has and no caller waits for, in their order: nobody comes for them.
    pub(super) fn take_waiting(&mut self) -> Vec<M> {
        let waits =
            |entry: &Entry<M>| !matches!(entry.state, State::InFlight { .. }) && !entry.request.is_request();
        let mut waiting: Vec<_> =
            self.entries.iter().filter(|(_, it)| waits(it)).map(|(slot, it)| (it.number, slot)).collect();
        waiting.sort_unstable();
        self.handed_back += waiting.len();
        let take = |(_, slot)| {
            self.leave_state(slot);
            let entry = self.entries.remove(slot)?;
            self.requests -= usize::from(entry.request.is_some());
            self.released -= usize::from(entry.released);
            self.held[entry.lane] -= u64::from(!entry.released);
            entry.message
        };
        waiting.into_iter().filter_map(take).collect()
    }

    /// Everything that is here, which is here no more.
    pub(super) fn clear(&mut self, effects: &mut Effects<M>) {
        self.tell_all(effects);
        for Entry { message, request, .. } in self.entries.take_all() {
            effects.dropped.extend(message);
            effects.dropped_requests.extend(request.part_of(self.group_number));
            effects.dropped_requests.push(request);
        }
        self.ready.clear();
        self.due.clear();
        self.flows.iter_mut().for_each(Flows::clear);
        (self.in_flight, self.delayed, self.requests, self.released) = (0, 0, 0, 0);
        self.held = [0; MOST + 1];
    }
}
