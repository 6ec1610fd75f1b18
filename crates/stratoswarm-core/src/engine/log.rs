use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    task::Waker,
};

use crossbeam_utils::CachePadded;

use super::{
    Effects, Hand, Note, Queue, ReaderFigures, Slot,
    accounts::Departed,
    reader::{Durability, Kind, Reader},
    senders::Senders,
    slot::clone_message,
    stash::SharedStash,
};
use crate::{requests::AnyResponder, sync::atomic::AtomicU64};

/// The most that is remembered for lossy readers of a lossless channel.
const MOST_HISTORY: u64 = 65_536;

/// The most readers that left whose figures are kept for a shutdown's report.
const MOST_DEPARTED: usize = 1024;

/// What a member needs of its group: its slot, its stash, and what its members have in hand.
pub(crate) struct Membership<M> {
    pub(crate) me: usize,
    pub(crate) stash: SharedStash<M>,
    pub(crate) hand: Arc<Hand>,
}

/// A bounded log with cursors. See the [module](super).
pub(crate) struct Log<M> {
    pub(super) ring: Queue<M>,
    /// The position behind the newest message: how many were accepted.
    pub(super) tail: u64,
    /// Places that are promised: permits, and grants that were not taken yet.
    pub(super) held: u64,
    /// While `tail + held` is below this, a message is accepted without a look at anything else.
    pub(super) soft: u64,
    /// Readers with a parked future.
    pub(super) parked: u32,
    /// The least position that a lossless reader has passed, as of the last look.
    pub(super) floor: u64,
    /// The most that ever waited at once.
    pub(super) high_water: u64,
    pub(super) capacity: u64,
    /// Whether messages are kept until their lossless readers, or the first to come, have taken them; a broadcast's are not.
    pub(super) keeps: bool,
    pub(super) permits: u64,
    pub(super) closed: bool,
    pub(super) senders: Senders,
    pub(super) readers: Vec<Option<Reader<M>>>,
    pub(super) lossless: u32,
    pub(super) groups: u32,
    pub(super) lossy: u32,
    /// Without a lossless reader: from where messages are kept for the first to come, and the requests among them
    /// that gave up their place.
    pub(super) unclaimed: u64,
    pub(super) unclaimed_dead: u64,
    /// Requests for a group to come, while there are only subscribers.
    pub(super) orphans: VecDeque<(u64, Slot<M>)>,
    /// The position behind the last request.
    pub(super) requests_end: u64,
    pub(super) asked: u64,
    /// Hand-overs to readers that have left.
    pub(super) delivered_before: u64,
    /// Readers that left, and that a shutdown's report has to name: after the close, or with work in hand.
    pub(super) departed: Vec<Departed>,
    /// How many readers there ever were.
    pub(super) readers_made: u64,
    /// Behind this position, some lossy reader's batch holds what it is too late for.
    pub(super) alarm: u64,
    /// The tail, told to the lossy readers once the alarm is passed.
    pub(super) overtaken: Arc<CachePadded<AtomicU64>>,
    pub(super) ids: u64,
    pub(super) closing: Vec<(u64, Waker)>,
}

impl<M> Log<M> {
    pub(crate) fn new(capacity: usize, keeps: bool) -> Self {
        let mut log = Self {
            ring: Queue::new(),
            tail: 0,
            held: 0,
            soft: 0,
            parked: 0,
            floor: 0,
            high_water: 0,
            capacity: capacity as u64,
            keeps,
            permits: 0,
            closed: false,
            senders: Senders::new(),
            readers: Vec::new(),
            lossless: 0,
            groups: 0,
            lossy: 0,
            unclaimed: 0,
            unclaimed_dead: 0,
            orphans: VecDeque::new(),
            requests_end: 0,
            asked: 0,
            delivered_before: 0,
            departed: Vec::new(),
            readers_made: 0,
            alarm: u64::MAX,
            overtaken: Arc::new(CachePadded::new(AtomicU64::new(0))),
            ids: 0,
            closing: Vec::new(),
        };
        log.refresh();
        log
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Reader<M>> + '_ {
        self.readers.iter().flatten()
    }

    #[inline]
    pub(super) fn reader(&mut self, me: usize) -> Option<&mut Reader<M>> {
        self.readers.get_mut(me).and_then(Option::as_mut)
    }

    /// The slot of the group of this name.
    fn group(&self, name: &str) -> Option<usize> {
        let found = |reader: &Reader<M>| reader.is_group() && reader.name == name;
        self.readers.iter().position(|reader| reader.as_ref().is_some_and(found))
    }

