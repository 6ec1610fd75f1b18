use std::{sync::Arc, task::Waker};

use crossbeam_utils::CachePadded;

use super::{Gate, LaneIndex, Queue, bypass::Bypass, cursors::Cursors, queues::Queues};
use crate::{
    message::Priority,
    request::Charges,
    sync::atomic::{AtomicU64, Ordering},
};

/// Messages that have room of their own, and a line of their own where senders wait for it.
#[repr(C)]
pub(super) struct Lane<M> {
    /// So many messages may come in before anything else needs to be looked at. Never too high; 0 where it is unknown.
    pub(super) credit: u64,
    /// What came in, until every reader has taken it; each from its own number on.
    pub(super) intake: Queue<M>,
    pub(super) gate: Gate,
    /// Where all its readers are.
    pub(super) cursors: Cursors,
    /// Where the first lossless reader to come will start, while there is none.
    pub(super) kept_from: u64,
}

/// How many lanes there can be besides the first: one for each class of traffic.
pub(super) const MOST: usize = 4;

/// Up to which number messages came into each lane; readers look here without the log's lock.
pub(super) type Ends = CachePadded<[AtomicU64; MOST]>;

/// Which class of traffic has which lane, and what readers need of that.
pub(super) struct Classes {
    /// Those that have a lane of their own.
    own: Vec<Priority>,
    /// The lane of each class.
    of: [u8; MOST],
    pub(super) ends: Arc<Ends>,
    pub(super) max_bypass: u32,
    /// The lanes of which a message interrupts some reader's [`Run`], as a mask.
    pub(super) alarm: u8,
    /// Of a channel that bounds bytes: the charges of its messages.
    pub(super) charges: Charges,
}

impl<M> Lane<M> {
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            credit: 0,
            intake: Queue::new(),
            gate: Gate::new(capacity),
            cursors: Cursors::new(),
            kept_from: 0,
        }
    }

    /// One of several: its messages have sequence numbers besides.
    pub(super) fn with_seqs(capacity: u64) -> Self {
        Self { intake: Queue::with_seqs(), ..Self::new(capacity) }
    }

    /// How many places what is kept for the first reader to come takes.
    pub(super) fn kept_places(&self) -> u64 {
        self.intake.end() - self.kept_from - self.released_from(self.kept_from, false)
    }

    /// How many messages from this number on gave up their places.
    pub(super) fn released_from(&self, number: u64, of_group: bool) -> u64 {
        if self.intake.released() > 0 { self.intake.released_from(number, of_group) } else { 0 }
    }

    /// Who is to be woken when the lane closes.
    pub(super) fn close(&mut self) -> impl Iterator<Item = Waker> + use<M> {
        self.credit = 0;
        self.gate.close()
    }
}

impl Classes {
    /// One lane for each of these classes, the most urgent first; `Normal`'s is among them, and the lane of all others.
    pub(super) fn new(classes: Vec<Priority>, max_bypass: u32) -> Self {
        let lane = |priority| classes.iter().position(|class| *class == priority).map(|at| at as u8 + 1);
        let normal = lane(Priority::Normal).unwrap_or(1);
        let all = [Priority::Critical, Priority::High, Priority::Normal, Priority::Low];
        let ends = std::array::from_fn(|_| AtomicU64::new(0));
        let of = all.map(|class| lane(class).unwrap_or(normal));
        Self {
            own: classes,
            of,
            ends: Arc::new(CachePadded::new(ends)),
            max_bypass,
            alarm: 0,
            charges: Charges::default(),
        }
    }

    /// Which lane is whose, for one who does not see the log.
    pub(super) fn lanes(&self) -> LaneClasses {
        LaneClasses { own: self.own.clone(), of: self.of }
    }

    #[inline]
    pub(super) fn lane(&self, class: Priority) -> LaneIndex {
        self.of[class as usize].into()
    }

    /// The class that has this lane for its own.
    pub(super) fn class(&self, at: LaneIndex) -> Priority {
        self.own[at - 1]
    }

