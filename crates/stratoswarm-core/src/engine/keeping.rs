//! The way to the log of groups that acknowledge. What they hand out goes through their ledger, under their inbox's lock
//! alone, where `Clone` runs: so the log only fills the inbox, parks members and wakes them.

use std::{sync::Arc, task::Waker};

use tokio::time::Instant;

use super::{
    AckPolicy, Effects, Flows, Given, InFlight, Inbox, LaneIndex, Ledger, Log, MemberSeat, Membership, Queue,
    SharedInbox, Slot,
    accounts::KeptFigures,
    fallout::{Bury, Fallout},
    handing_out::Source,
    log::wake,
    queues::Queues,
    reader::Reader,
};
use crate::{
    request::{AnyCell, RequestLiveness, SettleCell, Settled, Verdict},
    stats::{Caller, Skipped},
    waiting::WaitId,
};

/// How a group is to keep what it hands out.
pub(crate) struct Keeping<M> {
    pub(crate) policy: Option<AckPolicy>,
    pub(crate) dead_letters: Option<Arc<dyn Bury<M>>>,
    pub(crate) flows: Option<Flows<M>>,
}

/// What has to be done at the log after something was done in an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) struct After {
    /// A place is free for which somebody may wait.
    serve: bool,
    /// A member may be parked that should look.
    stir: bool,
}

/// What came of a look into the intake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refill {
    /// The inbox has more.
    More,
    Empty,
    Closed,
}

/// What came of parking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parked {
    /// It is not parked: something has come back meanwhile.
    Look,
    /// It is; and if it is the one to watch, it is to look again at this time.
    Until(Option<Instant>),
}

impl After {
    /// Whether there is nothing to be done.
    pub(crate) fn is_nothing(self) -> bool {
        !self.serve && !self.stir
    }
}

// ---- under the inbox's lock alone

impl<M> Inbox<M> {
    /// How many places it takes in a lane.
    #[inline]
    pub(super) fn places(&self, at: LaneIndex) -> u64 {
        let kept = self.ledger.as_ref().map_or(0, |ledger| ledger.places(at));
        let queue = &self.queues[at];
        queue.len() as u64 - queue.released() + kept
    }

    /// How many messages are here that were not taken, or not settled.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.len() + self.ledger.as_ref().map_or(0, |ledger| ledger.len())
    }

    /// How many messages left it for good.
    pub(super) fn passed(&self) -> u64 {
        self.passed + self.ledger.as_ref().map_or(0, |ledger| ledger.counts().passed)
    }

    /// The figures of a ledger, and what was skipped there, too.
    pub(super) fn kept_figures(&self, mut skipped: Skipped) -> (KeptFigures, Skipped) {
        let Some(ledger) = &self.ledger else { return (KeptFigures::default(), skipped) };
        let counts = ledger.counts();
        skipped.expired += counts.skipped.expired;
        skipped.abandoned += counts.skipped.abandoned;
        skipped.panicked += counts.skipped.panicked;
        skipped.conflated += counts.skipped.conflated;
        let figures = KeptFigures {
            dead: counts.dead,
            redelivered: counts.redelivered,
            unsettled: ledger.unsettled() as u64,
            delayed: ledger.delayed() as u64,
            behind: ledger.behind() as u64,
        };
        (figures, skipped)
    }

    /// Every message of a lane that is over gives up its place; whether one did.
    pub(super) fn release_where(&mut self, at: LaneIndex, over: impl Fn(&dyn AnyCell) -> bool) -> bool {
        let kept = self.ledger.as_mut().is_some_and(|ledger| ledger.release_where(at, &over));
        self.queues[at].release_where(over) | kept
    }

    /// When the next message of a lane that was only sent expires and gives up its place, if one does.
    pub(super) fn next_expiry(&self, at: LaneIndex, now: Instant) -> Option<Instant> {
        let kept = self.ledger.as_ref().and_then(|ledger| ledger.next_expiry(at, now));
        self.queues[at].next_expiry().into_iter().chain(kept).min()
    }

    /// The request of this number, whose caller has gone, gives up its place.
    pub(super) fn release(&mut self, at: LaneIndex, number: u64) {
        if !self.queues[at].release(number)
            && let Some(ledger) = &mut self.ledger
        {
            ledger.release_where(at, |cell| cell.state(None) != RequestLiveness::Live);
        }
    }

    /// Whether something is here that nobody was handed yet.
    fn has_some(queues: &Queues<M>) -> bool {
        queues.iter().any(|queue| !queue.is_empty())
    }

    /// Whether [`give`](Self::give) needs to know the time.
    pub(crate) fn needs_time(&self) -> bool {
        self.queues.iter().any(Queue::has_tags)
            || self.ledger.as_ref().is_some_and(|ledger| ledger.needs_time())
    }

    /// Whether [`settle`](Self::settle) needs to know the time.
    pub(crate) fn settling_needs_time(&self, slot: Slot, verdict: &Verdict) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.settling_needs_time(slot, verdict))
    }

    /// Settles a delivery, unless that was done, or it has lapsed, or its group is gone.
    pub(crate) fn settle(
        &mut self,
        slot: Slot,
        lease: u64,
        verdict: Verdict,
        member: Option<u64>,
        now: Option<Instant>,
        fallout: &mut Fallout<M>,
    ) -> Settled {
        let Some(ledger) = &mut self.ledger else { return Settled::Lapsed };
        ledger.settle(slot, lease, verdict, member, now, fallout)
    }

    /// What is to be done at the log, once the lock is released.
    pub(crate) fn after(&self, fallout: &Fallout<M>) -> After {
        let Some(ledger) = &self.ledger else { return After { serve: false, stir: false } };
        let stir = ledger.starved
            && (ledger.is_takable(Self::has_some(&self.queues))
                || ledger.is_unwatched()
                || fallout.freed && ledger.has_room());
        let asleep = self.is_paused() && self.left() > 0; // if nothing is left, it may be the end
        After { serve: self.serves() && fallout.freed, stir: stir && !asleep }
    }
}

