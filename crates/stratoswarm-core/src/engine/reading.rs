use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
};

use super::{
    Batch, Effects, Log, Queue, Slot, Taken, Ticket,
    least::Least,
    reader::{Kind, Reader},
    slot::clone_message,
};
use crate::requests::{AnyCell, AnyResponder, Handover};

/// How many messages a reader among several takes under one lock.
const BATCH: u64 = 64;

/// What a reader gets from the log.
pub(crate) enum Take<M> {
    /// A message, and how many more the reader may find in its stash.
    Message(Taken<M>, usize),
    Empty,
    Closed,
}

impl<M: Clone> Log<M> {
    /// The next message of a lossless reader, the short way: no sender waits, and there is one reader, or one message.
    #[inline(always)]
    pub(crate) fn take_short(&mut self, me: usize, waiting: &mut Option<u64>) -> Option<Taken<M>> {
        if !self.senders.none_waits() {
            return None;
        }
        if self.lossless + self.lossy != 1 {
            return self.take_newest(me, waiting);
        }
        let reader = self.readers.get_mut(me)?.as_mut()?;
        if self.ring.len() > 1 || reader.stashed || !reader.backlog.is_empty() || reader.kind == Kind::Removed
        {
            return None;
        }
        if self.ring.starts_released() || waiting.is_some() && !reader.parked.is_empty() {
            return None;
        }
        let taken = self.ring.take(reader.hand.as_deref())?;
        reader.next += 1;
        reader.direct += 1;
        *waiting = None; // woken, or the list would not be empty
        Some(taken)
    }

    /// The short way where there are several readers: the newest message, if it is the only one for this reader.
    #[inline(never)]
    fn take_newest(&mut self, me: usize, waiting: &mut Option<u64>) -> Option<Taken<M>> {
        let reader = self.readers.get(me)?.as_ref()?;
        let before = reader.next;
        if before + 1 != self.tail || reader.stashed || !reader.backlog.is_empty() || !reader.is_lossless() {
            return None;
        }
        if self.ring.has_requests() || waiting.is_some() && !reader.parked.is_empty() {
            return None;
        }
        let last = before == self.ring.front() && self.least_next_but(me, before) > before;
        let reader = self.readers.get_mut(me)?.as_mut()?;
        let taken = if last {
            Some(self.ring.take(reader.hand.as_deref())?)
        } else if let Some(message) = clone_message(self.ring.message(before)?) {
            let ticket = reader.hand.as_ref().map_or(Ticket::none(), |hand| hand.take(before));
            Some(Taken { message, request: AnyResponder::none(), position: before, ticket })
        } else {
            reader.skipped.panicked += 1;
            None
        };
        reader.next = self.tail;
        reader.direct += 1;
        self.least_next.moved(before, self.tail);
        *waiting = None; // woken, or the list would not be empty
        taken
    }

    /// Whether there is nothing for this reader, and more may come.
    #[inline]
    pub(crate) fn is_idle(&self, me: usize) -> bool {
        let idle = |reader: &Reader<M>| {
            self.has_nothing_for(reader) && (!reader.stashed || reader.stash.lock().queue.is_empty())
        };
        self.readers.get(me).and_then(Option::as_ref).is_some_and(idle)
    }

    /// The same but for its stash.
    #[inline]
    fn has_nothing_for(&self, reader: &Reader<M>) -> bool {
        let nothing = self.tail == reader.next && reader.backlog.is_empty();
        nothing && !self.closed && reader.kind != Kind::Removed
    }

    /// Parks the short way, if there is nothing for this reader and nothing to do. The old waker comes back, if replaced.
    #[inline]
    pub(crate) fn park_short(
        &mut self,
        me: usize,
        waiting: &mut Option<u64>,
        waker: &Waker,
    ) -> Option<Option<Waker>> {
        let reader = self.readers.get(me)?.as_ref()?;
        // A stash, and a large ring, may have storage to give back.
        if reader.stashed || self.ring.storage() > Queue::<M>::KEPT {
            return None;
        }
        if !self.has_nothing_for(reader) || !self.senders.none_waits() {
            return None;
        }
        let fresh = self.ids + 1;
        let reader = self.readers.get_mut(me)?.as_mut()?;
        if let Some(id) = *waiting
            && let Some(replaced) = reader.parked.renew(id, waker)
        {
            return Some(replaced);
        }
        if reader.parked.is_empty() {
            self.parked += 1;
        }
        reader.parked.push(fresh, waker.clone());
        *waiting = Some(fresh);
        self.ids = fresh;
        Some(None)
    }

