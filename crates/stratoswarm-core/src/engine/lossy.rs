use std::{
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crossbeam_utils::CachePadded;

use super::{Effects, Log, Queue, WaitId, WaitList, cursors::Whose, log::wake, pulling::BATCH};
use crate::{
    stats::Skipped,
    sync::{
        self,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// The most that is remembered for the taps of a channel.
const MOST_KEPT: u64 = 65_536;

/// The lossy readers of a log, and what they share. They have no inboxes: each takes messages from the intake into a batch
/// of its own, and senders tell them when it is overtaken.
pub(super) struct Lossy {
    pub(super) readers: Vec<LossyReader>,
    /// How far behind the newest message a reader may be.
    pub(super) keep: u64,
    /// While no message has this number, no reader holds one that it is too late for. Perhaps too low, never too high.
    alarm: u64,
    /// Once there are so many messages, the alarm is looked for anew.
    alarm_again: u64,
    /// How many messages there are, told to the readers once the alarm is passed.
    overtaken: Arc<CachePadded<AtomicU64>>,
}

pub(super) struct LossyReader {
    /// How many readers the log had before it.
    pub(super) number: u64,
    pub(super) start: u64,
    /// The number of the first message that it has not taken from the intake.
    pub(super) next: u64,
    /// The number of the first message that it took and has not handed out, when it was last here; the greatest of all
    /// numbers without.
    holds_from: u64,
    pub(super) skipped: Skipped,
    /// The receiving future that waits.
    pub(super) parked: WaitList,
    shared: Arc<CachePadded<LossyShared>>,
}

/// What a lossy reader's handle and the log share.
pub(crate) struct LossyShared {
    /// The reader's place among the lossy ones; kept and read under the log's lock.
    place: AtomicUsize,
    /// How many messages it took and has not handed out.
    unread: AtomicU64,
}

/// What a lossy reader's handle has of the log: what it looks at before each message lies here.
pub(crate) struct LossySeat {
    shared: Arc<CachePadded<LossyShared>>,
    /// [`Lossy::overtaken`].
    overtaken: Arc<CachePadded<AtomicU64>>,
    keep: u64,
}

/// What a lossy reader got besides messages.
pub(crate) struct LossyTake {
    pub(crate) missed: u64,
    pub(crate) closed: bool,
}

impl LossySeat {
    /// Whether the reader is too late for the message of this number.
    #[inline(always)]
    pub(crate) fn is_too_late_for(&self, number: u64) -> bool {
        self.overtaken.load(Ordering::Relaxed) > number.saturating_add(self.keep)
    }

    #[inline(always)]
    pub(crate) fn set_unread(&self, messages: usize) {
        self.shared.unread.store(messages as u64, Ordering::Relaxed);
    }
}

impl Deref for LossySeat {
    type Target = LossyShared;

    #[inline(always)]
    fn deref(&self) -> &LossyShared {
        &self.shared
    }
}

impl LossyReader {
    /// How many messages it can still get, or has missed without knowing it yet.
    pub(super) fn behind(&self, tail: u64) -> u64 {
        tail - self.next + self.shared.unread.load(Ordering::Relaxed)
    }
}

impl Lossy {
    pub(super) fn new(capacity: u64, keeps: bool) -> Self {
        Self {
            readers: Vec::new(),
            keep: if keeps { capacity.min(MOST_KEPT) } else { capacity },
            alarm: u64::MAX,
            alarm_again: 0,
            overtaken: Arc::new(CachePadded::new(AtomicU64::new(0))),
        }
    }

    /// Tells the readers how many messages there are, if one of them may hold what it is too late for.
    #[inline]
    pub(super) fn overtake(&mut self, tail: u64) {
        if tail > self.alarm {
            self.sound(tail);
        }
    }

    #[cold]
    fn sound(&mut self, tail: u64) {
        self.overtaken.store(tail, Ordering::Relaxed);
        if tail >= self.alarm_again {
            // A look at all readers is paid for by as many messages as there are readers.
            self.alarm_again = tail + (self.readers.len() as u64).max(BATCH as u64);
            let holds = self.readers.iter().map(|reader| reader.holds_from).min();
            self.alarm = holds.map_or(u64::MAX, |from| from.saturating_add(self.keep));
        }
    }

    /// Wakes those who wait for a message; how many readers did.
    pub(super) fn wake<M>(&mut self, effects: &mut Effects<M>) -> u32 {
        let mut woken = 0;
        for reader in self.readers.iter_mut().filter(|reader| !reader.parked.is_empty()) {
            wake(&mut reader.parked, 1, effects);
            woken += 1;
        }
        woken
    }
}

impl<M> Log<M> {
    /// A new lossy reader, from the next message on.
    pub(crate) fn open_lossy(&mut self) -> LossySeat {
        let tail = self.tail();
        let lossy = &mut self.lossy;
        let shared = Arc::new(CachePadded::new(LossyShared {
            place: AtomicUsize::new(lossy.readers.len()),
            unread: AtomicU64::new(0),
        }));
        let (overtaken, keep) = (Arc::clone(&lossy.overtaken), lossy.keep);
        lossy.readers.push(LossyReader {
            number: self.readers_made,
            start: tail,
            next: tail,
            holds_from: u64::MAX,
            skipped: Skipped::default(),
            parked: WaitList::new(),
            shared: Arc::clone(&shared),
        });
        self.readers_made += 1;
        self.onlookers += 1;
        if !self.keeps {
            self.reader_came(); // a tap only looks on
        }
        self.cursor_came(0, Whose::Lossy, tail);
        LossySeat { shared, overtaken, keep }
    }

    /// The reader of a handle.
    pub(super) fn lossy(&mut self, of: &LossyShared) -> Option<&mut LossyReader> {
        self.lossy.readers.get_mut(of.place.load(Ordering::Relaxed))
    }

    pub(super) fn lossy_at(&self, of: &LossyShared) -> Option<&LossyReader> {
        self.lossy.readers.get(of.place.load(Ordering::Relaxed))
    }

    /// A lossy reader leaves.
    pub(crate) fn leave_lossy(&mut self, of: &LossyShared, effects: &mut Effects<M>) {
        let place = of.place.load(Ordering::Relaxed);
        if place >= self.lossy.readers.len() {
            return;
        }
        self.onlookers -= 1;
        let mut gone = self.lossy.readers.swap_remove(place);
        if let Some(moved) = self.lossy.readers.get(place) {
            moved.shared.place.store(place, Ordering::Relaxed);
        }
        if self.lossy.readers.is_empty() {
            self.lossy.alarm = u64::MAX;
        }
        self.parked -= u32::from(!gone.parked.is_empty());
        effects.wakers_dropped.extend(gone.parked.clear());
        self.remember(gone.figures(self.tail(), self.lossy.keep), None, self.closed);
        self.cursor_went(0, Whose::Lossy, gone.next, effects);
        self.readers_went(usize::from(!self.keeps), effects);
    }

    /// Appends without ever waiting: the oldest goes when there is no room.
    #[inline(always)]
    pub(crate) fn push_lossy(&mut self, message: M) -> Option<M> {
        let lane = &mut self.lanes.main;
        if self.onlookers == 0 {
            lane.intake.skip_to(lane.intake.end() + 1);
            return Some(message);
        }
        let full = lane.intake.len() as u64 == lane.gate.capacity;
        let oldest = if full { lane.intake.pop_plain() } else { None };
        lane.intake.push(message, lane.gate.capacity);
        lane.gate.high_water = lane.gate.high_water.max(lane.intake.len() as u64);
        self.lossy.overtake(lane.intake.end());
        oldest
    }

    pub(crate) fn lossy_readers(&self) -> usize {
        self.lossy.readers.len()
    }

    /// Counts one that a lossy reader took, and that is lost to it.
    #[cfg(feature = "chaos")]
    pub(crate) fn count_lost(&mut self, of: &LossyShared) {
        if let Some(reader) = self.lossy(of) {
            reader.skipped.missed += 1;
        }
    }

    /// How many messages a lossy reader may take at once: together they hold no more than four clones of each message, or
    /// one each.
    pub(crate) fn lossy_share(&self) -> usize {
        if !self.lanes.main.cursors.are_several() {
            return usize::MAX; // it makes none
        }
        let readers = self.lossy.readers.len().max(1) as u64;
        (4 * self.lossy.keep / readers).clamp(1, BATCH as u64) as usize
    }

    /// Gives the storage of a burst back, of the intake and of a lossy reader's batch.
    pub(crate) fn shrink_lossy(&mut self, batch: &mut Queue<M>) {
        self.lanes.main.intake.give_back(0);
        batch.give_back(0);
    }
}

impl<M: Clone> Log<M> {
    /// The newest message, if it is the only one for a lossy reader, which holds none.
    pub(crate) fn take_newest_lossy(&mut self, of: &LossyShared, waiting: &mut Option<WaitId>) -> Option<M> {
        let reader = self.lossy.readers.get_mut(of.place.load(Ordering::Relaxed))?;
        let number = reader.next;
        let lane = &mut self.lanes.main;
        let only = number + 1 == lane.intake.end() && !lane.intake.is_empty() && !lane.intake.has_tags();
        if !only || waiting.is_some() && !reader.parked.is_empty() {
            return None;
        }
        let several = lane.cursors.are_several();
        let alone = lane.intake.len() == 1 && (!several || lane.cursors.alone(Whose::Lossy, number, 1) == 1);
        if !self.keeps && lane.gate.high_water == 0 {
            lane.gate.high_water = 1;
        }
        let message = if alone {
            lane.intake.pop_plain()
        } else {
            lane.intake.copy_one(lane.intake.len() - 1) // if that panics, it is done the long way
        }?;
        reader.next = number + 1;
        lane.cursors.moved(Whose::Lossy, number, number + 1);
        *waiting = None; // woken, or the list would not be empty
        Some(message)
    }

    /// Brings a lossy reader's batch up to date: what it is too late for goes, and an empty one is filled with as many
    /// messages as are wanted.
    pub(crate) fn take_lossy(
        &mut self,
        of: &LossyShared,
        batch: &mut Queue<M>,
        wanted: usize,
        effects: &mut Effects<M>,
    ) -> LossyTake {
        let (tail, keep) = (self.tail(), self.lossy.keep);
        let place = of.place.load(Ordering::Relaxed);
        let Some(reader) = self.lossy.readers.get_mut(place) else {
            return LossyTake { missed: 0, closed: true };
        };
        if !self.keeps {
            let behind = tail - if batch.is_empty() { reader.next } else { batch.front() };
            self.lanes.main.gate.high_water = self.lanes.main.gate.high_water.max(behind.min(keep));
        }
        let mut missed = 0;
        while batch.front() < tail.saturating_sub(keep)
            && let Some(message) = batch.pop_plain()
        {
            effects.dropped.push(message);
            missed += 1;
        }
        let mut panicked = 0;
        if batch.is_empty() {
            let skipped = self.refill(place, batch, wanted, effects);
            missed += skipped.missed;
            panicked = skipped.panicked;
        }
        let Some(reader) = self.lossy.readers.get_mut(place) else {
            return LossyTake { missed, closed: true };
        };
        reader.skipped.missed += missed;
        reader.skipped.panicked += panicked;
        reader.holds_from = if batch.is_empty() { u64::MAX } else { batch.front() };
        self.lossy.alarm = self.lossy.alarm.min(reader.holds_from.saturating_add(keep));
        let missed = missed + panicked; // it is told of both
        LossyTake { missed, closed: batch.is_empty() && self.is_over() }
    }

    /// Fills an empty batch; what was skipped before it.
    fn refill(
        &mut self,
        place: usize,
        batch: &mut Queue<M>,
        wanted: usize,
        effects: &mut Effects<M>,
    ) -> Skipped {
        self.trim(0, effects);
        let tail = self.tail();
        let oldest = self.lanes.main.intake.front().max(tail.saturating_sub(self.lossy.keep));
        let reader = &mut self.lossy.readers[place];
        let before = reader.next;
        let mut skipped = Skipped { missed: oldest.saturating_sub(before), ..Skipped::default() };
        reader.next += skipped.missed;
        batch.skip_to(reader.next);
        if reader.next < tail && reader.next == self.lanes.main.intake.front() {
            let alone = if self.lanes.main.cursors.are_several() {
                self.lanes.main.cursors.alone(
                    Whose::Lossy,
                    reader.next,
                    wanted.min(self.lanes.main.intake.len()),
                )
            } else {
                self.lanes.main.intake.len()
            };
            self.lanes.main.intake.move_first(alone, batch);
            batch.drop_tags(&mut effects.dropped_requests); // it is for those who must not lose anything to be late
            reader.next += alone as u64;
        }
        while batch.is_empty() && reader.next < tail {
            let from = (reader.next - self.lanes.main.intake.front()) as usize;
            let until = self.lanes.main.intake.len().min(from.saturating_add(wanted));
            let cloned = catch_unwind(AssertUnwindSafe(|| {
                sync::users(|| batch.extend_cloned(&self.lanes.main.intake, from..until));
            }));
            reader.next = batch.end();
            if cloned.is_err() && batch.is_empty() {
                // Otherwise it is the first of the next batch.
                reader.next += 1;
                batch.skip_to(reader.next);
                skipped.panicked += 1;
            }
        }
        self.lanes.main.cursors.moved(Whose::Lossy, before, reader.next);
        skipped
    }
}
