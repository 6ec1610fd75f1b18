use std::{collections::VecDeque, task::Waker};

use tokio::time::Instant;

use super::{Effects, Log, Reader, SharedInbox, Taken, WaitId, WaitList, Waiter, Warning};
use crate::{request::AnyResponder, stats::Caller};

/// Who may send: how many places there are, who has one reserved, and who waits for one.
pub(super) struct Gate {
    pub(super) capacity: u64,
    /// The most messages that ever waited at once.
    pub(super) high_water: u64,
    /// Those who wait for a place, the longest waiting first.
    pub(super) line: WaitList,
    /// Those who were granted places and have not used them.
    pub(super) granted: WaitList,
    /// How many places that are.
    pub(super) granted_places: u64,
    /// The permits that are out.
    pub(super) permits: WaitList,
    /// The most places that a reader took at the last look, and how many readers did, if somebody waited.
    most: u64,
    fullest: u32,
}

/// Whether messages may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// So many, now: they must be pushed under the same lock, or be made into a permit.
    Granted(usize),
    Full,
    Closed,
}

/// What is to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Messages,
    /// Places for messages to come: all that are wanted, or none. They wait for nobody.
    Permit,
}

impl Gate {
    pub(super) fn new(capacity: u64) -> Self {
        let (line, granted, permits) = (WaitList::new(), WaitList::new(), WaitList::new());
        Self { capacity, high_water: 0, line, granted, granted_places: 0, permits, most: 0, fullest: 0 }
    }

    /// Whether those who wait are served with each message that a reader with the most takes.
    fn is_served(&self) -> bool {
        self.fullest > 0
    }

    /// Places that are promised.
    fn reserved(&self) -> u64 {
        self.granted_places + self.permits.len() as u64
    }

    /// Grants a waiter its places; who is to be woken.
    fn grant(&mut self, mut waiter: Waiter) -> Option<Waker> {
        let waker = waiter.waker.take();
        self.granted_places += u64::from(waiter.places);
        self.granted.push(waiter);
        waker
    }

    /// Takes back the places that were granted to this waiter; how many.
    fn ungrant(&mut self, id: WaitId) -> Option<u32> {
        let places = self.granted.remove(id)?.places;
        self.granted_places -= u64::from(places);
        Some(places)
    }
}

// ---- the short way

impl<M> Log<M> {
    /// Admits one message without a look at anything else, if that may be.
    #[inline(always)]
    pub(crate) fn admit_fast(&mut self) -> bool {
        // All that matters is in the credit, and whatever makes less of it (a close, a sender that waits, a place reserved)
        // computes it anew. Readers only make room, which lets it be too low, never too high.
        if self.credit > 0 {
            self.credit -= 1;
            return true;
        }
        self.admit_to_sole()
    }

    /// The same for `count` messages.
    #[inline]
    pub(crate) fn admit_many_fast(&mut self, count: usize) -> bool {
        let admitted = count as u64 <= self.credit;
        if admitted {
            self.credit -= count as u64;
        }
        admitted
    }

    /// Admits one message to the only reader, if its inbox is empty: what a channel comes to that is mostly empty, where
    /// every message may be a new high water.
    #[inline]
    fn admit_to_sole(&mut self) -> bool {
        let [reader] = self.readers.as_slice() else { return false };
        if reader.filled || self.closed || !self.gate.line.is_empty() {
            return false;
        }
        // Its inbox is empty, so what waits is what it has not pulled: no inbox need be locked to know how much that is.
        let depth = self.intake.end() - reader.next - reader.released;
        if depth + self.gate.reserved() >= self.gate.capacity {
            return false;
        }
        self.enter(depth, 1);
        true
    }

    /// Appends an admitted message.
    #[inline(always)]
    pub(crate) fn push(&mut self, message: M) {
        self.intake.push(message, self.gate.capacity);
    }