    /// The next message of a lossless reader. Serves the senders that wait, and with that asks for it at a new stash.
    pub(crate) fn take(&mut self, me: usize, effects: &mut Effects<M>) -> Take<M> {
        let took = self.take_next(me, effects);
        if !self.senders.none_waits() {
            self.serve(effects);
        }
        took
    }

    fn take_next(&mut self, me: usize, effects: &mut Effects<M>) -> Take<M> {
        loop {
            let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut) else { return Take::Closed };
            if reader.kind == Kind::Removed {
                return Take::Closed;
            }
            if let Some((position, slot)) = reader.backlog.pop_front() {
                reader.from_backlog += 1;
                let ticket = reader.hand.as_ref().map_or(Ticket::none(), |hand| hand.take_apart());
                let Slot { message, request } = slot;
                return Take::Message(Taken { message, request, position, ticket }, 0);
            }
            if reader.stashed {
                let mut stash = reader.stash.lock();
                match stash.pop_any(reader.hand.as_deref()) {
                    None => {
                        stash.queue.give_back(self.ring.len());
                        drop(stash);
                        reader.stashed = false;
                    }
                    Some(taken) if taken.request.is_released() => {
                        drop(stash);
                        reader.skip_released(taken, effects);
                        continue;
                    }
                    Some(taken) => {
                        return Take::Message(taken, stash.queue.len());
                    }
                }
            }
            if self.tail == reader.next {
                self.shrink(me);
                let over = self.closed && self.permits == 0;
                return if over { Take::Closed } else { Take::Empty };
            }
            if self.lossless + self.lossy == 1 {
                if self.ring.len() > 1 {
                    reader.next = self.tail;
                    reader.stashed = true;
                    self.ring.move_all(&mut reader.stash.lock().queue);
                    continue;
                }
                let Some(taken) = self.ring.take(reader.hand.as_deref()) else { return Take::Empty };
                reader.next += 1;
                reader.direct += 1;
                if taken.request.is_released() {
                    reader.skip_released(taken, effects);
                    continue;
                }
                return Take::Message(taken, 0);
            }
            self.take_shared(me, effects);
        }
    }

    /// One reader among several moves or clones what is there into its stash: who is the last to need a message moves it.
    fn take_shared(&mut self, me: usize, effects: &mut Effects<M>) {
        let Some(&mut Reader { next: before, kind, .. }) = self.reader(me) else { return };
        // Only who needs the first can be the last to need it; and only groups have requests.
        let others = if before == self.ring.front() { self.least_next_but(me, before) } else { before };
        let requests = matches!(kind, Kind::Group(_)) && self.ring.has_requests();
        let groups = if requests { self.least_group_next_but(me) } else { u64::MAX };
        let tail = self.tail;
        let ring = &mut self.ring;
        let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut) else { return };
        let mut stash = reader.stash.lock();
        let queue = &mut stash.queue;
        queue.skip_to(reader.next);
        reader.stashed = true;
        let movable = if reader.next == ring.front() { others.min(tail) - reader.next } else { 0 };
        if movable == ring.len() as u64 {
            // Nobody else needs any of it.
            ring.move_all(queue);
            reader.next = tail;
            self.least_next.moved(before, tail);
            return;
        }
        let until = tail.min(reader.next + BATCH);
        let movable = movable.min(until - reader.next);
        ring.move_first(movable as usize, queue);
        let from = reader.next + movable;
        let cloned = catch_unwind(AssertUnwindSafe(|| {
            queue.extend(ring.messages(from, until).cloned());
        }));
        reader.next = queue.front() + queue.len() as u64;
        if reader.is_group() {
            // Another group that has a request still to take needs a responder, too.
            let alone = groups.clamp(from, reader.next);
            for (position, request) in ring.take_requests(from, alone) {
                queue.add_request(position, request);
            }
            for (position, request) in ring.requests() {
                if position >= alone && position < reader.next {
                    queue.add_request(position, request.clone());
                }
            }
        }
        if cloned.is_err() && queue.is_empty() {
            // Its turn now: passed over. Otherwise it is the first of the next batch.
            let over = ring.request(reader.next).filter(|request| reader.is_group() && request.is_released());
            if let Some(cell) = over.and_then(AnyResponder::cell) {
                reader.dead = reader.dead.saturating_sub(1);
                reader.skipped.count(Some(cell.state()));
            } else {
                reader.skipped.panicked += 1;
            }
            if reader.is_group() && groups > reader.next {
                let unanswered = ring.take_requests(reader.next, reader.next + 1);
                effects.dropped_requests.extend(unanswered.map(|(_, request)| request)); // nobody else can
            }
            reader.next += 1;
            reader.direct += 1;
        }
        self.least_next.moved(before, reader.next);
    }

    /// The least position that another reader than this one, which is at `next`, still needs.
    fn least_next_but(&mut self, me: usize, next: u64) -> u64 {
        let needed = |reader: &Reader<M>| (reader.kind != Kind::Removed).then_some(reader.next);
        if !self.least_next.is_known() {
            self.least_next = Least::of(self.readers.iter().flatten().filter_map(needed));
        }
        let least = self.least_next.but(next).unwrap_or_else(|| {
            let others = self.readers.iter().enumerate().filter(|(at, _)| *at != me);
            others.filter_map(|(_, reader)| reader.as_ref().and_then(needed)).min().unwrap_or(u64::MAX)
        });
        let kept = if self.lossless == 0 { self.unclaimed_or_max() } else { u64::MAX };
        least.min(kept).max(self.ring.front())
    }

    fn least_group_next_but(&self, me: usize) -> u64 {
        let others = self.readers.iter().enumerate().filter(|(at, _)| *at != me);
        let groups = others.filter_map(|(_, reader)| reader.as_ref().filter(|other| other.is_group()));
        groups.map(|group| group.next).min().unwrap_or(u64::MAX)
    }

    /// Brings a lossy reader's batch up to date: what it is too late for goes, and an empty one is filled.
    pub(crate) fn take_lossy(
        &mut self,
        me: usize,
        batch: &mut Queue<M>,
        effects: &mut Effects<M>,
    ) -> LossyTake {
        let Some(&mut Reader { next, batch_from, .. }) = self.reader(me) else {
            return LossyTake { missed: 0, closed: true };
        };
        let others = if self.lossless + self.lossy == 1 {
            self.unclaimed_or_max()
        } else if next <= self.ring.front() {
            self.least_next_but(me, next)
        } else {
            next // others need the first
        };
        let history = self.history();
        let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut) else {
            return LossyTake { missed: 0, closed: true };
        };
        if !self.keeps {
            let behind = self.tail - if batch.is_empty() { reader.next } else { batch.front() };
            self.high_water = self.high_water.max(behind.min(history));
        }
        let mut missed = 0;
        let oldest = self.tail.saturating_sub(history);
        while batch.front() < oldest
            && let Some(slot) = batch.pop()
        {
            effects.drop_slot(slot);
            missed += 1;
        }
        if batch.is_empty() {
            missed += Self::refill_lossy(reader, &mut self.ring, self.tail, others, batch);
        }
        reader.skipped.missed += missed;
        reader.batch_from = if batch.is_empty() { u64::MAX } else { batch.front() };
        self.least_next.moved(next, reader.next);
        self.least_batch.moved(batch_from, reader.batch_from);
        if !self.least_batch.is_known() {
            self.least_batch = Least::of(self.readers.iter().flatten().map(|reader| reader.batch_from));
        }
        self.alarm = self.least_batch.at().saturating_add(history);
        let over = self.closed && self.permits == 0 && batch.is_empty();
        LossyTake { missed, closed: over }
    }

    /// Fills an empty batch; how many messages were missed before it.
    fn refill_lossy(
        reader: &mut Reader<M>,
        ring: &mut Queue<M>,
        tail: u64,
        others: u64,
        batch: &mut Queue<M>,
    ) -> u64 {
        let mut missed = ring.front().saturating_sub(reader.next);
        reader.next += missed;
        batch.skip_to(reader.next);
        if reader.next == tail {
            return missed;
        }
        let movable = if reader.next == ring.front() { others.min(tail) - reader.next } else { 0 };
        if movable == ring.len() as u64 {
            // Nobody else needs any of it.
            ring.move_all(batch);
            reader.next = tail;
            return missed;
        }
        let until = tail.min(reader.next + BATCH);
        let movable = movable.min(until - reader.next);
        ring.move_first(movable as usize, batch);
        reader.next += movable;
        while reader.next < until {
            let next = reader.next;
            let cloned = catch_unwind(AssertUnwindSafe(|| {
                batch.extend(ring.messages(next, until).cloned());
            }));
            reader.next = batch.front() + batch.len() as u64;
            if cloned.is_ok() || !batch.is_empty() {
                break; // the one whose `Clone` panicked, if any, is the first of the next batch
            }
            // As if it had been missed.
            reader.next += 1;
            batch.skip_to(reader.next);
            missed += 1;
        }
        missed
    }

    fn unclaimed_or_max(&self) -> u64 {
        if self.keeps { self.unclaimed.max(self.ring.front()) } else { u64::MAX }
    }

    /// Up to `most` messages at once; how many more the reader may find in its stash.
    pub(crate) fn take_many<T>(
        &mut self,
        me: usize,
        most: usize,
        effects: &mut Effects<M>,
        into: &mut impl Batch<M, T>,
    ) -> Result<usize, Take<M>> {
        let took = self.take_many_next(me, most, effects, into);
        if !self.senders.none_waits() {
            self.serve(effects);
        }
        took
    }

    fn take_many_next<T>(
        &mut self,
        me: usize,
        most: usize,
        effects: &mut Effects<M>,
        into: &mut impl Batch<M, T>,
    ) -> Result<usize, Take<M>> {
        let (mut count, mut more) = (0, 0);
        while count < most {
            if let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut)
                && reader.stashed
                && reader.backlog.is_empty()
            {
                // Requests take the long way: one that gave up its place is the log's to count.
                let mut stash = reader.stash.lock();
                let taken = stash.pop_many(most - count, reader.hand.as_deref(), into);
                more = stash.queue.len();
                count += taken;
                if taken > 0 {
                    continue;
                }
            }
            match self.take_next(me, effects) {
                Take::Message(taken, left) => {
                    count += usize::from(into.take(taken));
                    more = left;
                }
                none if count == 0 => return Err(none),
                _ => break,
            }
        }
        Ok(more)
    }

    /// Parks a receiving future, or keeps its waker current.
    pub(crate) fn park(
        &mut self,
        me: usize,
        id: Option<u64>,
        waker: &Waker,
        effects: &mut Effects<M>,
    ) -> Option<u64> {
        let fresh = self.next_id();
        let reader = self.readers.get_mut(me)?.as_mut()?;
        if let Some(id) = id
            && let Some(replaced) = reader.parked.renew(id, waker)
        {
            effects.wakers_dropped.extend(replaced);
            return Some(id);
        }
        if reader.parked.is_empty() {
            self.parked += 1;
        }
        reader.parked.push(fresh, waker.clone());
        Some(fresh)
    }

    /// A receiving future is content: it got something, or the end.
    pub(crate) fn unpark(&mut self, me: usize, id: u64, effects: &mut Effects<M>) {
        if let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut)
            && let Some(waker) = reader.parked.cancel(id)
        {
            effects.wakers_dropped.push(waker);
            if reader.parked.is_empty() {
                self.parked -= 1;
            }
        }
    }
}