    pub(crate) fn durability(&self, group: &str) -> Option<Durability> {
        match self.readers.get(self.group(group)?)?.as_ref()?.kind {
            Kind::Group(durability) => Some(durability),
            _ => None,
        }
    }

    /// Members of all groups.
    pub(crate) fn members(&self) -> usize {
        self.live().filter(|reader| reader.is_group()).map(|reader| reader.members as usize).sum()
    }

    /// Handles that read.
    pub(crate) fn handles(&self) -> usize {
        self.live().map(|reader| reader.members as usize).sum()
    }

    #[inline]
    pub(crate) fn has_parked(&self) -> bool {
        self.parked > 0
    }

    pub(crate) fn lossy_readers(&self) -> usize {
        self.lossy as usize
    }

    /// Closes: senders that wait are turned away, readers may drain what there is.
    pub(crate) fn close(&mut self, effects: &mut Effects<M>) {
        if self.closed {
            return;
        }
        self.closed = true;
        self.soft = 0;
        self.held -= self.senders.granted() as u64;
        effects.wakers.extend(self.senders.clear());
        effects.wakers.extend(self.closing.drain(..).map(|(_, waker)| waker));
        self.wake_all_readers(effects);
    }

    /// Registers a future that waits for the close. None if closed.
    pub(crate) fn wait_for_close(
        &mut self,
        id: Option<u64>,
        waker: &Waker,
        effects: &mut Effects<M>,
    ) -> Option<u64> {
        if self.closed {
            return None;
        }
        let known = id.and_then(|id| self.closing.iter_mut().find(|(other, _)| *other == id));
        if let Some((id, current)) = known {
            effects.wakers_dropped.push(std::mem::replace(current, waker.clone()));
            return Some(*id);
        }
        let id = self.next_id();
        self.closing.push((id, waker.clone()));
        Some(id)
    }

    pub(crate) fn forget_close(&mut self, id: u64) -> Option<Waker> {
        let at = self.closing.iter().position(|(other, _)| *other == id)?;
        Some(self.closing.swap_remove(at).1)
    }

    pub(super) fn wake_all_readers(&mut self, effects: &mut Effects<M>) {
        for reader in self.readers.iter_mut().flatten() {
            while let Some(waker) = reader.parked.pop() {
                effects.wakers.push(waker);
            }
        }
        self.parked = 0;
    }

    /// Frees what no reader needs any more.
    pub(super) fn trim(&mut self, effects: &mut Effects<M>) {
        let mut needed = if self.keeps && self.lossless == 0 { self.unclaimed } else { u64::MAX };
        let remembered = self.tail.saturating_sub(self.history());
        for reader in self.live() {
            match reader.kind {
                Kind::Group(_) | Kind::Subscriber => needed = needed.min(reader.next),
                Kind::Lossy => needed = needed.min(reader.next.max(remembered)),
                Kind::Removed => {}
            }
        }
        while self.ring.front() < needed.min(self.tail)
            && let Some(slot) = self.ring.pop()
        {
            effects.drop_slot(slot);
        }
        self.ring.give_back(0);
    }

    /// How far behind a lossy reader may be.
    pub(crate) fn history(&self) -> u64 {
        if self.keeps { self.capacity.min(MOST_HISTORY) } else { self.capacity }
    }