    /// Appends an admitted request; its number. There must be a group.
    #[inline(always)]
    pub(crate) fn push_request(&mut self, message: M, request: AnyResponder) -> u64 {
        let number = self.intake.end();
        self.asked += 1;
        self.intake.push_request(message, request, self.groups, self.gate.capacity);
        number
    }

    /// Appends the first `count` messages, which were admitted.
    pub(crate) fn push_many(&mut self, messages: &mut Vec<M>, count: usize) {
        self.intake.push_many(messages, count);
    }

    /// The same from a queue.
    pub(crate) fn push_many_of(&mut self, messages: &mut VecDeque<M>, count: usize) {
        self.intake.push_many_of(messages, count);
    }

    /// Whether a group is there to answer requests.
    #[inline(always)]
    pub(crate) fn has_group(&self) -> bool {
        self.groups > 0
    }

    /// Whether [`after_push`](Self::after_push) has something to do.
    #[inline(always)]
    pub(crate) fn has_listeners(&self) -> bool {
        self.parked > 0 || !self.lossy.readers.is_empty()
    }

    /// What follows the push of `count` messages: readers to wake, and lossy ones to be told where the end is.
    pub(crate) fn after_push(&mut self, count: u64, effects: &mut Effects<M>) {
        if !self.lossy.readers.is_empty() {
            self.lossy.overtake(self.intake.end());
            self.trim(effects);
        }
        if self.parked > 0 {
            self.wake_readers(count, effects);
        }
    }

    /// The waker to wake for one message, where the only reader is lossless and there is nothing else to do; `Err`
    /// otherwise.
    #[inline]
    pub(crate) fn sole_parked(&mut self) -> Result<Option<Waker>, ()> {
        let [reader] = self.readers.as_mut_slice() else { return Err(()) };
        if !self.lossy.readers.is_empty() {
            return Err(());
        }
        match reader.parked.first() {
            None => return Ok(None),
            Some(waiter) if !waiter.firm && reader.parked.len() > 1 => return Err(()), // does not count as woken
            Some(_) => {}
        }
        let waker = reader.parked.pop().and_then(|waiter| waiter.waker);
        self.parked -= u32::from(reader.parked.is_empty());
        Ok(waker)
    }
}

// ---- the long way

impl<M> Log<M> {
    /// So many messages come in where `depth` wait already.
    fn enter(&mut self, depth: u64, count: u64) {
        let gate = &mut self.gate;
        let depth = depth + count;
        gate.high_water = gate.high_water.max(depth);
        self.refresh(depth);
    }

    /// Computes the credit anew for `depth` messages that wait. It is exact in two ways: within it no message exceeds the
    /// capacity, and none is a new high water that nobody would see.
    fn refresh(&mut self, depth: u64) {
        let gate = &self.gate;
        let room = gate.capacity.saturating_sub(depth + gate.reserved());
        let barred = self.closed || !gate.line.is_empty();
        self.credit = if barred { 0 } else { room.min(gate.high_water.saturating_sub(depth)) };
    }

    /// The most messages that any reader has not taken. While senders wait, the readers with the most are told to serve
    /// them: no other can free a place. A reader with an empty inbox need not be told, as its next message leads it here.
    ///
    /// `waits`: who asks will wait, if there is no place.
    fn look(&mut self, waits: bool) -> u64 {
        let tail = self.intake.end();
        let waiting = !self.gate.line.is_empty();
        let full = self.gate.capacity.saturating_sub(self.gate.reserved());
        let is_full = |places: u64| waiting || waits && places >= full;
        let mut most = if self.readers.is_empty() { tail - self.kept_from } else { 0 };
        for reader in &mut self.readers {
            let mut places = tail - reader.next - reader.released;
            if reader.filled {
                let mut inbox = reader.inbox.lock();
                reader.filled = reader.keeps || !inbox.queue.is_empty();
                places += inbox.places();
                let serves = reader.filled && places >= most && is_full(places);
                if serves != reader.serves {
                    inbox.set_serve(serves);
                    reader.serves = serves;
                }
            }
            reader.places = places;
            most = most.max(places);
        }
        self.gate.most = most;
        self.gate.fullest = 0;
        if is_full(most) {
            for reader in &mut self.readers {
                if reader.places == most {
                    self.gate.fullest += 1;
                } else {
                    reader.stop_serving(); // it had the most only among those before it
                }
            }
        }
        most
    }