    /// So many messages came into this lane.
    #[inline]
    pub(super) fn set_end(&self, at: LaneIndex, end: u64) {
        self.ends[at - 1].store(end, Ordering::Relaxed);
    }
}

/// Which class has which lane.
pub(super) struct LaneClasses {
    own: Vec<Priority>,
    of: [u8; MOST],
}

/// What a lane tells of a message's class.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneClass {
    /// The class whose lane it is; none where there is one lane for all.
    own: Option<Priority>,
    /// The classes that go there, as a mask.
    of: u8,
}

impl LaneClasses {
    pub(super) fn of(&self, at: LaneIndex) -> LaneClass {
        let there = self.of.iter().enumerate().filter(|(_, lane)| usize::from(**lane) == at);
        let own = if self.own.len() > 1 {
            at.checked_sub(1).and_then(|at| self.own.get(at)).copied()
        } else {
            None
        };
        LaneClass { own, of: there.map(|(class, _)| 1 << class).sum() }
    }
}

impl LaneClass {
    /// Where there are no lanes.
    pub(super) const ANY: Self = Self { own: None, of: 0 };

    /// The class with which a message came there that says itself to be of this one: if it would have gone elsewhere then, it was
    /// sent with another.
    pub(super) fn of(self, says: Priority) -> Priority {
        self.own.filter(|_| self.of >> says as u8 & 1 == 0).unwrap_or(says)
    }
}

/// How one reader goes through its lanes.
pub(super) struct Sorted {
    pub(super) bypass: Bypass,
    /// Up to which number of each lane messages were pulled.
    pub(super) pulled: [u64; MOST],
    ends: Arc<Ends>,
    /// The lane of the last message that was taken.
    pub(super) last: LaneIndex,
    /// Its sequence number, and whose turn it was before.
    before: (u64, Bypass),
    /// Those that it takes one after another.
    pub(super) run: Option<Run>,
}

/// Messages of one lane whose turn comes one after another, so that nobody need look whose it is: as long as no lane begins to
/// wait that did not, and they have no tags. It is found at the log, which knows of every lane that begins to wait, and
/// [interrupts](super::Log::interrupt) it then.
pub(super) struct Run {
    pub(super) lane: LaneIndex,
    /// The number of its first message, and where it ends.
    pub(super) from: u64,
    pub(super) end: u64,
    /// The lanes that wait meanwhile.
    pub(super) waiting: u8,
}

impl Sorted {
    /// Of a reader that begins with these numbers.
    pub(super) fn new(classes: &Classes, starts: &[u64]) -> Self {
        let pulled = std::array::from_fn(|at| starts.get(at).copied().unwrap_or(0));
        let bypass = Bypass::new(classes.max_bypass);
        Self { bypass, pulled, ends: Arc::clone(&classes.ends), last: 1, before: (0, bypass), run: None }
    }

    /// The lane whose turn it is, and a mask of those that wait: `ready` are those that have something besides what is in the
    /// queues and intakes.
    #[inline]
    pub(super) fn turn<M>(&self, queues: &Queues<M>, ready: u8) -> Option<(LaneIndex, u8)> {
        let waiting = self.waiting(queues) | ready;
        Some((self.bypass.pick(waiting)? + 1, waiting))
    }

    /// The message of this number was taken from this lane, while these waited.
    #[inline]
    pub(super) fn took(&mut self, at: LaneIndex, seq: u64, waiting: u8) {
        self.before = (seq, self.bypass);
        self.bypass.took(at - 1, waiting, 1);
        self.last = at;
    }

    /// The message of this number was taken and not handed out: nobody had a turn by that.
    pub(super) fn skipped(&mut self, seq: u64) {
        if self.before.0 == seq {
            self.bypass = self.before.1;
        }
    }

    /// The lanes that have something.
    #[inline]
    pub(super) fn waiting<M>(&self, queues: &Queues<M>) -> u8 {
        let mut waiting = 0;
        for lane in queues.read() {
            let at = lane - 1;
            let waits = !queues[lane].is_empty() || self.ends[at].load(Ordering::Relaxed) > self.pulled[at];
            waiting |= u8::from(waits) << at;
        }
        waiting
    }
}
