//! How deliveries are settled, and senders told of it.

use std::{sync::Arc, task::Waker, time::Duration};

use tokio::time::Instant;

use super::{
    Effects, LaneIndex, Ledger,
    fallout::Fallout,
    ledger::{Owing, State},
    slots::Slot,
};
use crate::{
    message::DeadReason,
    request::{SettleCell, Settled, Verdict},
    traced::OutcomeKind,
};

impl<M> Ledger<M> {
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

    /// Settles a delivery, unless that was done, or it has lapsed. `member`: who had it, where that is told of.
    pub(super) fn settle(
        &mut self,
        slot: Slot,
        lease: u64,
        verdict: Verdict,
        member: Option<u64>,
        now: Option<Instant>,
        fallout: &mut Fallout<M>,
    ) -> Settled {
        let Some(entry) = self.entries.get(slot) else { return Settled::Lapsed };
        let State::InFlight { lease: current, lapses } = entry.state else { return Settled::Lapsed };
        if current != lease {
            return Settled::Lapsed;
        }
        if self.acks
            && let Some(how) = OutcomeKind::of(&verdict)
        {
            self.tell_outcome(slot, member, how);
        }
        let Some(entry) = self.entries.get_mut(slot) else { return Settled::Lapsed };
        match verdict {
            Verdict::Progress if !self.acks => {}
            _ if !self.acks => drop(self.remove(slot, None, fallout)), // there is only a key to give back
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
    pub(super) fn owes(&mut self, number: u64, lane: LaneIndex, to: &Arc<SettleCell>) {
        self.owed.push_back(Owing { number, lane, to: Arc::clone(to) });
    }

    /// Tells the sender of this message, if it waits.
    pub(super) fn tell(&mut self, number: u64, dead: Option<&DeadReason>, fallout: &mut Fallout<M>) {
        if let Ok(at) = self.owed.binary_search_by_key(&number, |owing| owing.number)
            && let Some(owing) = self.owed.remove(at)
        {
            fallout.wakers.extend(owing.to.settle(&self.group, dead.cloned()));
        }
    }

    /// What is of this lane, before this number and did not come from its queue was lost on its way there: its `Clone`
    /// panicked.
    pub(super) fn tell_lost(&mut self, lane: LaneIndex, before: u64, wakers: &mut impl Extend<Waker>) {
        let from = self.next_numbers[lane];
        self.next_numbers[lane] = from.max(before);
        let mut at = self.owed.partition_point(|owing| owing.number < from);
        while let Some(owing) = self.owed.get(at).filter(|owing| owing.number < before) {
            if owing.lane != lane {
                at += 1;
            } else if let Some(owing) = self.owed.remove(at) {
                wakers.extend(owing.to.settle(&self.group, Some(DeadReason::Panicked)));
            }
        }
    }

    /// Tells all senders that wait: nothing of theirs will be settled here.
    pub(super) fn tell_all(&mut self, effects: &mut Effects<M>) {
        for owing in self.owed.drain(..) {
            effects.wakers.extend(owing.to.settle(&self.group, Some(DeadReason::Removed)));
        }
    }
}
