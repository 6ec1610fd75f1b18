use std::{panic::Location, task::Waker};

use super::{Effects, Log, Note, Slot, reader::Reader, slot::clone_message};
use crate::sync::atomic::Ordering;

/// Whether a message may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Granted,
    Full,
    Closed,
}

impl<M> Log<M> {
    /// Whether a message may be pushed without further ado.
    #[inline(always)]
    pub(crate) fn admits(&self) -> bool {
        self.tail + self.held < self.soft
    }

    /// The same for `count` messages.
    #[inline]
    pub(crate) fn admits_many(&self, count: usize) -> bool {
        count as u64 <= self.soft.saturating_sub(self.tail + self.held)
    }

    /// The same for one, after a look at the only reader, if there is one and its stash is empty: what a channel comes to
    /// that is mostly empty, where every message may be a new high water.
    #[inline]
    pub(crate) fn admits_now(&mut self) -> bool {
        if self.admits() {
            return true;
        }
        if self.closed || !self.senders.none_waits() || self.lossless != 1 || !self.orphans.is_empty() {
            return false;
        }
        let [Some(reader)] = self.readers.as_slice() else { return false };
        if reader.stashed || reader.dead > 0 || !reader.backlog.is_empty() {
            return false;
        }
        self.floor = reader.next;
        let depth = self.tail + 1 - self.floor;
        if self.held > 0 || depth > self.capacity {
            return false;
        }
        self.high_water = self.high_water.max(depth);
        self.soft = self.floor.saturating_add(self.high_water.min(self.capacity));
        true
    }

    /// Looks again at the readers, and refreshes what `floor` and `soft` remember of them.
    pub(super) fn refresh(&mut self) {
        self.floor = self.lowest();
        self.set_soft();
    }

    pub(super) fn lowest(&self) -> u64 {
        self.lowest_with(self.slowest())
    }

    /// The floor of the slowest lossless reader.
    fn slowest(&self) -> Option<u64> {
        let floor = |reader: &Reader<M>| reader.floor(reader.passed(), &self.orphans);
        self.live().filter(|reader| reader.is_lossless()).map(floor).min()
    }

    fn lowest_with(&self, slowest: Option<u64>) -> u64 {
        slowest.unwrap_or_else(|| {
            (self.unclaimed + self.unclaimed_dead).saturating_sub(self.orphans.len() as u64)
        })
    }

    #[inline]
    fn limit(&self) -> u64 {
        self.floor.saturating_add(self.capacity)
    }

    /// Pushes stay unseen only while they can be no new high water, so that the high water is exact.
    fn set_soft(&mut self) {
        let quiet = self.high_water.min(self.capacity);
        self.soft =
            if self.closed || !self.senders.none_waits() { 0 } else { self.floor.saturating_add(quiet) };
    }

    /// Places that are free now; the floor must be fresh.
    #[inline]
    fn free(&self) -> u64 {
        self.limit().saturating_sub(self.tail + self.held)
    }

    /// Notes how many messages wait; the floor must be fresh.
    pub(crate) fn note_depth(&mut self) {
        self.high_water = self.high_water.max(self.tail - self.floor);
        self.set_soft();
    }

    /// How many are accepted and not taken by the slowest; of a broadcast: how many its slowest reader can still get.
    pub(crate) fn len(&self) -> u64 {
        if self.keeps {
            return self.tail.saturating_sub(self.lowest());
        }
        let behind = self.live().map(|reader| reader.left(self.tail)).max().unwrap_or(0);
        behind.min(self.capacity)
    }

    /// The waker to wake for one message, where there is one reader; `Err` where it takes the long way.
    #[inline]
    pub(crate) fn sole_parked(&mut self) -> Result<Option<Waker>, ()> {
        if self.lossless + self.lossy != 1 || self.lossy != 0 {
            return Err(());
        }
        let Some(reader) = self.readers.iter_mut().flatten().find(|reader| !reader.parked.is_empty()) else {
            return Ok(None);
        };
        let waker = reader.parked.pop();
        if reader.parked.is_empty() {
            self.parked -= 1;
        }
        Ok(waker)
    }

    pub(crate) fn wake_readers(&mut self, messages: u64, effects: &mut Effects<M>) {
        for reader in self.readers.iter_mut().flatten() {
            if reader.parked.is_empty() {
                continue;
            }
            let wanted = if reader.is_group() { messages } else { 1 };
            for _ in 0..wanted {
                match reader.parked.pop() {
                    Some(waker) => effects.wakers.push(waker),
                    None => break,
                }
            }
            if reader.parked.is_empty() {
                self.parked -= 1;
            }
        }
    }