    /// Nobody waits any more: no reader need serve.
    fn stop_serving(&mut self) {
        if self.gate.fullest > 0 {
            self.gate.fullest = 0;
            self.readers.iter_mut().for_each(Reader::stop_serving);
        }
    }

    /// A reader is gone that had so many places at the last look. If it was the last with the most of them, some are free.
    pub(super) fn places_left(&mut self, places: u64, effects: &mut Effects<M>) {
        if self.gate.line.is_empty() {
            return;
        }
        self.gate.fullest -= u32::from(places == self.gate.most && self.gate.fullest > 0);
        if self.gate.fullest == 0 {
            self.serve(effects);
        }
    }

    /// Gives free places to the longest waiting senders.
    pub(crate) fn serve(&mut self, effects: &mut Effects<M>) {
        if self.closed || self.gate.line.is_empty() {
            return;
        }
        let depth = self.look(false);
        let gate = &mut self.gate;
        let mut free = gate.capacity.saturating_sub(depth + gate.reserved());
        // Who waits for several places gets them together, and holds up those behind it until they are free.
        while gate.line.first().is_some_and(|first| u64::from(first.places) <= free)
            && let Some(waiter) = gate.line.pop()
        {
            free -= u64::from(waiter.places);
            effects.wake_taken(gate.grant(waiter));
        }
        if gate.line.is_empty() {
            self.stop_serving();
        }
        self.refresh(depth);
    }

    /// Serves after this message was popped from an inbox that asks for it, the short way: `Ok` with the waker to wake.
    #[inline]
    pub(crate) fn serve_after(
        &mut self,
        inbox: &SharedInbox<M>,
        taken: &Taken<M>,
    ) -> Result<Option<Waker>, ()> {
        let Some(reader) = self.readers.get_mut(inbox.place()) else { return Ok(None) };
        if !reader.serves || self.closed {
            return Ok(None); // somebody has looked meanwhile
        }
        if taken.request.is_some() {
            return Err(()); // it may have given up its place before
        }
        let gate = &mut self.gate;
        if gate.fullest > 1 {
            gate.fullest -= 1;
            reader.stop_serving(); // others have more to take
            return Ok(None);
        }
        // What the only reader still has to take has greater numbers than this message, whatever others take meanwhile.
        let most = self.intake.end() - taken.number - 1;
        let one = most + gate.reserved() + 1 == gate.capacity
            && self.readers.len() == 1
            && gate.line.len() > 1
            && gate.line.first().is_some_and(|first| first.places == 1);
        let Some(waiter) = (if one { gate.line.pop() } else { None }) else { return Err(()) };
        Ok(gate.grant(waiter))
    }

    /// Decides the long way: those who wait come first, and requests that are over give up their places. `now` is needed
    /// where there are requests. `waits`: whoever asks will wait, if there is no place.
    #[cold]
    pub(crate) fn admit(
        &mut self,
        wanted: usize,
        what: Entry,
        waits: bool,
        now: Option<Instant>,
        effects: &mut Effects<M>,
    ) -> Admission {
        if self.closed {
            return Admission::Closed;
        }
        if !self.gate.is_served() {
            self.serve(effects);
        }
        if !self.gate.line.is_empty() && self.release_gone(now) {
            self.serve(effects);
        }
        if !self.gate.line.is_empty() {
            return Admission::Full;
        }
        let mut depth = self.look(waits);
        let free = |log: &Self, depth| log.gate.capacity.saturating_sub(depth + log.gate.reserved());
        if free(self, depth) == 0 && self.release_gone(now) {
            depth = self.look(waits);
        }
        match free(self, depth).min(wanted as u64) {
            count if count == 0 || what == Entry::Permit && count < wanted as u64 => {
                self.refresh(depth);
                Admission::Full
            }
            count => {
                match what {
                    Entry::Messages => self.enter(depth, count),
                    Entry::Permit => self.refresh(depth),
                }
                Admission::Granted(count as usize)
            }
        }
    }

