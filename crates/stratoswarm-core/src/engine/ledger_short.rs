//! The short way through a ledger, which most messages go: nothing came back, nothing is due, nobody waits.

use super::{
    Given, InFlight, InFlightGuard, Inbox, Ledger, Slot,
    ledger::{Entry, State},
    queue::cloned,
};
use crate::request::AnyResponder;

impl<M> Ledger<M> {
    /// Whether all there is to say of what is handed out is that it was: it acknowledges, without keys, time and limit, of what
    /// is here all is in flight, and no sender waits to be told.
    #[inline]
    fn is_plain(&self) -> bool {
        self.acks
            && self.flows.is_none()
            && self.in_flight == self.entries.len()
            && self.in_flight < self.policy.max_in_flight
            && self.policy.ack_wait.is_none()
            && self.requests == 0
            && self.owed.is_empty()
    }
}

impl<M: Clone> Inbox<M> {
    /// The next message, handed out the short way; none if it is to go the [long](Self::give) one. No member may be parked who
    /// might take it, and the one who takes it has no wait registered.
    #[inline(always)]
    pub(crate) fn give_plain(&mut self, in_flight: Option<&InFlight>) -> Option<Given<M>> {
        let paused = self.is_paused();
        let ledger = self.ledger.as_deref_mut()?;
        let queue = &mut self.queues.main;
        if !ledger.is_plain()
            || ledger.starved
            || self.sorted.is_some()
            || queue.has_tags()
            || !queue.has(1)
            || paused
        {
            return None;
        }
        let message = cloned(queue.first()?)?; // if it panics, the long way counts it
        let number = queue.front();
        let kept = queue.pop_plain();
        ledger.next_numbers[0] = number + 1;
        ledger.held[0] += 1;
        ledger.in_flight += 1;
        ledger.leases += 1;
        let lease = ledger.leases;
        let slot = ledger.entries.insert(Entry {
            message: kept,
            request: AnyResponder::none(),
            number,
            lane: 0,
            flow: Slot::MAX,
            attempts: 1,
            state: State::InFlight { lease, lapses: None },
            released: false,
        });
        let guard = match in_flight {
            Some(in_flight) => in_flight.take(number),
            None => InFlightGuard::none(),
        };
        let request = AnyResponder::none();
        Some(Given { message, request, number, guard, lease: Some((slot, lease)), attempt: 1 })
    }
}

impl<M> Inbox<M> {
    /// Settles a delivery by an ack the short way: `Ok` with its message, which is to be dropped once the lock is released.
    #[inline(always)]
    pub(crate) fn ack_plain(&mut self, slot: Slot, lease: u64) -> Result<Option<M>, ()> {
        let serves = self.serves();
        let ledger = self.ledger.as_deref_mut().ok_or(())?;
        if serves || ledger.starved || !ledger.acks || ledger.flows.is_some() || !ledger.owed.is_empty() {
            return Err(());
        }
        let entry = ledger.entries.get_mut(slot).ok_or(())?;
        match entry.state {
            State::InFlight { lease: current, lapses: None } if current == lease => {}
            _ => return Err(()),
        }
        if entry.request.is_some() {
            return Err(());
        }
        let (message, lane) = (entry.message.take(), entry.lane);
        ledger.entries.forget(slot);
        ledger.held[lane] -= 1;
        ledger.in_flight -= 1;
        ledger.counts.passed += 1;
        Ok(message)
    }
}
