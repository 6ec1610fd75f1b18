use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crossbeam_utils::CachePadded;

use super::{
    Durability, Effects, Hand, Kind, Log, Note, SharedStash, Slot, log::Membership, reader::Reader,
    slot::clone_message,
};
use crate::{requests::AnyResponder, sync::atomic::AtomicU64};

impl<M: Clone> Log<M> {
    /// The slot of the group, which is made if there is none.
    pub(crate) fn open_group(
        &mut self,
        name: &str,
        durability: Durability,
        from_oldest: bool,
        effects: &mut Effects<M>,
    ) -> usize {
        if let Some(me) = self.group(name) {
            return me;
        }
        let mut reader = Reader::new(Kind::Group(durability), name.to_owned(), self.tail);
        let gone = self.position(&mut reader, from_oldest);
        self.adopt_orphans(&mut reader, effects);
        reader.adopted += reader.backlog.len() as u64;
        let kept = self.tail - reader.start + reader.adopted;
        if gone > reader.adopted {
            effects.notes.push(Note::LateGroup { group: name.to_owned(), gone: gone - reader.adopted, kept });
        }
        let at = self.add(reader);
        self.after_readers_changed(effects);
        at
    }

    /// A new subscriber's slot and stash.
    pub(crate) fn open_subscriber(
        &mut self,
        from_oldest: bool,
        effects: &mut Effects<M>,
    ) -> (usize, SharedStash<M>) {
        let mut reader = Reader::new(Kind::Subscriber, String::new(), self.tail);
        let first = self.lossless == 0;
        let _ = self.position(&mut reader, from_oldest);
        reader.members = 1;
        let from = reader.next;
        if reader.dead > 0 {
            self.leave_out_released(&mut reader, &BTreeSet::new());
        }
        if first {
            self.orphan_requests(from, effects);
        }
        reader.adopted += reader.backlog.len() as u64;
        let stash = Arc::clone(&reader.stash);
        let me = self.add(reader);
        self.after_readers_changed(effects);
        (me, stash)
    }

    /// A new lossy reader's slot, and where it learns that senders have overtaken it. It keeps `unread` at how much it
    /// took and did not hand out.
    pub(crate) fn open_lossy(
        &mut self,
        unread: Arc<CachePadded<AtomicU64>>,
    ) -> (usize, Arc<CachePadded<AtomicU64>>) {
        let mut reader = Reader::new(Kind::Lossy, String::new(), self.tail);
        reader.members = 1;
        reader.unread = Some(unread);
        (self.add(reader), Arc::clone(&self.overtaken))
    }

    /// Moves a new lossless reader to where it starts; how many messages before that are gone.
    fn position(&mut self, reader: &mut Reader<M>, from_oldest: bool) -> u64 {
        if self.lossless == 0 {
            reader.start = self.unclaimed;
            reader.dead = std::mem::take(&mut self.unclaimed_dead);
        } else if from_oldest {
            self.start_from_oldest(reader);
        }
        let gone = reader.start;
        reader.next = reader.start;
        reader.direct = reader.start;
        gone
    }

    /// Gives a new reader all that any lossless reader has not handed out: what is still in the ring by its start, what is
    /// not by copies.
    fn start_from_oldest(&mut self, reader: &mut Reader<M>) {
        let lossless = || self.live().filter(|other| other.is_lossless());
        let Some(slowest) = lossless().min_by_key(|other| other.passed()) else { return };
        let passed = slowest.passed();
        let front = self.ring.front();
        reader.start = passed.max(front);
        // From `passed` on, the slowest has everything; before it, there are single messages in backlogs.
        let mut kept = BTreeMap::new();
        for (position, slot) in lossless().flat_map(|other| &other.backlog) {
            if *position < passed && !slot.request.is_released() && !kept.contains_key(position) {
                keep(&mut kept, reader, *position, &slot.message);
            }
        }
        {
            let stash = slowest.stash.lock();
            let first = stash.queue.front();
            for (position, message) in (first..front).zip(stash.queue.messages(first, front)) {
                if !stash.queue.request(position).is_some_and(AnyResponder::is_released) {
                    keep(&mut kept, reader, position, message);
                }
            }
        }
        if reader.is_group() {
            self.share_prefetched(reader.start, &mut kept);
            reader.dead = self.released_from(reader.start);
        }
        reader.backlog = kept.into_iter().collect();
        if !reader.is_group() {
            let released = self.released_in_hands(reader.start);
            if !released.is_empty() || self.released_from(reader.start) > 0 {
                reader.next = reader.start;
                self.leave_out_released(reader, &released);
            }
        }
    }