impl<M: Clone> Inbox<M> {
    /// The next message, handed out. `waiting`: the wait of the member that takes it, which ends. `fresh`: it has seen that
    /// there was nothing more in the intake.
    pub(crate) fn give(
        &mut self,
        fresh: bool,
        waiting: Option<WaitId>,
        in_flight: Option<&InFlight>,
        now: Option<Instant>,
        fallout: &mut Fallout<M>,
    ) -> Option<Given<M>> {
        if self.is_paused() {
            return None;
        }
        let ledger = self.ledger.as_mut()?;
        let from = Source { queues: &mut self.queues, sorted: self.sorted.as_deref_mut() };
        let given = ledger.give(from, fresh, in_flight, now, fallout);
        if let Some(id) = waiting.filter(|_| given.is_some()) {
            ledger.unwatch(id);
        }
        if let Some(given) = &given {
            self.sample(given.number, &given.guard);
        }
        given
    }
}

// ---- at the log

impl<M> Log<M> {
    /// Has a new group, or one that nobody joined yet, keep what it hands out.
    pub(crate) fn keep(&mut self, membership: &mut Membership<M>, group: &str, keeping: Keeping<M>) {
        let keeps = self.keep_in(&membership.inbox, group, keeping);
        membership.keeps |= keeps;
        if keeps && let Some(ledger) = &mut membership.inbox.lock().ledger {
            ledger.letters = Some(Arc::clone(&membership.in_flight));
        }
    }

    /// The same of any lossless reader that has handed out nothing; whether it does from now on.
    pub(crate) fn keep_in(&mut self, inbox: &SharedInbox<M>, group: &str, keeping: Keeping<M>) -> bool {
        let closed = self.closed;
        let Some(reader) = self.readers.get_mut(inbox.place()).filter(|it| !it.keeps) else {
            return false;
        };
        reader.keeps = true;
        reader.latest = keeping.flows.as_ref().is_some_and(Flows::keeps_latest);
        reader.seats.iter_mut().for_each(|seat| seat.filled = true);
        let mut ledger = Ledger::new(keeping, group, reader.number);
        ledger.classes = self.classes.as_ref().map(|classes| classes.lanes());
        ledger.trace.clone_from(&self.trace);
        if closed {
            ledger.close();
        }
        reader.inbox.lock().keep(ledger);
        true
    }