impl<M> Log<M> {
    /// A receiving future is dropped. If it had been woken, its wake goes on to the next.
    pub(crate) fn cancel_receive(&mut self, me: usize, id: u64, effects: &mut Effects<M>) {
        let (tail, closed) = (self.tail, self.closed);
        let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut) else { return };
        if reader.parked.is_empty() {
            return;
        }
        if let Some(waker) = reader.parked.cancel(id) {
            effects.wakers_dropped.push(waker);
        } else if closed || reader.left(tail) > 0 {
            effects.wakers.extend(reader.parked.pop());
        }
        if reader.parked.is_empty() {
            self.parked -= 1;
        }
    }

    /// Counts a request that a handler was not given.
    pub(crate) fn count_skip(&mut self, me: usize, why: Handover) {
        let Some(reader) = self.reader(me) else { return };
        reader.skipped.count(Some(why));
    }

    /// Gives the storage of a burst back, of the log and of a lossy reader's batch.
    pub(crate) fn shrink_lossy(&mut self, batch: &mut Queue<M>) {
        self.ring.give_back(0);
        batch.give_back(0);
    }

    /// Gives the storage of a burst back, once it is drained.
    fn shrink(&mut self, me: usize) {
        self.ring.give_back(0);
        if let Some(reader) = self.reader(me) {
            reader.stash.lock().queue.give_back(0);
        }
    }
}

impl<M> Reader<M> {
    /// Counts a request that had given up its place and that it has just passed.
    fn skip_released(&mut self, taken: Taken<M>, effects: &mut Effects<M>) {
        self.dead = self.dead.saturating_sub(1);
        self.skipped.count(taken.request.cell().map(AnyCell::state));
        effects.drop_slot(Slot { message: taken.message, request: taken.request });
    }
}

/// What a lossy reader got besides messages.
pub(crate) struct LossyTake {
    pub(crate) missed: u64,
    pub(crate) closed: bool,
}