    /// Gives a late group a share in the requests that other groups have prefetched: beside its copies of messages before
    /// `start`, and back in the ring from there on.
    fn share_prefetched(&mut self, start: u64, kept: &mut BTreeMap<u64, Slot<M>>) {
        let mut in_ring = Vec::new();
        let mut share = |position: u64, request: &AnyResponder| {
            if position >= start {
                in_ring.push((position, request.clone()));
            } else if let Some(slot) = kept.get_mut(&position).filter(|slot| !slot.request.is_some()) {
                slot.request = request.clone();
            }
        };
        for group in self.live().filter(|other| other.is_group()) {
            group.backlog.iter().for_each(|(position, slot)| share(*position, &slot.request));
            let stash = group.stash.lock();
            stash.queue.requests().for_each(|(position, request)| share(position, request));
        }
        for (position, request) in in_ring {
            self.ring.insert_request(position, request);
        }
    }

    /// The positions from `start` on of requests that gave up their places after a group had prefetched them. Looked at in
    /// place: a clone could turn out to be the last responder, and dropping that wakes under the lock.
    fn released_in_hands(&self, start: u64) -> BTreeSet<u64> {
        let mut released = BTreeSet::new();
        for group in self.live().filter(|other| other.is_group()) {
            let stash = group.stash.lock();
            let gone = stash.queue.requests().filter(|(at, request)| *at >= start && request.is_released());
            released.extend(gone.map(|(position, _)| position));
        }
        released
    }

    /// Gives the requests that waited for a group to this one, each with its message or beside the copy it has of it.
    fn adopt_orphans(&mut self, reader: &mut Reader<M>, effects: &mut Effects<M>) {
        for (position, slot) in std::mem::take(&mut self.orphans) {
            if position >= reader.start {
                effects.dropped.push(slot.message);
                self.ring.insert_request(position, slot.request);
                continue;
            }
            match reader.backlog.binary_search_by_key(&position, |(at, _)| *at) {
                Err(at) => reader.backlog.insert(at, (position, slot)),
                Ok(at) => {
                    effects.dropped.push(slot.message);
                    reader.backlog[at].1.request = slot.request;
                }
            }
        }
    }

    /// Makes a new subscriber start at the tail, with copies of what it would have found behind its start, but for the
    /// requests that gave up their places, there or in a group's hands: only a group passes those for nothing.
    fn leave_out_released(&self, reader: &mut Reader<M>, released: &BTreeSet<u64>) {
        let mut kept = BTreeMap::new();
        for (position, message) in (reader.next..self.tail).zip(self.ring.messages(reader.next, self.tail)) {
            let gone = self.ring.request(position).is_some_and(AnyResponder::is_released);
            if !gone && !released.contains(&position) {
                keep(&mut kept, reader, position, message);
            }
        }
        reader.backlog.extend(kept);
        reader.dead = 0;
        (reader.start, reader.next, reader.direct) = (self.tail, self.tail, self.tail);
    }

    /// Puts the requests of unclaimed messages aside for a group to come; a subscriber comes first.
    fn orphan_requests(&mut self, from: u64, effects: &mut Effects<M>) {
        let requests: Vec<_> = self.ring.take_requests(from, self.tail).collect();
        for (position, request) in requests {
            let message = self.ring.message(position).filter(|_| !request.is_released());
            match message.and_then(clone_message) {
                Some(message) => self.orphans.push_back((position, Slot { message, request })),
                None => effects.dropped_requests.push(request),
            }
        }
    }

    /// A further member of the group, which is made if there is none.
    pub(crate) fn join(
        &mut self,
        name: &str,
        durability: Durability,
        from_oldest: bool,
        effects: &mut Effects<M>,
    ) -> Membership<M> {
        let me = self.open_group(name, durability, from_oldest, effects);
        let reader = self.readers[me].get_or_insert_with(|| Reader::new(Kind::Removed, String::new(), 0));
        reader.members += 1;
        reader.warned = false;
        let hand = reader.hand.get_or_insert_with(|| Arc::new(Hand::new()));
        Membership { me, stash: Arc::clone(&reader.stash), hand: Arc::clone(hand) }
    }
}

/// Copies a message for a new reader; if its `Clone` panics, it has passed it.
fn keep<M: Clone>(kept: &mut BTreeMap<u64, Slot<M>>, reader: &mut Reader<M>, position: u64, message: &M) {
    if let Some(message) = clone_message(message) {
        kept.insert(position, Slot { message, request: AnyResponder::none() });
    } else {
        reader.adopted += 1;
        reader.from_backlog += 1;
        reader.skipped.panicked += 1;
    }
}
