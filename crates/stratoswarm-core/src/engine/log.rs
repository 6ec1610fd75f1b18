use std::{sync::Arc, task::Waker};

use super::{
    Effects, LaneIndex, WaitId, WaitList, Warning,
    departed::Departed,
    lane::{Classes, Lane},
    lossy::Lossy,
    marks::Marks,
    per_lane::PerLane,
    reader::{Durability, Kind, Reader},
    retention::Retention,
    sampling::Sampling,
    tape::Tapes,
};
use crate::{message::Priority, stats::Caller, traced::Trace};

/// What stands behind a channel or a broadcast. See the [module](super).
#[repr(C)]
pub(crate) struct Log<M> {
    /// What comes in: the first lane, and those of a channel that has more.
    pub(super) lanes: PerLane<Lane<M>>,
    /// Readers with a parked future; one more while there are [`tapes`](Self::tapes).
    pub(super) parked: u32,
    pub(super) closed: bool,
    /// A shutdown is over: nobody waits any more, not even for a permit that is out.
    pub(super) ended: bool,
    /// The lossless readers.
    pub(super) readers: Vec<Reader<M>>,
    /// How many of them are groups.
    pub(super) groups: u32,
    pub(super) lossy: Lossy,
    /// What recorders have, while there are such.
    pub(super) tapes: Option<Box<Tapes<M>>>,
    /// What keeps messages from the short ways; most channels have none of it.
    pub(super) marks: Marks,
    /// How many read in the order of admission: lossy readers and recorders.
    pub(super) onlookers: u32,
    /// Whether messages are kept until their lossless readers, or the first to come, have taken them; a broadcast's are not.
    pub(super) keeps: bool,
    /// Who waits for the close.
    pub(super) closing: WaitList,
    /// Who waits for the last reader to go.
    pub(super) deserting: WaitList,
    /// Handles that read; none before the first.
    pub(super) reading: Option<usize>,
    pub(super) told: Told,
    pub(super) ids: u64,
    /// How many requests were accepted.
    pub(super) asked: u64,
    /// Messages were accepted that expire.
    pub(super) expiring: bool,
    /// Some reader keeps the latest of each key: how to make room in those that do.
    pub(super) conflate: Option<Conflate<M>>,
    /// The lanes of the classes of traffic, of a channel that has several.
    pub(super) classes: Option<Box<Classes>>,
    /// Hand-overs to readers that have left.
    pub(super) delivered_before: u64,
    /// Readers that left, and that a shutdown's report has to name: after the close, or with work in flight.
    pub(super) departed: Vec<Departed>,
    /// At so many of them one looks which matter no more.
    pub(super) departed_limit: usize,
    /// How many readers there ever were.
    pub(super) readers_made: u64,
    /// What stays for late readers, if anything does.
    pub(super) retention: Option<Box<Retention>>,
    /// Which messages are looked at to learn how long they wait, while somebody wants to know.
    pub(super) sampling: Option<Box<Sampling>>,
    /// Of a traced channel.
    pub(super) trace: Option<Arc<Trace>>,
}

impl<M> Log<M> {
    /// Whether messages are so large that some ways are not for them: each way that a function has for a message takes room
    /// for one on the stack, where there is little.
    pub(crate) const LARGE: bool = size_of::<M>() > 1024;

    pub(crate) fn new(capacity: usize, keeps: bool) -> Self {
        let capacity = capacity as u64;
        Self {
            lanes: PerLane::new(Lane::new(capacity)),
            parked: 0,
            closed: false,
            ended: false,
            readers: Vec::new(),
            groups: 0,
            lossy: Lossy::new(capacity, keeps),
            tapes: None,
            marks: Marks::NONE,
            onlookers: 0,
            keeps,
            closing: WaitList::new(),
            deserting: WaitList::new(),
            reading: None,
            told: Told::default(),
            ids: 0,
            asked: 0,
            expiring: false,
            conflate: None,
            classes: None,
            delivered_before: 0,
            departed: Vec::new(),
            departed_limit: 0,
            readers_made: 0,
            retention: None,
            sampling: None,
            trace: None,
        }
    }