    /// How many wait for a place.
    pub(crate) fn waiting(&self) -> usize {
        self.gate.line.len()
    }

    /// Whether [`admit`](Self::admit) needs to know the time.
    pub(crate) fn needs_time(&self) -> bool {
        self.asked > 0
    }

    /// Queues a sender in its place behind those who wait. Before it sleeps, it must
    /// [ask for service](Self::request_grants).
    pub(crate) fn enqueue(&mut self, places: u32, waker: &Waker, caller: Caller) -> WaitId {
        let id = self.next_id();
        self.credit = 0;
        self.gate.line.push(Waiter { id, waker: Some(waker.clone()), caller, places, firm: true });
        id
    }

    /// Has the readers with the most serve those who wait, from now on with each message they take. Whether somebody may
    /// have been granted a place by that.
    pub(crate) fn request_grants(&mut self, effects: &mut Effects<M>) -> bool {
        let served = self.gate.is_served();
        if !served {
            self.serve(effects); // what was taken before is seen, and what is taken from here on is served
        }
        self.warn_of_stalls(effects);
        !served
    }

    /// Warns, once, of what holds senders and does not read: groups without members, or that there is nobody.
    pub(super) fn warn_of_stalls(&mut self, effects: &mut Effects<M>) {
        let (waiting, most) = (self.gate.line.len() as u64, self.gate.most);
        if waiting == 0 {
            return;
        }
        if self.readers.is_empty() && !self.told.unread {
            self.told.unread = true;
            effects.warnings.push(Warning::Unread { waiting });
        }
        for reader in &mut self.readers {
            if reader.is_group() && reader.members == 0 && !reader.warned && reader.places == most {
                reader.warned = true;
                effects.warnings.push(Warning::DeadGroup { group: reader.name.clone(), waiting });
            }
        }
    }

    /// Whether a sender that comes now just queues: others wait and are served, and nothing is to be decided anew.
    #[inline]
    pub(crate) fn just_queue(&self) -> bool {
        // A served line gets every place that is freed before anybody else. Only requests that are over could free one unseen,
        // and where there never were any, there is nothing to look for.
        self.gate.is_served() && !self.gate.line.is_empty() && !self.closed && self.asked == 0
    }

    /// Takes the place that a waiting sender was granted, the short way: it is its turn, and no new high water.
    #[inline]
    pub(crate) fn claim_fast(&mut self, id: WaitId) -> bool {
        // The place is reserved for it, so there is room without a look. And where the high water is the capacity, this message
        // cannot be a new one, so its depth need not be known. Who is not the first leaves the search to the long way.
        let gate = &mut self.gate;
        let turn = gate.granted.first().is_some_and(|first| first.id == id && first.places == 1);
        let short = turn && !self.closed && gate.high_water == gate.capacity;
        if short {
            gate.granted.pop();
            gate.granted_places -= 1;
        }
        short
    }

