//! The short way through a ledger, which most messages go: nothing came back, nothing is due, nobody waits.

use super::{
    Given, InFlight, InFlightGuard, Inbox, Ledger, Slot,
    ledger::{Entry, State},
    queue::cloned,
};
use crate::request::{AnyResponder, Verdict};

impl<M> Ledger<M> {
    /// Whether all there is to say of what is handed out is that it was: keys take no turns, there is no time and no limit, of
    /// what is here all is in flight, and nobody waits to be told, or to be handed something.
    #[inline]
    fn is_plain(&self) -> bool {
        self.in_flight == self.entries.len()
            && self.in_flight < self.policy.max_in_flight
            && self.policy.ack_wait.is_none()
            && self.requests == 0
            && self.owed.is_empty()
            && !self.starved
            && !self.takes_turns()
    }
}

impl<M: Clone> Inbox<M> {
    /// The next message, handed out the short way; none if it is to go the [long](Self::give) one. The member that takes it has
    /// no wait registered.
    #[inline(always)]
    pub(crate) fn give_plain(&mut self, in_flight: Option<&InFlight>) -> Option<Given<M>> {
        let (paused, serves) = (self.is_paused(), self.serves());
        let ledger = self.ledger.as_deref_mut()?;
        let queue = &mut self.queues.main;
        if !ledger.is_plain()
            || self.sorted.is_some()
            || queue.has_tags()
            || !queue.has(1)
            || paused
            || serves && !ledger.acks
        {
            return None;
        }
        let first = queue.first()?;
        let flow = match &mut ledger.flows {
            None => Slot::MAX,
            Some(flows) => {
                let flow = flows.enter(first);
                if !flows.try_hold(flow) {
                    flows.leave(flow, false); // it waits for its key
                    return None;
                }
                flow
            }
        };
        let clone = if ledger.acks { cloned(first) } else { None };
        if ledger.acks && clone.is_none() {
            if let Some(flows) = &mut ledger.flows {
                flows.leave(flow, true);
            }
            return None; // it panicked, which the long way counts
        }
        let number = queue.front();
        let message = queue.pop_plain()?;
        ledger.next_numbers[0] = number + 1;
        ledger.in_flight += 1;
        ledger.leases += 1;
        let (message, kept) = match clone {
            Some(clone) => {
                ledger.held[0] += 1;
                (clone, Some(message))
            }
            None => {
                ledger.counts.passed += 1; // only its key stays
                (message, None)
            }
        };
        let lease = ledger.leases;
        let slot = ledger.entries.insert(Entry {
            message: kept,
            request: AnyResponder::none(),
            number,
            lane: 0,
            flow,
            attempts: 1,
            state: State::InFlight { lease, lapses: None },
            released: false,
        });
        let guard = match in_flight {
            Some(in_flight) => in_flight.take(number),
            None => InFlightGuard::none(),
        };
        self.sample(number, &guard);
        let request = AnyResponder::none();
        Some(Given { message, request, number, guard, lease: Some((slot, lease)), attempt: 1 })
    }
}

impl<M> Inbox<M> {
    /// Settles a delivery the short way, if it is acknowledged, or if there is only a key to give back: `Ok` with its message,
    /// which is to be dropped once the lock is released.
    #[inline(always)]
    pub(crate) fn settle_plain(
        &mut self,
        slot: Slot,
        lease: u64,
        verdict: &Verdict,
    ) -> Result<Option<M>, ()> {
        let serves = self.serves();
        let ledger = self.ledger.as_deref_mut().ok_or(())?;
        let settles = if ledger.acks {
            matches!(verdict, Verdict::Ack) && !serves && ledger.owed.is_empty()
        } else {
            !matches!(verdict, Verdict::Progress)
        };
        if !settles || ledger.starved || ledger.flows.as_ref().is_some_and(|flows| flows.waiting() > 0) {
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
        let (message, lane, flow) = (entry.message.take(), entry.lane, entry.flow);
        ledger.entries.forget(slot);
        if let Some(flows) = &mut ledger.flows {
            let fair = flows.takes_turns();
            flows.leave(flow, !fair);
        }
        ledger.in_flight -= 1;
        if ledger.acks {
            ledger.held[lane] -= 1;
            ledger.counts.passed += 1;
        }
        Ok(message)
    }
}