    /// Gives free places to the longest waiting senders.
    pub(super) fn serve(&mut self, effects: &mut Effects<M>) {
        if self.closed {
            return;
        }
        loop {
            let slowest = self.slowest();
            self.floor = self.lowest_with(slowest);
            while self.free() > 0 {
                let Some(waker) = self.senders.grant() else { break };
                self.held += 1;
                effects.wakers.push(waker);
            }
            if slowest.is_none_or(|slowest| self.ask(slowest)) {
                break;
            }
        }
        self.set_soft();
    }

    /// While senders wait, asks the slowest readers, and only them, to serve whenever they take from their stash: no other
    /// can free a place. False if the slowest is further by now: then the floor is higher than thought, and must be
    /// looked at again.
    fn ask(&mut self, slowest: u64) -> bool {
        let waiting = !self.senders.none_waits();
        let mut found = false;
        for reader in self.readers.iter_mut().flatten() {
            if !reader.stashed {
                let floor = reader.floor(reader.next, &self.orphans);
                found |= reader.is_lossless() && floor == slowest; // comes here for its next
            } else if waiting || reader.asked {
                let mut stash = reader.stash.lock();
                let is_slowest = reader.floor(reader.direct + stash.popped, &self.orphans) == slowest;
                found |= is_slowest;
                reader.asked = waiting && is_slowest;
                stash.ask = reader.asked;
            }
        }
        found || !waiting
    }

    /// What a reader does that popped from its stash while senders wait.
    #[cold]
    pub(crate) fn attend(&mut self, effects: &mut Effects<M>) {
        self.serve(effects);
    }

    /// A sender is dropped that waited or had been granted a place.
    pub(crate) fn cancel_send(&mut self, id: u64, effects: &mut Effects<M>) {
        if let Some(waker) = self.senders.cancel(id) {
            effects.wakers_dropped.push(waker);
        } else if self.senders.take_grant(id) {
            self.held -= 1;
        }
        self.serve(effects);
    }

    /// A permit is dropped unused.
    pub(crate) fn return_permit(&mut self, effects: &mut Effects<M>) {
        self.permits -= 1;
        self.held -= 1;
        if self.closed && self.permits == 0 {
            self.wake_all_readers(effects);
        }
        self.serve(effects);
    }

    /// Turns an admission into a permit.
    pub(crate) fn permit(&mut self) {
        self.permits += 1;
        self.held += 1;
    }

    /// Takes the place that a waiting sender may have been granted. `Full`: it waits still, `waker` is kept.
    pub(crate) fn claim(&mut self, id: u64, waker: &Waker, effects: &mut Effects<M>) -> Admission {
        if self.closed {
            return Admission::Closed;
        }
        if self.senders.take_grant(id) {
            self.held -= 1;
            self.floor = self.lowest();
            return Admission::Granted;
        }
        effects.wakers_dropped.extend(self.senders.renew(id, waker));
        Admission::Full
    }

    /// The same for `wanted` messages: with the granted place come those that are free and that nobody waits for.
    pub(crate) fn claim_many(
        &mut self,
        id: u64,
        wanted: usize,
        waker: &Waker,
        effects: &mut Effects<M>,
    ) -> Result<usize, Admission> {
        match self.claim(id, waker, effects) {
            Admission::Granted if self.senders.none_waits() => Ok(self.places(wanted).max(1)),
            Admission::Granted => Ok(1),
            refused => Err(refused),
        }
    }

    /// How many of `wanted` messages find a place; the floor must be fresh.
    fn places(&self, wanted: usize) -> usize {
        self.free().min(wanted as u64) as usize
    }

    /// Queues a sender behind those that wait. Before it sleeps, it must [ask for service](Self::ask_for_service).
    pub(crate) fn enqueue(&mut self, waker: &Waker, from: &'static Location<'static>) -> u64 {
        self.soft = 0;
        self.senders.enqueue(waker.clone(), from)
    }

    /// Has the slowest readers serve the senders that wait, from now on with each message they take.
    pub(crate) fn ask_for_service(&mut self, effects: &mut Effects<M>) {
        self.serve(effects); // from here on, the slowest serves when it pops; what it popped before is seen
        let waiting = self.senders.waiting() as u64;
        let floor = self.floor;
        for reader in self.readers.iter_mut().flatten() {
            let holds = |reader: &Reader<M>| reader.floor(reader.passed(), &self.orphans) <= floor;
            if reader.is_group() && reader.members == 0 && !reader.warned && holds(reader) {
                reader.warned = true;
                effects.notes.push(Note::DeadGroup { group: reader.name.clone(), waiting });
            }
        }
    }

