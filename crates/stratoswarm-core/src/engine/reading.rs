use std::task::Waker;

use super::{
    Batch, Effects, InFlightGuard, Log, Queue, SharedInbox, Taken, WaitId, WaitList, cursors::Whose,
    inbox::Turn, log::wake, lossy::LossyShared,
};
use crate::{
    request::{AnyResponder, RequestLiveness},
    stats::Caller,
};

/// What a reader gets from the log.
pub(crate) enum Take {
    /// A message, and how many more the reader may find in its inbox.
    Message(usize),
    Empty,
    Closed,
}

impl<M: Clone> Log<M> {
    /// Whether a lossless reader may [take its message the short way](Self::take_lone), for which it is counted here:
    /// nobody waits for room, and there is one message, which need not go through the inbox, and one reader.
    #[inline(always)]
    pub(crate) fn is_lone(&mut self, inbox: &SharedInbox<M>, waiting: &mut Option<WaitId>) -> bool {
        let Some(reader) = self.readers.get_mut(inbox.place()) else { return false };
        let (seat, lane) = (&mut reader.seats.main, &self.lanes.main);
        let lone = lane.intake.len() == 1 && !lane.intake.has_tags() && !seat.filled;
        if !lone
            || lane.cursors.are_several()
            || !lane.gate.line.is_empty()
            || waiting.is_some() && !reader.parked.is_empty()
        {
            return false;
        }
        // Nobody waits for the place that it frees, nobody else needs the message, and the inbox behind it is empty: so there is
        // nobody to serve, nothing to clone, and no order to keep with what was pulled before.
        seat.next = lane.intake.end();
        seat.passed += 1;
        if seat.released > 0 {
            seat.released = 0;
        }
        *waiting = None; // woken, or the list would not be empty
        true
    }

    /// The message of which [`is_lone`](Self::is_lone) said so.
    #[inline(always)]
    pub(crate) fn take_lone(&mut self) -> Option<M> {
        self.lanes.main.intake.pop_plain()
    }

    /// The number of the first message in the intake.
    #[inline(always)]
    pub(crate) fn front(&self) -> u64 {
        self.lanes.main.intake.front()
    }

    /// Puts the newest message into `next`, if it is the only one for this reader: a request, or one that other readers need,
    /// too.
    #[inline(never)]
    pub(crate) fn take_newest(
        &mut self,
        inbox: &SharedInbox<M>,
        waiting: &mut Option<WaitId>,
        next: &mut Option<Taken<M>>,
    ) -> bool {
        let lane = &mut self.lanes.main;
        let several = lane.cursors.are_several();
        // What is retained is let go of by who pulls.
        let slow = several && (lane.intake.has_tags() || self.retention.is_some());
        if slow || !lane.gate.line.is_empty() || self.classes.is_some() {
            return false;
        }
        let Some(reader) = self.readers.get_mut(inbox.place()) else { return false };
        let number = reader.seats.main.next;
        let only = number + 1 == lane.intake.end() && reader.is_dry();
        if !only || waiting.is_some() && !reader.parked.is_empty() {
            return false;
        }
        // The newest message, and an empty inbox: it comes next, whether it is moved or cloned.
        let first = number == lane.intake.front();
        let alone = !several || first && lane.cursors.alone(Whose::Lossless, number, 1) == 1;
        if !alone && Self::LARGE {
            return false;
        }
        *next = if alone {
            lane.intake.take(reader.in_flight.as_deref())
        } else {
            lane.intake.copy_one((number - lane.intake.front()) as usize).map(|message| {
                let guard = reader
                    .in_flight
                    .as_ref()
                    .map_or(InFlightGuard::none(), |in_flight| in_flight.take(number));
                Taken { message, request: AnyResponder::none(), number, guard }
            })
        };
        let seat = &mut reader.seats.main;
        seat.next = number + 1;
        seat.passed += 1;
        seat.released = 0;
        reader.skipped.panicked += u64::from(next.is_none());
        lane.cursors.moved(Whose::Lossless, number, number + 1);
        *waiting = None; // woken, or the list would not be empty
        next.is_some()
    }

    /// Whether there is nothing for this reader, and more may come.
    #[inline]
    pub(crate) fn is_idle(&mut self, inbox: &SharedInbox<M>) -> bool {
        if self.closed || self.classes.is_some() {
            return false;
        }
        let tail = self.lanes.main.intake.end();
        let reader = self.readers.get_mut(inbox.place());
        reader.is_some_and(|reader| reader.seats.main.next == tail && reader.is_dry())
    }

