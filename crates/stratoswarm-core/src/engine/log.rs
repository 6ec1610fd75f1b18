use std::{collections::VecDeque, sync::Arc, task::Waker};

use crossbeam_utils::CachePadded;

use super::{
    Effects, Hand, Queue, ReaderFigures, Slot,
    accounts::Departed,
    least::Least,
    reader::{Durability, Kind, Reader},
    senders::Senders,
    stash::SharedStash,
};
use crate::sync::atomic::AtomicU64;

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
    /// What readers need next, and where the lossy readers' batches begin; while there is only one reader, neither is kept.
    pub(super) least_next: Least,
    pub(super) least_batch: Least,
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
            least_next: Least::UNKNOWN,
            least_batch: Least::UNKNOWN,
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
    pub(super) fn group(&self, name: &str) -> Option<usize> {
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

    /// Readers came or went.
    fn forget_least(&mut self) {
        (self.least_next, self.least_batch) = (Least::UNKNOWN, Least::UNKNOWN);
    }

    /// Adds a reader; its slot.
    pub(super) fn add(&mut self, mut reader: Reader<M>) -> usize {
        reader.number = self.readers_made;
        self.readers_made += 1;
        self.forget_least();
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
    pub(super) fn after_readers_changed(&mut self, effects: &mut Effects<M>) {
        self.trim(effects);
        if !self.senders.none_waits() {
            self.serve(effects);
        }
        self.refresh();
        if self.keeps {
            self.note_depth(); // who starts from the oldest gets what several others have, each a part
        }
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
        reader.batch_from = u64::MAX;
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
        self.forget_least();
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