    /// Whether a group may be joined as one that keeps what it hands out in this way: there is none, or nobody has joined it
    /// yet, or it does.
    pub(crate) fn may_keep(&self, group: &str, keeping: &Keeping<M>) -> bool {
        let Some(reader) = self.group(group).and_then(|place| self.readers.get(place)) else { return true };
        let inbox = reader.inbox.lock();
        match &inbox.ledger {
            None => reader.in_flight.is_none(),
            Some(ledger) => {
                let address = |to: &Arc<dyn Bury<M>>| to.address();
                let stated = keeping.dead_letters.as_ref().map(address);
                let kind = keeping.flows.as_ref().map(Flows::kind);
                keeping.policy.as_ref().is_none_or(|policy| ledger.acks() && ledger.policy == *policy)
                    && (kind.is_none() || ledger.flows.as_ref().map(Flows::kind) == kind)
                    && (stated.is_none() || ledger.dead_letters.as_ref().map(address) == stated)
            }
        }
    }

    /// The next message to come in, of this lane, is to be told of: by what the groups tell how they settle it; by nothing,
    /// if none acknowledges.
    pub(crate) fn owe(&mut self, at: LaneIndex) -> Option<Arc<SettleCell>> {
        let number = self.tail();
        let acks = |reader: &Reader<M>| reader.inbox.lock().ledger.as_ref().is_some_and(|it| it.acks());
        let keeping = || self.readers.iter().filter(|reader| reader.keeps && acks(reader));
        let groups = keeping().count();
        let cell = (groups > 0).then(|| SettleCell::new(groups));
        if let Some(cell) = &cell {
            for reader in keeping() {
                if let Some(ledger) = &mut reader.inbox.lock().ledger {
                    ledger.owes(number, at, cell);
                }
            }
        }
        cell
    }

    /// All of a lane was pulled, and nothing of it is in the queue: senders are told of what was lost on its way.
    fn tell_lost(&self, at: LaneIndex, place: usize, effects: &mut Effects<M>) {
        let reader = &self.readers[place];
        if let Inbox { queues, ledger: Some(ledger), .. } = &mut *reader.inbox.lock()
            && !ledger.owed.is_empty()
            && queues[at].is_empty()
            && reader.seats[at].next == self.lanes[at].intake.end()
        {
            ledger.tell_lost(at, self.tail(), &mut effects.wakers);
        }
    }

    /// Nobody waits any more: senders are told that what is not settled will not be.
    pub(super) fn end_ledgers(&mut self, effects: &mut Effects<M>) {
        for reader in self.readers.iter().filter(|reader| reader.keeps) {
            if let Some(ledger) = &mut reader.inbox.lock().ledger {
                ledger.tell_all(effects);
            }
        }
    }

    /// The channel closes: in no ledger anything is delayed any more.
    pub(super) fn close_ledgers(&mut self) {
        for reader in self.readers.iter().filter(|reader| reader.keeps) {
            if let Some(ledger) = &mut reader.inbox.lock().ledger {
                ledger.close();
            }
        }
    }

    /// Parks a member that found nothing, unless something has come back meanwhile, or the last was settled.
    pub(crate) fn park_kept(
        &mut self,
        seat: &MemberSeat<'_, M>,
        waiting: &mut Option<WaitId>,
        waker: &Waker,
        firm: bool,
        caller: impl FnOnce() -> Caller,
        effects: &mut Effects<M>,
    ) -> Parked {
        let inbox = seat.0;
        {
            // Of a group that is paused, something may be in the intakes still.
            let pulled = |reader: &Reader<M>| reader.not_pulled(&self.lanes) == 0;
            let over = self.is_over() && self.readers.get(inbox.place()).is_none_or(pulled);
            let mut inbox = inbox.lock();
            let paused = inbox.is_paused();
            let Inbox { queues, ledger: Some(ledger), .. } = &mut *inbox else { return Parked::Until(None) };
            let queued = Inbox::has_some(queues);
            let end = over && !queued && ledger.len() == 0; // the last was settled meanwhile
            if ledger.is_takable(queued) && !paused || end {
                return Parked::Look;
            }
            if let Some(id) = *waiting {
                ledger.unwatch(id); // it gets another number, if it was woken
            }
            // From here on whoever settles something comes to the log, where it waits until this member is parked.
            ledger.starved = true;
        }
        let mut replaced = None;
        *waiting = self.park(seat, *waiting, waker, firm, caller, &mut replaced);
        effects.drop_waker(replaced);
        let Some(id) = *waiting else { return Parked::Until(None) };
        let mut inbox = inbox.lock();
        if inbox.is_paused() {
            return Parked::Until(None); // until it goes on, nothing that is due can be seen to
        }
        Parked::Until(inbox.ledger.as_mut().and_then(|ledger| ledger.watch(id, firm)))
    }