    /// Gives it a lane for each of these classes, the most urgent first, each with so much room; `Normal` is among them.
    /// Nobody may have used it yet.
    pub(crate) fn set_lanes(&mut self, lanes: &[(Priority, usize)], max_bypass: u32) {
        let classes = lanes.iter().map(|(class, _)| *class).collect();
        self.classes = Some(Box::new(Classes::new(classes, max_bypass)));
        self.lanes.more = lanes.iter().map(|(_, capacity)| Lane::with_seqs(*capacity as u64)).collect();
        let room = lanes.iter().fold(0u64, |sum, (_, capacity)| sum.saturating_add(*capacity as u64));
        self.lossy = Lossy::new(room, true);
        self.lanes.main.gate.capacity = 0; // nobody comes in by the first
    }

    /// Has it traced. A channel must have lanes, so that none of its messages goes a short way.
    pub(crate) fn trace(&mut self, trace: &Arc<Trace>) {
        self.trace = Some(Arc::clone(trace));
    }

    /// Has handles that wait take turns, in each lane. There must be lanes: the short ways know one order only.
    pub(crate) fn take_turns(&mut self) {
        self.lanes.more.iter_mut().for_each(|lane| lane.gate.take_turns());
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// How many messages were accepted; the sequence number of the next one.
    #[inline]
    pub(super) fn tail(&self) -> u64 {
        self.lanes.main.intake.end()
    }

    pub(super) fn next_id(&mut self) -> WaitId {
        self.ids += 1;
        WaitId::MIN.saturating_add(self.ids - 1)
    }

    /// The place of the group of this name.
    pub(super) fn group(&self, name: &str) -> Option<usize> {
        self.readers.iter().position(|reader| reader.is_group() && reader.name == name)
    }

    pub(crate) fn group_names(&self) -> Vec<String> {
        self.readers.iter().filter(|reader| reader.is_group()).map(|reader| reader.name.clone()).collect()
    }

    pub(crate) fn durability(&self, group: &str) -> Option<Durability> {
        match self.readers[self.group(group)?].kind {
            Kind::Group(durability) => Some(durability),
            _ => None,
        }
    }

    /// Members of all groups.
    pub(crate) fn members(&self) -> usize {
        let groups = self.readers.iter().filter(|reader| reader.is_group());
        groups.map(|group| group.members as usize).sum()
    }

    /// Whether readers get the end once there is nothing left for them.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.closed && (self.ended || !self.has_permits())
    }

    /// Closes: those who wait for room are turned away, readers may drain what there is.
    pub(crate) fn close(&mut self, effects: &mut Effects<M>) {
        if self.closed {
            return;
        }
        self.closed = true;
        self.close_ledgers();
        for lane in self.lanes.iter_mut() {
            effects.wakers.extend(lane.close());
        }
        for list in [&mut self.closing, &mut self.deserting] {
            effects.wakers.extend(list.clear());
        }
        self.wake_all_readers(effects);
    }

    /// Ends every wait that the close has left: of readers for a permit that is out.
    pub(crate) fn end(&mut self, effects: &mut Effects<M>) {
        self.close(effects);
        self.ended = true;
        self.end_ledgers(effects);
        self.wake_all_readers(effects);
    }

    /// Has all messages dropped, and all requests: no handle is left.
    pub(crate) fn clear(&mut self, effects: &mut Effects<M>) {
        self.lanes.iter_mut().for_each(|lane| effects.drop_all(&mut lane.intake));
        self.clear_tapes(effects);
        for reader in &self.readers {
            let mut inbox = reader.inbox.lock();
            inbox.queues.iter_mut().for_each(|queue| effects.drop_all(queue));
            if let Some(ledger) = &mut inbox.ledger {
                ledger.clear(effects);
            }
        }
    }