    /// Takes the place that a waiting sender may have been granted; with it come as many more of those `wanted` as are
    /// free and as nobody waits for. `Full`: it waits still, and its waker is kept current.
    pub(crate) fn claim(
        &mut self,
        id: WaitId,
        wanted: usize,
        what: Entry,
        waker: &Waker,
        effects: &mut Effects<M>,
    ) -> Admission {
        if self.closed {
            return Admission::Closed;
        }
        let Some(places) = self.gate.ungrant(id) else {
            let renewed = self.gate.line.renew(id, waker).or_else(|| self.unserved.renew(id, waker));
            effects.drop_waker(renewed.flatten());
            return Admission::Full;
        };
        if what == Entry::Permit || wanted == 1 && self.gate.high_water == self.gate.capacity {
            return Admission::Granted(places as usize); // they were promised, and there can be no new high water
        }
        let depth = self.look(false);
        let gate = &self.gate;
        let free = gate.capacity.saturating_sub(depth + gate.reserved());
        let count = if gate.line.is_empty() { free.min(wanted as u64).max(1) } else { 1 };
        self.enter(depth, count);
        Admission::Granted(count as usize)
    }

    /// A sender is dropped that waited or had been granted a place; where it was.
    pub(crate) fn cancel_send(&mut self, id: WaitId, effects: &mut Effects<M>) -> bool {
        if let Some(waiter) = self.unserved.remove(id) {
            effects.drop_waker(waiter.waker);
            return true;
        }
        if let Some(waiter) = self.gate.line.remove(id) {
            effects.drop_waker(waiter.waker);
            if self.gate.line.is_empty() {
                self.stop_serving();
            } else if waiter.places > 1 {
                self.serve(effects); // those behind it may need fewer
            }
        } else if self.gate.ungrant(id).is_some() {
            self.serve(effects);
        }
        false
    }

    /// Queues a request that finds no group, or keeps its waker current. A place that it was granted, while there was a
    /// group, is free again.
    pub(crate) fn wait_for_group(
        &mut self,
        id: Option<WaitId>,
        waker: &Waker,
        caller: impl FnOnce() -> Caller,
        effects: &mut Effects<M>,
    ) -> WaitId {
        if let Some(id) = id
            && !self.unserved.has(id)
        {
            self.cancel_send(id, effects);
        }
        if !self.told.unserved {
            self.told.unserved = true;
            effects.warnings.push(Warning::Unserved);
        }
        let fresh = id.unwrap_or_else(|| self.next_id());
        let (id, replaced) = self.unserved.wait(id, fresh, waker, true, caller);
        effects.drop_waker(replaced);
        id
    }

    /// A group has come: the requests that waited for one are in line for a place, each as of when it came.
    pub(super) fn group_came(&mut self, effects: &mut Effects<M>) {
        self.told.unserved = false;
        if self.closed || self.unserved.is_empty() {
            return;
        }
        while let Some(waiter) = self.unserved.pop() {
            self.gate.line.push(waiter);
        }
        self.credit = 0;
        self.serve(effects);
    }

    // ---- permits

    /// Makes an admission into a permit.
    pub(crate) fn permit(&mut self, caller: Caller) -> WaitId {
        let id = self.next_id();
        self.credit = self.credit.saturating_sub(1);
        self.gate.permits.push(Waiter { id, waker: None, caller, places: 1, firm: true });
        id
    }

    /// A permit is dropped unused.
    pub(crate) fn return_permit(&mut self, id: WaitId, effects: &mut Effects<M>) {
        self.gate.permits.remove(id);
        self.permit_gone(effects);
        self.serve(effects);
    }

    /// Sends a message with a permit. Legal after the close; whether a shutdown has ended the wait for it.
    pub(crate) fn push_permitted(&mut self, id: WaitId, message: M, effects: &mut Effects<M>) -> bool {
        self.gate.permits.remove(id);
        if self.credit > 0 {
            self.credit -= 1;
        } else if self.gate.high_water < self.gate.capacity {
            let depth = self.look(false);
            self.enter(depth, 1);
        }
        self.push(message);
        self.after_push(1, effects);
        self.permit_gone(effects);
        self.ended
    }

    fn permit_gone(&mut self, effects: &mut Effects<M>) {
        if self.closed && self.gate.permits.is_empty() {
            self.wake_all_readers(effects);
        }
    }

    #[inline]
    pub(crate) fn has_parked(&self) -> bool {
        self.parked > 0
    }
}