    /// Whether an idle reader may park without ado: nobody waits for room, and there is no storage to give back.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        let lane = &self.lanes.main;
        lane.gate.line.is_empty() && lane.intake.storage() <= Queue::<M>::KEPT
    }

    /// The next message of a lossless reader, put into `next`: a large one is not copied more often than need be. Serves the
    /// senders that wait.
    pub(crate) fn take(
        &mut self,
        inbox: &SharedInbox<M>,
        next: &mut Option<Taken<M>>,
        effects: &mut Effects<M>,
    ) -> Take {
        let took = self.take_next(inbox, next, effects);
        self.serve(effects);
        took
    }

    fn take_next(
        &mut self,
        inbox: &SharedInbox<M>,
        next: &mut Option<Taken<M>>,
        effects: &mut Effects<M>,
    ) -> Take {
        if self.classes.is_some() {
            return self.take_sorted(inbox, next, effects);
        }
        let place = inbox.place();
        loop {
            let (over, lane) = (self.is_over(), &mut self.lanes.main);
            let Some(reader) = self.readers.get_mut(place) else { return Take::Closed };
            let seat = &mut reader.seats.main;
            if seat.filled {
                let mut inbox = reader.inbox.lock();
                *next = inbox.pop(reader.in_flight.as_deref());
                let left = inbox.len();
                if next.is_none() && inbox.is_paused() {
                    return if over && left == 0 && seat.next == lane.intake.end() || self.ended {
                        Take::Closed
                    } else {
                        Take::Empty
                    };
                }
                if inbox.rest() {
                    (seat.filled, seat.serves) = (false, false);
                }
                if next.is_some() {
                    return Take::Message(left);
                }
            }
            if seat.next == lane.intake.end() {
                lane.intake.give_back(0);
                return if over { Take::Closed } else { Take::Empty };
            }
            let alone = lane.intake.len() == 1 && !lane.cursors.are_several() && !Self::LARGE;
            if alone && !reader.sampled {
                *next = lane.intake.take(reader.in_flight.as_deref());
                seat.next = lane.intake.front();
                seat.passed += 1;
                seat.released = 0;
                return Take::Message(0); // without the inbox, where senders that wait would have to be served
            }
            self.pull(0, place, effects);
        }
    }

    /// The same of a channel with lanes: from the inbox, unless the next one is in an intake.
    fn take_sorted(
        &mut self,
        inbox: &SharedInbox<M>,
        next: &mut Option<Taken<M>>,
        effects: &mut Effects<M>,
    ) -> Take {
        let place = inbox.place();
        loop {
            let Some(reader) = self.readers.get_mut(place) else { return Take::Closed };
            let mut inbox = reader.inbox.lock();
            let paused = inbox.is_paused();
            let mut taken = inbox.pop(reader.in_flight.as_deref());
            if taken.is_none() && !paused {
                inbox.end_run();
                reader.deaf = 0;
                match inbox.take_turn(reader.in_flight.as_deref()) {
                    Turn::Took(message) => taken = Some(message),
                    Turn::Begun(waiting) => {
                        reader.deaf = !waiting;
                        if let Some(classes) = &mut self.classes {
                            classes.alarm |= reader.deaf;
                        }
                        continue;
                    }
                    Turn::InIntake(at) => {
                        drop(inbox);
                        self.pull(at, place, effects);
                        continue;
                    }
                    Turn::Nowhere => {}
                }
            }
            if taken.is_some() {
                *next = taken;
                for at in self.lanes.read() {
                    if inbox.rest_in(at) {
                        (reader.seats[at].filled, reader.seats[at].serves) = (false, false);
                    }
                }
                return Take::Message(inbox.hint());
            }
            let queued = inbox.len() > 0;
            drop(inbox);
            if self.ended {
                return Take::Closed;
            }
            if paused && (queued || self.readers[place].not_pulled(&self.lanes) > 0) {
                return Take::Empty;
            }
            self.lanes.more.iter_mut().for_each(|lane| lane.intake.give_back(0));
            return if self.is_over() { Take::Closed } else { Take::Empty };
        }
    }

    /// Up to `most` messages at once; how many more the reader may find in its inbox.
    pub(crate) fn take_many<T>(
        &mut self,
        inbox: &SharedInbox<M>,
        most: usize,
        effects: &mut Effects<M>,
        into: &mut impl Batch<M, T>,
    ) -> Result<usize, Take> {
        let took = self.take_many_next(inbox, most, effects, into);
        self.serve(effects);
        took
    }

    fn take_many_next<T>(
        &mut self,
        inbox: &SharedInbox<M>,
        most: usize,
        effects: &mut Effects<M>,
        into: &mut impl Batch<M, T>,
    ) -> Result<usize, Take> {
        let (mut count, mut more) = (0, 0);
        while count < most {
            if let Some(reader) = self.readers.get_mut(inbox.place())
                && reader.seats.main.filled
            {
                let mut inbox = reader.inbox.lock();
                let taken = inbox.pop_many(most - count, reader.in_flight.as_deref(), into);
                more = inbox.hint();
                count += taken;
                if taken > 0 {
                    continue;
                }
            }
            let mut next = None;
            match self.take_next(inbox, &mut next, effects) {
                Take::Message(left) => {
                    count += next.map_or(0, |taken| usize::from(into.take(taken)));
                    more = left;
                }
                none if count == 0 => return Err(none),
                _ => break,
            }
        }
        Ok(more)
    }
}