    /// Registers a future that waits for an end. None if it has come.
    pub(crate) fn wait_for_end(
        &mut self,
        of: End,
        id: Option<WaitId>,
        waker: &Waker,
        caller: impl FnOnce() -> Caller,
        effects: &mut Effects<M>,
    ) -> Option<WaitId> {
        if self.closed || of == End::Reading && self.reading == Some(0) {
            return None;
        }
        let fresh = self.next_id();
        let (id, replaced) = self.waiting_for_end(of).wait(id, fresh, waker, true, caller);
        effects.drop_waker(replaced);
        Some(id)
    }

    pub(crate) fn forget_end(&mut self, of: End, id: WaitId) -> Option<Waker> {
        self.waiting_for_end(of).remove(id)?.waker
    }

    fn waiting_for_end(&mut self, of: End) -> &mut WaitList {
        match of {
            End::Channel => &mut self.closing,
            End::Reading => &mut self.deserting,
        }
    }

    /// Handles that read, and that hold senders back or are a broadcast's.
    fn reading(&self) -> usize {
        self.reading.unwrap_or(0)
    }

    /// Has it close with the last of them.
    pub(crate) fn close_with_readers(&mut self) {
        self.told.closes_with_readers = true;
    }

    pub(crate) fn closes_with_readers(&self) -> bool {
        self.told.closes_with_readers
    }

    /// A handle more that reads.
    pub(super) fn reader_came(&mut self) {
        self.reading = Some(self.reading() + 1);
        self.told.unread = false;
    }

    /// So many handles less that read.
    pub(super) fn readers_went(&mut self, count: usize, effects: &mut Effects<M>) {
        if count == 0 {
            return;
        }
        self.reading = Some(self.reading() - count);
        if self.reading() > 0 {
            return;
        }
        effects.wakers.extend(self.deserting.clear());
        if self.told.closes_with_readers && !self.closed {
            self.close(effects);
            effects.warnings.push(Warning::Deserted); // what is left goes: nobody comes for it
        }
    }

    pub(super) fn wake_all_readers(&mut self, effects: &mut Effects<M>) {
        self.readers.iter_mut().for_each(|reader| wake(&mut reader.parked, u64::MAX, effects));
        self.lossy.wake(effects);
        self.parked = u32::from(self.tapes.is_some());
        self.wake_tapes(effects);
    }

    /// Wakes those who wait for a message. Of a group's members, as many as there are messages; and those whose wait may
    /// outlive its future before them.
    pub(crate) fn wake_readers(&mut self, messages: u64, effects: &mut Effects<M>) {
        for reader in self.readers.iter_mut().filter(|reader| !reader.parked.is_empty()) {
            let wanted = if reader.is_group() { messages } else { 1 };
            wake(&mut reader.parked, wanted, effects);
            self.parked -= u32::from(reader.parked.is_empty());
        }
        self.parked -= self.lossy.wake(effects);
    }
}

/// Has every reader that keeps the latest of each key look at what has come in of a lane.
pub(super) type Conflate<M> = fn(&mut Log<M>, LaneIndex, &mut Effects<M>);

/// What a log was told at its opening, and what it has told.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Told {
    /// It closes with its last reader.
    closes_with_readers: bool,
    /// Its groups are known: others may be mistakes.
    pub(super) groups_declared: bool,
    /// That senders wait and nobody is there to read.
    pub(super) unread: bool,
    /// That requests wait and no group is there.
    pub(super) unserved: bool,
}

/// What somebody may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The channel closes.
    Channel,
    /// The last of its readers goes, or the channel closes.
    Reading,
}

/// Wakes so many that will look, the longest waiting first.
pub(super) fn wake<M>(parked: &mut WaitList, mut wanted: u64, effects: &mut Effects<M>) {
    while wanted > 0
        && let Some(waiter) = parked.pop()
    {
        effects.wake_taken(waiter.waker);
        wanted -= u64::from(waiter.firm);
    }
}
