use std::mem;

use tokio::time::Instant;

use super::{
    InFlight, InFlightGuard, LaneIndex, Ledger, Queue, Taken,
    fallout::Fallout,
    lane::{MOST, Sorted},
    ledger::{Entry, State},
    queue::cloned,
    queues::Queues,
    slots::Slot,
};
use crate::{
    message::DeadReason,
    request::{AnyCell, AnyResponder, RequestLiveness},
    traced::OutcomeKind,
};

/// A delivery, and what it is known by when it is settled.
pub(crate) struct Given<M> {
    pub(crate) message: M,
    /// A further responder of the request.
    pub(crate) request: AnyResponder,
    pub(crate) number: u64,
    pub(crate) guard: InFlightGuard,
    /// What it is known by when it is settled; none if that makes no difference.
    pub(crate) lease: Option<(Slot, u64)>,
    pub(crate) attempt: u32,
}

/// What was pulled for a group, of each lane, and whose turn it is.
pub(super) struct Source<'a, M> {
    pub(super) queues: &'a mut Queues<M>,
    pub(super) sorted: Option<&'a mut Sorted>,
}

impl<M: Clone> Ledger<M> {
    /// The next message, which is handed out: what came back first, then from the queues. `fresh`: all that came in is in the
    /// queues; without that nobody's turn is known.
    pub(super) fn give(
        &mut self,
        mut from: Source<'_, M>,
        fresh: bool,
        in_flight: Option<&InFlight>,
        now: Option<Instant>,
        fallout: &mut Fallout<M>,
    ) -> Option<Given<M>> {
        self.sweep(now, fallout);
        if self.takes_turns() {
            self.enter_by_seq(from.queues, fallout);
            if !fresh {
                return None;
            }
        }
        while !self.is_full() {
            let slot = self.next(&mut from, fallout)?;
            let entry = self.entries.get_mut(slot)?;
            let liveness =
                entry.request.cell().map_or(RequestLiveness::Live, |cell| cell.begin_handling(now));
            if liveness != RequestLiveness::Live {
                self.skip(slot, liveness, fallout);
                continue;
            }
            let message =
                if self.acks { entry.message.as_ref().and_then(cloned) } else { entry.message.take() };
            let Some(message) = message else {
                entry.request.narrow(self.group_number); // its group has no answer
                self.counts.skipped.panicked += 1;
                let gone = self.remove(slot, Some(&DeadReason::Panicked), fallout);
                fallout.gone.extend(gone);
                continue;
            };
            let (lane, number) = (entry.lane, entry.number);
            let given = self.hand_out(slot, message, in_flight, now, fallout);
            if let Some(sorted) = from.sorted {
                let waiting = sorted.waiting(from.queues) | self.ready_lanes();
                sorted.took(lane, number, waiting);
            }
            return Some(given);
        }
        None
    }

    /// The entry that is next; none, too, if it is in an intake.
    fn next(&mut self, from: &mut Source<'_, M>, fallout: &mut Fallout<M>) -> Option<Slot> {
        if self.takes_turns() {
            return match self.ready.first_key_value() {
                Some((_, slot)) => Some(*slot),
                None => self.flows.as_mut()?.next_turn(),
            };
        }
        loop {
            let at = match &from.sorted {
                None => 0,
                Some(sorted) => sorted.turn(from.queues, self.ready_lanes())?.0,
            };
            if let Some((_, slot)) = self.ready.range((at, 0)..=(at, u64::MAX)).next() {
                return Some(*slot);
            }
            let slot = self.enter(at, &mut from.queues[at], fallout)?;
            let (Some(flows), Some(entry)) = (&mut self.flows, self.entries.get_mut(slot)) else {
                return Some(slot);
            };
            if flows.try_hold(entry.flow) {
                return Some(slot);
            }
            entry.state = State::Behind;
            flows.wait(entry.flow, entry.number, slot);
        }
    }

    /// The lanes besides the first of which something came back, as a mask.
    fn ready_lanes(&self) -> u8 {
        if self.ready.is_empty() {
            return 0;
        }
        let is_ready = |at: &LaneIndex| self.ready.range((*at, 0)..=(*at, u64::MAX)).next().is_some();
        (1..=MOST).filter(is_ready).map(|at| 1 << (at - 1)).sum()
    }

    /// Makes entries of all in the queues, of all lanes in the order of their admission.
    fn enter_by_seq(&mut self, queues: &mut Queues<M>, fallout: &mut Fallout<M>) {
        loop {
            let waiting = queues.read().filter(|at| !queues[*at].is_empty());
            let several = waiting.clone().nth(1).is_some();
            let first = |at: &LaneIndex| queues[*at].seqs().next();
            let Some(at) = (if several { waiting.min_by_key(first) } else { waiting.min() }) else { return };
            if several {
                self.enter_one(at, &mut queues[at], fallout);
            } else {
                self.enter_all(at, &mut queues[at], fallout);
            }
        }
    }

    /// Makes entries of all in a lane's queue, which wait for the turn of their keys.
    pub(super) fn enter_all(&mut self, at: LaneIndex, queue: &mut Queue<M>, fallout: &mut Fallout<M>) {
        while self.enter_one(at, queue, fallout) {}
    }

