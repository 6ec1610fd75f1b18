use std::{
    collections::VecDeque,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
};

use super::{
    Effects, Log, Slot, Taken,
    log::{KEPT_SLOTS, give_back},
    reader::{Kind, Reader},
};
use crate::requests::{AnyCell, Handover};

/// How many messages a reader among several takes under one lock.
const BATCH: u64 = 32;

/// What a reader gets from the log.
pub(crate) enum Take<M> {
    /// A message, and how many more the reader may find in its stash.
    Message(Taken<M>, usize),
    Empty,
    Closed,
}

impl<M: Clone> Log<M> {
    /// The next message of a lossless reader, the short way: one reader, nothing waiting anywhere.
    #[inline(always)]
    pub(crate) fn take_short(&mut self, me: usize, waiting: &mut Option<u64>) -> Option<Taken<M>> {
        if self.lossless + self.lossy != 1 || !self.senders.none_waits() {
            return None;
        }
        let reader = self.readers.get_mut(me)?.as_mut()?;
        if self.tail - self.base > 1
            || reader.stashed
            || !reader.backlog.is_empty()
            || reader.kind == Kind::Removed
        {
            return None;
        }
        if self.ring.front()?.request.is_released() {
            return None;
        }
        if waiting.is_some() && !reader.parked.is_empty() {
            return None;
        }
        let slot = self.ring.pop_front()?;
        let position = self.base;
        self.base += 1;
        reader.next += 1;
        reader.direct += 1;
        *waiting = None; // woken, or the list would not be empty
        Some(Taken { slot, position })
    }

    /// Whether there is nothing for this reader, and more may come.
    #[inline]
    pub(crate) fn is_idle(&self, me: usize) -> bool {
        let reader = self.readers.get(me).and_then(Option::as_ref);
        !self.closed
            && reader.is_some_and(|reader| {
                let nothing = self.tail == reader.next && !reader.stashed && reader.backlog.is_empty();
                nothing && reader.kind != Kind::Removed
            })
    }

    /// Parks the short way, if there is nothing for this reader and nothing to do. The old waker comes back, if replaced.
    #[inline]
    pub(crate) fn park_short(
        &mut self,
        me: usize,
        waiting: &mut Option<u64>,
        waker: &Waker,
    ) -> Option<Option<Waker>> {
        if !self.is_idle(me) || !self.senders.none_waits() || self.ring.capacity() > KEPT_SLOTS {
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
                return Take::Message(Taken { slot, position }, 0);
            }
            if reader.stashed {
                let mut stash = reader.stash.lock();
                match stash.pop_any() {
                    None => {
                        give_back(&mut stash.queue, (self.tail - self.base) as usize);
                        drop(stash);
                        reader.stashed = false;
                    }
                    Some(taken) if taken.slot.request.is_released() => {
                        drop(stash);
                        reader.skip_released(taken.slot, effects);
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
                if self.tail - self.base > 1 {
                    self.swap_ring(me);
                    continue;
                }
                let Some(slot) = self.ring.pop_front() else { return Take::Empty };
                let position = self.base;
                self.base += 1;
                reader.next += 1;
                reader.direct += 1;
                if slot.request.is_released() {
                    reader.skip_released(slot, effects);
                    continue;
                }
                return Take::Message(Taken { slot, position }, 0);
            }
            self.take_shared(me, effects);
        }
    }

    /// The only reader takes the ring as it is.
    fn swap_ring(&mut self, me: usize) {
        let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut) else { return };
        let mut stash = reader.stash.lock();
        stash.front = self.base;
        mem::swap(&mut stash.queue, &mut self.ring);
        reader.stashed = true;
        reader.next = self.tail;
        self.base = self.tail;
    }