    /// Queues a sender and asks for service.
    pub(crate) fn wait(
        &mut self,
        waker: &Waker,
        from: &'static Location<'static>,
        effects: &mut Effects<M>,
    ) -> u64 {
        let id = self.enqueue(waker, from);
        self.ask_for_service(effects);
        id
    }
}

impl<M: Clone> Log<M> {
    /// Decides the slow way: those that wait come first, and expired requests give up their places.
    #[cold]
    pub(crate) fn admit(&mut self, effects: &mut Effects<M>) -> Admission {
        if self.closed {
            return Admission::Closed;
        }
        if !self.senders.none_waits() {
            self.serve(effects);
            if !self.senders.none_waits() && self.release_gone(effects) {
                self.serve(effects);
            }
            if !self.senders.none_waits() {
                return Admission::Full;
            }
        }
        self.floor = self.lowest();
        if self.free() == 0 && self.release_gone(effects) {
            self.floor = self.lowest();
        }
        if self.free() == 0 {
            self.set_soft();
            return Admission::Full;
        }
        Admission::Granted
    }

    /// How many of `wanted` messages may come in now, nobody waiting.
    pub(crate) fn admit_many(&mut self, wanted: usize, effects: &mut Effects<M>) -> Result<usize, Admission> {
        match self.admit(effects) {
            Admission::Granted => Ok(self.places(wanted)),
            refused => Err(refused),
        }
    }

    /// Appends an admitted message; its position.
    #[inline(always)]
    pub(crate) fn push(&mut self, message: M) {
        self.tail += 1;
        self.ring.push(message, self.capacity);
    }

    /// Appends the first `count` messages, which were admitted.
    pub(crate) fn push_many(&mut self, messages: &mut Vec<M>, count: usize) {
        self.tail += count as u64;
        self.ring.append(messages, count);
        self.note_depth();
    }

    /// Whether a group is there to answer requests.
    #[inline(always)]
    pub(crate) fn has_group(&self) -> bool {
        self.groups > 0
    }

    /// Appends an admitted request; its position. There must be a group, or no lossless reader at all.
    #[inline(always)]
    pub(crate) fn push_request(&mut self, Slot { message, request }: Slot<M>) -> u64 {
        let position = self.tail;
        self.asked += 1;
        self.tail += 1;
        self.requests_end = self.tail;
        self.ring.push_request(message, request);
        position
    }

    /// Appends an admitted request, whoever is there; its position.
    pub(crate) fn push_any_request(&mut self, slot: Slot<M>, effects: &mut Effects<M>) -> u64 {
        if self.groups > 0 || self.lossless == 0 {
            let position = self.push_request(slot);
            self.refresh();
            self.note_depth();
            return position;
        }
        // Only subscribers are there: they see the message, and a group to come may answer it.
        self.asked += 1;
        let position = self.tail;
        let Slot { message, request } = slot;
        match clone_message(&message) {
            Some(message) => self.orphans.push_back((position, Slot { message, request })),
            None => effects.dropped_requests.push(request),
        }
        self.push(message);
        self.refresh();
        self.note_depth();
        position
    }

    /// Whether `pushed` has something to do.
    #[inline(always)]
    pub(crate) fn has_followers(&self) -> bool {
        self.parked + self.lossy > 0
    }

    /// What follows the push of `count` messages: readers to wake, history to trim.
    pub(crate) fn pushed(&mut self, count: u64, effects: &mut Effects<M>) {
        if self.lossy > 0 {
            self.overtake();
            self.trim(effects);
        }
        if self.parked > 0 {
            self.wake_readers(count, effects);
        }
    }

    /// Sends a message with a permit. Legal after the close.
    pub(crate) fn push_permitted(&mut self, message: M, effects: &mut Effects<M>) {
        self.permits -= 1;
        self.held -= 1;
        self.push(message);
        self.floor = self.lowest();
        self.note_depth();
        self.pushed(1, effects);
        if self.closed && self.permits == 0 {
            self.wake_all_readers(effects);
        }
    }

    /// Appends without ever waiting: the oldest goes when there is no room.
    #[inline(always)]
    pub(crate) fn push_lossy(&mut self, message: M) -> Option<M> {
        self.tail += 1;
        if self.lossy == 0 {
            self.ring.skip_to(self.tail);
            return Some(message);
        }
        let oldest = if self.ring.len() as u64 == self.capacity {
            self.ring.pop().map(|slot| slot.message)
        } else {
            None
        };
        self.ring.push(message, self.capacity);
        self.high_water = self.high_water.max(self.ring.len() as u64);
        self.overtake();
        oldest
    }

    /// Tells the lossy readers where the tail is, if one of them holds what it is too late for.
    #[inline]
    fn overtake(&self) {
        if self.tail > self.alarm {
            self.overtaken.store(self.tail, Ordering::Relaxed);
        }
    }
}