/// A reader, as it is known outside the log: where its futures wait.
pub(crate) trait Seat<M> {
    /// None if the reader is gone.
    fn parked<'a>(&self, log: &'a mut Log<M>) -> Option<&'a mut WaitList>;

    /// Somebody has parked there.
    fn parks(&self, _log: &mut Log<M>, _caller: &Caller) {}
}

impl<M> Seat<M> for SharedInbox<M> {
    fn parked<'a>(&self, log: &'a mut Log<M>) -> Option<&'a mut WaitList> {
        Some(&mut log.readers.get_mut(self.place())?.parked)
    }
}

impl<M> Seat<M> for LossyShared {
    fn parked<'a>(&self, log: &'a mut Log<M>) -> Option<&'a mut WaitList> {
        Some(&mut log.lossy(self)?.parked)
    }
}

impl<M> Log<M> {
    /// Parks a receiving future, or keeps its waker current; the old one comes back, if replaced. `firm`: the wait ends
    /// with the future.
    pub(crate) fn park(
        &mut self,
        seat: &impl Seat<M>,
        id: Option<WaitId>,
        waker: &Waker,
        firm: bool,
        caller: impl FnOnce() -> Caller,
        replaced: &mut Option<Waker>,
    ) -> Option<WaitId> {
        let fresh = self.next_id();
        let parked = seat.parked(self)?;
        let first = parked.is_empty();
        let mut registered = None;
        let (id, old) = parked.wait(id, fresh, waker, firm, || *registered.insert(caller()));
        *replaced = old;
        self.parked += u32::from(first);
        if let Some(caller) = registered {
            seat.parks(self, &caller);
        }
        Some(id)
    }

    /// A receiving future is content: it got something, or the end. Whether it was parked still; otherwise it was woken.
    pub(crate) fn unpark(&mut self, seat: &impl Seat<M>, id: WaitId, effects: &mut Effects<M>) -> bool {
        let Some(parked) = seat.parked(self) else { return true };
        let Some(waiter) = parked.remove(id) else { return false };
        let last = parked.is_empty();
        effects.drop_waker(waiter.waker);
        self.parked -= u32::from(last);
        true
    }

    /// A receiving future is dropped. If it had been woken, its wake goes on to the next.
    pub(crate) fn cancel_receive(&mut self, inbox: &SharedInbox<M>, id: WaitId, effects: &mut Effects<M>) {
        let watched = self.was_watching(inbox, id);
        if self.unpark(inbox, id, effects) && !watched {
            return;
        }
        let closed = self.closed;
        let Some(reader) = self.readers.get_mut(inbox.place()) else { return };
        if !reader.parked.is_empty() && (closed || reader.left(&self.lanes) > 0) {
            wake(&mut reader.parked, 1, effects);
            self.parked -= u32::from(reader.parked.is_empty());
        }
    }

    /// Counts a message that a reader took and did not hand out.
    pub(crate) fn count_skip(&mut self, inbox: &SharedInbox<M>, seq: u64, why: RequestLiveness) {
        if let Some(reader) = self.readers.get_mut(inbox.place()) {
            why.count(&mut reader.skipped);
            reader.inbox.lock().skipped(seq);
        }
    }
}

impl<M> Log<M> {
    /// Hands nothing more to a group, or goes on; whether there is one of this name.
    pub(crate) fn pause(&mut self, group: &str, paused: bool, effects: &mut Effects<M>) -> bool {
        let Some(place) = self.group(group) else { return false };
        let reader = &mut self.readers[place];
        reader.paused = paused;
        reader.inbox.lock().set_paused(paused);
        reader.seats.main.filled = true; // for the short ways, which pass an empty inbox by
        if !paused {
            let left = reader.left(&self.lanes).max(u64::from(self.closed));
            if left > 0 && !reader.parked.is_empty() {
                wake(&mut reader.parked, left, effects);
                self.parked -= u32::from(reader.parked.is_empty());
            }
        }
        true
    }
}