    /// One reader among several moves or clones what is there into its stash: who is the last to need a message moves it.
    fn take_shared(&mut self, me: usize, effects: &mut Effects<M>) {
        let others = self.least_next_but(me);
        let groups = self.least_group_next_but(me);
        let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut) else { return };
        let group = reader.is_group();
        let count = BATCH.min(self.tail - reader.next);
        let mut stash = reader.stash.lock();
        stash.front = reader.next;
        let movable = if reader.next == self.base {
            others.saturating_sub(self.base).min(self.tail - self.base)
        } else {
            0
        };
        reader.stashed = true;
        if movable == self.ring.len() as u64 {
            // Nobody else needs any of it.
            mem::swap(&mut stash.queue, &mut self.ring);
            self.base = self.tail;
            reader.next = self.tail;
            return;
        }
        let movable = movable.min(count);
        stash.queue.extend(self.ring.drain(..movable as usize));
        self.base += movable;
        reader.next += movable;
        let at = (reader.next - self.base) as usize;
        let range = at..at + (count - movable) as usize;
        let before = stash.queue.len();
        let queue = &mut stash.queue;
        let ring = &mut self.ring;
        let cloned = catch_unwind(AssertUnwindSafe(|| {
            if group {
                let positions = reader.next..;
                queue.extend(ring.range_mut(range).zip(positions).map(|(slot, position)| {
                    let message = slot.message.clone();
                    // Another group that has it still to take needs a responder, too.
                    let shared = groups <= position;
                    let request = if shared { slot.request.clone() } else { mem::take(&mut slot.request) };
                    Slot { message, request }
                }));
            } else {
                queue.extend(ring.range(range).map(|slot| Slot::plain(slot.message.clone())));
            }
        }));
        reader.next += (stash.queue.len() - before) as u64;
        if cloned.is_err() && stash.queue.is_empty() {
            // Its turn now: passed over. Otherwise it is the first of the next batch.
            let at = (reader.next - self.base) as usize;
            if group
                && groups > reader.next
                && let Some(slot) = self.ring.get_mut(at)
            {
                effects.dropped_requests.push(mem::take(&mut slot.request)); // nobody else can answer it
            }
            reader.next += 1;
            reader.direct += 1;
            reader.skipped.panicked += 1;
        }
    }

    /// The least position that another reader still needs.
    fn least_next_but(&self, me: usize) -> u64 {
        let mut least = u64::MAX;
        let mut lossless = 0;
        for (at, reader) in self.readers.iter().enumerate() {
            let Some(reader) = reader else { continue };
            lossless += u32::from(reader.is_lossless());
            if at != me && reader.kind != Kind::Removed {
                least = least.min(reader.next.max(self.base));
            }
        }
        if self.keeps && lossless == 0 { least.min(self.unclaimed.max(self.base)) } else { least }
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
        batch: &mut LossyBatch<M>,
        effects: &mut Effects<M>,
    ) -> LossyTake {
        let alone = self.lossless + self.lossy == 1;
        let others = if alone { self.unclaimed_or_max() } else { self.least_next_but(me) };
        let history = self.history();
        let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut) else {
            return LossyTake { missed: 0, closed: true };
        };
        let mut missed = 0;
        let oldest = self.tail.saturating_sub(history);
        while batch.front < oldest
            && let Some(slot) = batch.queue.pop_front()
        {
            effects.dropped.push(slot);
            batch.front += 1;
            missed += 1;
        }
        if batch.queue.is_empty() {
            missed += Self::refill_lossy(reader, &mut self.ring, &mut self.base, self.tail, others, batch);
        }
        reader.skipped.missed += missed;
        reader.batch_from = if batch.queue.is_empty() { u64::MAX } else { batch.front };
        let first = self.live().map(|reader| reader.batch_from).min().unwrap_or(u64::MAX);
        self.alarm = first.saturating_add(history);
        let over = self.closed && self.permits == 0 && batch.queue.is_empty();
        LossyTake { missed, closed: over }
    }

    /// Fills an empty batch; how many messages were missed before it.
    fn refill_lossy(
        reader: &mut Reader<M>,
        ring: &mut VecDeque<Slot<M>>,
        base: &mut u64,
        tail: u64,
        others: u64,
        batch: &mut LossyBatch<M>,
    ) -> u64 {
        let mut missed = base.saturating_sub(reader.next);
        reader.next += missed;
        let available = tail - reader.next;
        if others == u64::MAX && available > 0 {
            mem::swap(ring, &mut batch.queue);
            batch.front = *base;
            *base = tail;
            reader.next = tail;
            return missed;
        }
        let count = BATCH.min(available);
        let movable = if reader.next == *base { others.saturating_sub(*base).min(count) } else { 0 };
        batch.front = reader.next;
        if movable == ring.len() as u64 {
            mem::swap(ring, &mut batch.queue);
        } else {
            batch.queue.extend(ring.drain(..movable as usize));
        }
        *base += movable;
        reader.next += movable;
        loop {
            let at = (reader.next - *base) as usize;
            let range = at..at + (count - (reader.next - batch.front)).min(tail - reader.next) as usize;
            let before = batch.queue.len();
            let queue = &mut batch.queue;
            let cloned = catch_unwind(AssertUnwindSafe(|| {
                queue.extend(ring.range(range).map(|slot| Slot::plain(slot.message.clone())));
            }));
            reader.next += (batch.queue.len() - before) as u64;
            if cloned.is_ok() || !batch.queue.is_empty() {
                return missed; // the one whose `Clone` panicked, if any, is the first of the next batch
            }
            // As if it had been missed.
            reader.next += 1;
            batch.front += 1;
            missed += 1;
        }
    }

    fn unclaimed_or_max(&self) -> u64 {
        if self.keeps { self.unclaimed.max(self.base) } else { u64::MAX }
    }

    /// Up to `most` messages at once. Returns how many.
    pub(crate) fn take_many(
        &mut self,
        me: usize,
        most: usize,
        effects: &mut Effects<M>,
        mut into: impl FnMut(Taken<M>),
    ) -> Result<usize, Take<M>> {
        let mut count = 0;
        while count < most {
            match self.take_next(me, effects) {
                Take::Message(taken, more) => {
                    into(taken);
                    count += 1;
                    if more > 0
                        && let Some(reader) = self.readers.get_mut(me).and_then(Option::as_mut)
                    {
                        let mut stash = reader.stash.lock();
                        // Requests take the long way: one that gave up its place is the log's to count.
                        if self.requests_end <= stash.front {
                            count += stash.pop_many(most - count, &mut into);
                        }
                    }
                }
                none if count == 0 => return Err(none),
                _ => break,
            }
        }
        if !self.senders.none_waits() {
            self.serve(effects);
        }
        Ok(count)
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
    pub(crate) fn shrink_lossy(&mut self, batch: &mut LossyBatch<M>) {
        give_back(&mut self.ring, 0);
        give_back(&mut batch.queue, 0);
    }

    /// Gives the storage of a burst back, once it is drained.
    fn shrink(&mut self, me: usize) {
        give_back(&mut self.ring, 0);
        if let Some(reader) = self.reader(me) {
            give_back(&mut reader.stash.lock().queue, 0);
        }
    }
}

impl<M> Reader<M> {
    /// Counts a request that had given up its place and that it has just passed.
    fn skip_released(&mut self, slot: Slot<M>, effects: &mut Effects<M>) {
        self.dead = self.dead.saturating_sub(1);
        self.skipped.count(slot.request.cell().map(AnyCell::state));
        effects.dropped.push(slot);
    }
}

/// What a lossy reader took and did not hand out yet.
pub(crate) struct LossyBatch<M> {
    pub(crate) queue: VecDeque<Slot<M>>,
    /// The position of the queue's front.
    pub(crate) front: u64,
}

/// What a lossy reader got besides messages.
pub(crate) struct LossyTake {
    pub(crate) missed: u64,
    pub(crate) closed: bool,
}