    /// Adds a reader; its slot.
    pub(super) fn add(&mut self, mut reader: Reader<M>) -> usize {
        reader.number = self.readers_made;
        self.readers_made += 1;
        match reader.kind {
            Kind::Group(_) => {
                self.lossless += 1;
                self.groups += 1;
            }
            Kind::Subscriber => self.lossless += 1,
            Kind::Lossy => self.lossy += 1,
            Kind::Removed => {}
        }
        let free = self.readers.iter().position(Option::is_none);
        if let Some(free) = free {
            self.readers[free] = Some(reader);
            free
        } else {
            if self.readers.is_empty() {
                self.readers.reserve_exact(1); // most channels have one; a vector would begin with four
            }
            self.readers.push(Some(reader));
            self.readers.len() - 1
        }
    }
}

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
        // What groups have prefetched of the messages that are still in the ring.
        let mut in_ring = Vec::new();
        let mut share = |position: u64, request: &AnyResponder| {
            if position >= reader.start {
                in_ring.push((position, request.clone()));
            } else if let Some(slot) = kept.get_mut(&position).filter(|slot| !slot.request.is_some())
                && reader.is_group()
            {
                slot.request = request.clone();
            }
        };
        for group in self.live().filter(|other| other.is_group()) {
            group.backlog.iter().for_each(|(position, slot)| share(*position, &slot.request));
            let stash = group.stash.lock();
            stash.queue.requests().for_each(|(position, request)| share(position, request));
        }
        reader.backlog = kept.into_iter().collect();
        if !reader.is_group() {
            let released = in_ring.into_iter().filter(|(_, request)| request.is_released());
            let released: BTreeSet<_> = released.map(|(position, _)| position).collect();
            if !released.is_empty() || self.released_from(reader.start) > 0 {
                reader.next = reader.start;
                self.leave_out_released(reader, &released);
            }
            return;
        }
        for (position, request) in in_ring {
            self.ring.insert_request(position, request);
        }
        reader.dead = self.released_from(reader.start);
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

    pub(super) fn after_readers_changed(&mut self, effects: &mut Effects<M>) {
        self.trim(effects);
        if self.senders.none_waits() {
            self.refresh();
        } else {
            self.serve(effects);
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

    /// A member or subscriber leaves. What it had not handed out is still there, for its group.
    pub(crate) fn leave(&mut self, me: usize, waiting: Option<u64>, effects: &mut Effects<M>) {
        if let Some(id) = waiting {
            self.cancel_receive(me, id, effects);
        }
        let Some(reader) = self.reader(me) else { return };
        reader.members -= 1;
        if reader.kind == Kind::Removed {
            let hand = reader.hand.clone();
            for departed in &mut self.departed {
                departed.member_left(hand.as_ref());
            }
        }
        let Some(reader) = self.reader(me) else { return };
        if reader.members > 0 || reader.kind == Kind::Group(Durability::Durable) {
            return;
        }
        let remembered = self.closed;
        self.remove(me, remembered, effects);
        if let Some(reader) = self.readers.get_mut(me) {
            *reader = None;
        }
    }

    /// Removes a group; how many messages only it had not taken, or had not finished reading.
    pub(crate) fn remove_group(&mut self, name: &str, effects: &mut Effects<M>) -> usize {
        let Some(me) = self.group(name) else { return 0 };
        let left = self.remove(me, false, effects);
        if let Some(slot) = self.readers.get_mut(me)
            && slot.as_ref().is_some_and(|reader| reader.members == 0)
        {
            *slot = None;
        }
        left
    }

    /// Takes a reader out of every account, but for the figures of one that is remembered; frees what only it had not read.
    fn remove(&mut self, me: usize, remembered: bool, effects: &mut Effects<M>) -> usize {
        let (tail, history) = (self.tail, self.history());
        let Some(reader) = self.reader(me) else { return 0 };
        if reader.kind == Kind::Removed {
            return 0;
        }
        let figures = reader.figures(tail, history);
        let (left, taken, members) = (figures.left, figures.taken, reader.members);
        let kind = std::mem::replace(&mut reader.kind, Kind::Removed);
        {
            let mut stash = reader.stash.lock();
            effects.drop_all(&mut stash.queue);
        }
        reader.stashed = false;
        reader.next = tail;
        for (_, slot) in reader.backlog.drain(..) {
            effects.drop_slot(slot);
        }
        let mut woken = 0;
        while let Some(waker) = reader.parked.pop() {
            effects.wakers.push(waker);
            woken = 1;
        }
        let hand = reader.hand.clone();
        self.parked -= woken;
        let remembered = remembered && figures.accepted > 0;
        self.departed.retain(Departed::matters);
        if self.departed.len() >= MOST_DEPARTED
            && let Some(oldest) = self.departed.iter().position(|it| it.remembered && it.in_hand() == 0)
        {
            self.delivered_before += self.departed.remove(oldest).figures.taken;
        }
        self.departed.push(Departed {
            figures: ReaderFigures { members: 0, ..figures },
            hand,
            members,
            remembered,
        });
        if !remembered {
            self.delivered_before += taken;
        }
        match kind {
            Kind::Group(_) => {
                self.lossless -= 1;
                self.groups -= 1;
            }
            Kind::Subscriber => self.lossless -= 1,
            Kind::Lossy => self.lossy -= 1,
            Kind::Removed => {}
        }
        if kind != Kind::Lossy {
            if matches!(kind, Kind::Group(_)) {
                self.drop_requests_without_group(effects);
            }
            if self.lossless == 0 {
                self.unclaimed = tail;
                self.unclaimed_dead = 0;
            }
        }
        self.after_readers_changed(effects);
        left as usize
    }
}

impl<M> Log<M> {
    /// Lets go of the responders in the ring that no group is to take any more.
    fn drop_requests_without_group(&mut self, effects: &mut Effects<M>) {
        let groups = self.live().filter(|reader| reader.is_group());
        let needed = groups.map(|group| group.next).min().unwrap_or(u64::MAX);
        let without = self.ring.take_requests(0, needed);
        effects.dropped_requests.extend(without.map(|(_, request)| request));
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