    /// The same of the first of them; whether there was one.
    fn enter_one(&mut self, at: LaneIndex, queue: &mut Queue<M>, fallout: &mut Fallout<M>) -> bool {
        let Some(slot) = self.enter(at, queue, fallout) else { return false };
        let other = self.entries.get(slot).and_then(|entry| self.flows.as_ref()?.older(entry.flow));
        match other {
            Some(other) => self.keep_newer(other, slot, fallout),
            None => self.make_ready(slot),
        }
        true
    }

    /// Of two messages of one key the newer has the place of the one that waits, and nobody gets the other. The newer is most often
    /// the one that comes; that of another lane may have been looked at before.
    fn keep_newer(&mut self, waits: Slot, comes: Slot, fallout: &mut Fallout<M>) {
        let Some(mut entry) = self.entries.remove(comes) else { return };
        let Some(place) = self.entries.get_mut(waits) else { return };
        let is_newer = entry.number > place.number;
        if is_newer {
            mem::swap(place, &mut entry);
        }
        let (number, flow) = (place.number, place.flow);
        if let Some(flows) = &mut self.flows {
            if is_newer {
                flows.unwait(flow, entry.number);
                flows.wait(flow, number, waits);
            }
            flows.leave(flow, false);
        }
        self.requests -= usize::from(entry.request.is_some());
        self.released -= usize::from(entry.released);
        self.held[entry.lane] -= u64::from(!entry.released);
        let counts = &mut self.counts;
        counts.passed += 1;
        let how = match entry.request.cell().map(|cell| cell.state(None)) {
            Some(RequestLiveness::Abandoned) => {
                counts.skipped.abandoned += 1;
                OutcomeKind::Abandoned
            }
            Some(_) if entry.released => {
                counts.skipped.expired += 1;
                OutcomeKind::Expired
            }
            _ => {
                counts.skipped.conflated += 1;
                entry.request.narrow(self.group_number); // of what each group is asked, its part
                entry.request.cell().into_iter().for_each(AnyCell::evict);
                OutcomeKind::Evicted
            }
        };
        if let Some(trace) = &self.trace {
            trace.tell(entry.number, self.group_name(), None, entry.attempts, how, None);
        }
        fallout.freed = true;
        fallout.gone.push(entry);
    }

    /// The next message of a lane's queue, made an entry.
    fn enter(&mut self, at: LaneIndex, queue: &mut Queue<M>, fallout: &mut Fallout<M>) -> Option<Slot> {
        let before = queue.released();
        let taken = queue.take_numbered(None);
        let released = queue.released() < before; // it is over, and goes when its turn comes
        queue.give_back(0);
        if !self.owed.is_empty() {
            // What is lost at the end, the log finds.
            self.tell_lost(at, taken.as_ref().map_or(0, |taken| taken.number), &mut fallout.wakers);
        }
        let Taken { message, request, number, .. } = taken?;
        self.next_numbers[at] = number + 1;
        self.requests += usize::from(request.is_some());
        self.released += usize::from(released);
        self.held[at] += u64::from(!released);
        let flow = self.flows.as_mut().map_or(Slot::MAX, |flows| flows.enter(&message));
        let (message, state) = (Some(message), State::Ready);
        Some(self.entries.insert(Entry {
            message,
            request,
            number,
            lane: at,
            flow,
            attempts: 0,
            state,
            released,
        }))
    }

    fn hand_out(
        &mut self,
        slot: Slot,
        message: M,
        in_flight: Option<&InFlight>,
        now: Option<Instant>,
        fallout: &mut Fallout<M>,
    ) -> Given<M> {
        let guard = |number| in_flight.map_or(InFlightGuard::none(), |in_flight| in_flight.take(number));
        let mut given = Given {
            message,
            request: AnyResponder::none(),
            number: 0,
            guard: InFlightGuard::none(),
            lease: None,
            attempt: 1,
        };
        if !self.acks && self.takes_turns() {
            if let Some(mut entry) = self.remove(slot, None, fallout) {
                entry.request.narrow(self.group_number);
                (given.request, given.number, given.guard) =
                    (entry.request, entry.number, guard(entry.number));
            }
            return given;
        }
        self.leave_state(slot);
        self.leases += 1;
        self.in_flight += 1;
        let lease = self.leases;
        let wait = self.policy.ack_wait.filter(|_| self.acks);
        let lapses = now.zip(wait).and_then(|(now, wait)| now.checked_add(wait));
        self.due.extend(lapses.map(|at| (at, slot)));
        let Some(entry) = self.entries.get_mut(slot) else { return given };
        entry.state = State::InFlight { lease, lapses };
        entry.attempts += 1;
        entry.request.narrow(self.group_number); // of what each group is asked, this is its part, however often
        if mem::take(&mut entry.released) {
            self.released -= 1;
            self.held[entry.lane] += 1;
        }
        self.counts.redelivered += u64::from(entry.attempts > 1);
        given.request = if self.acks {
            entry.request.clone()
        } else {
            self.requests -= usize::from(entry.request.is_some());
            self.counts.passed += 1;
            self.held[entry.lane] -= 1;
            fallout.freed = true;
            mem::take(&mut entry.request)
        };
        (given.number, given.attempt) = (entry.number, entry.attempts);
        given.guard = guard(entry.number);
        given.lease = Some((slot, lease));
        given
    }
}