    /// A member is content: it got something, or the end. If it had been woken, another may find what it was woken for.
    pub(crate) fn unpark_kept(&mut self, inbox: &SharedInbox<M>, id: WaitId, effects: &mut Effects<M>) {
        if !self.unpark(inbox, id, effects) {
            self.stir(inbox, effects);
        }
    }

    /// A member does not wait any more; whether it was the one to watch for what is due, so that another has to.
    pub(super) fn was_watching(&self, inbox: &SharedInbox<M>, id: WaitId) -> bool {
        self.readers.get(inbox.place()).is_some_and(|reader| {
            reader.keeps && reader.inbox.lock().ledger.as_mut().is_some_and(|it| it.unwatch(id))
        })
    }

    /// Does what is to be done after something was done in an inbox.
    pub(crate) fn follow(&mut self, inbox: &SharedInbox<M>, after: After, effects: &mut Effects<M>) {
        if after.stir {
            self.stir(inbox, effects);
        }
        if after.serve {
            self.serve(effects);
        }
    }

    /// Wakes a parked member that would find something, or has to watch; all, if nothing will come.
    fn stir(&mut self, inbox: &SharedInbox<M>, effects: &mut Effects<M>) {
        let over = self.is_over();
        let Some(reader) = self.readers.get_mut(inbox.place()) else { return };
        let parked = !reader.parked.is_empty();
        let more = reader.not_pulled(&self.lanes) > 0;
        let mut inbox = reader.inbox.lock();
        let paused = inbox.is_paused();
        let Inbox { queues, ledger: Some(ledger), .. } = &mut *inbox else { return };
        let queued = Inbox::has_some(queues);
        let end = over && !more && !queued && ledger.len() == 0;
        let takable = ledger.is_takable(queued) || ledger.is_unwatched() || more && ledger.has_room();
        let some = takable && !paused;
        wake(&mut reader.parked, if end { u64::MAX } else { u64::from(some) }, effects);
        if reader.parked.is_empty() {
            ledger.starved = false;
            self.parked -= u32::from(parked);
        }
    }
}

impl<M: Clone> Log<M> {
    /// Fills the inbox from the intake, if it has nothing new.
    pub(crate) fn fill(&mut self, inbox: &SharedInbox<M>, effects: &mut Effects<M>) -> Refill {
        let (over, ended) = (self.is_over(), self.ended);
        let place = inbox.place();
        let Some(reader) = self.readers.get(place) else { return Refill::Closed };
        let (paused, left) = {
            let inbox = reader.inbox.lock();
            (inbox.is_paused(), inbox.left())
        };
        if paused && (ended || !over || left > 0 || reader.not_pulled(&self.lanes) > 0) {
            return if ended { Refill::Closed } else { Refill::Empty };
        }
        let mut pulled = false;
        for at in self.lanes.read() {
            let reader = &self.readers[place];
            if !reader.inbox.lock().queues[at].is_empty() {
                continue;
            }
            let intake = &mut self.lanes[at].intake;
            if reader.seats[at].next < intake.end() {
                self.pull(at, place, effects);
                pulled = true;
            } else {
                intake.give_back(0);
            }
            self.tell_lost(at, place, effects);
        }
        if pulled {
            self.serve(effects); // of what was pulled, some may be no more
            return Refill::More;
        }
        if over && (left == 0 || ended) { Refill::Closed } else { Refill::Empty }
    }
}
