use std::{
    cell::Cell,
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Waker,
    time::Instant,
};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

use crate::request::AnyCell;

const SHARDS: usize = 8;

/// Who waits, with deadlines on the system's clock or without. Its locks are the last to be taken: nothing is locked, woken or dropped under them.
pub(super) struct Table {
    shards: [CachePadded<Mutex<Shard>>; SHARDS],
}

/// What happens at a deadline.
pub(super) enum Alarm {
    /// A task looks.
    Wake(Waker),
    /// A request expires.
    Expire(Arc<dyn AnyCell>),
}

struct Shard {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The deadlines, the earliest first; among them those of slots that are free again.
    due: BinaryHeap<Reverse<Due>>,
    /// How many of them are of slots that are free again.
    stale: usize,
    /// The keeper wakes no later than this. None: it looks at this shard before it sleeps, or it is not there.
    wakes_at: Option<Instant>,
}

struct Slot {
    /// None once it rang, or was given back.
    alarm: Option<Alarm>,
    has_deadline: bool,
    /// How many alarms were here before.
    life: u32,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Instant,
    slot: u32,
    life: u32,
}

/// Where an alarm is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    shard: u32,
    slot: u32,
}

impl Table {
    pub(super) const fn new() -> Self {
        Self { shards: [const { CachePadded::new(Mutex::new(Shard::new())) }; SHARDS] }
    }

    /// Adds an alarm; whether the keeper has to be woken for it.
    pub(super) fn arm(&self, deadline: Option<Instant>, alarm: Alarm) -> (Entry, bool) {
        let at = shard_of_thread();
        let mut shard = self.shards[at].lock();
        let slot = shard.insert(deadline, alarm);
        let early = deadline.is_some_and(|at| shard.wakes_at.is_none_or(|wakes_at| at < wakes_at));
        if early {
            shard.wakes_at = deadline;
        }
        (Entry { shard: at as u32, slot }, early)
    }

    /// Keeps the waker of an alarm current; false if it rang.
    pub(super) fn renew(&self, entry: Entry, waker: &Waker) -> bool {
        let mut shard = self.shards[entry.shard as usize].lock();
        let alarm = &mut shard.slots[entry.slot as usize].alarm;
        let waits = alarm.is_some();
        let old = match alarm {
            Some(Alarm::Wake(current)) if !current.will_wake(waker) => {
                Some(std::mem::replace(current, waker.clone()))
            }
            _ => None,
        };
        drop(shard);
        drop(old);
        waits
    }

    pub(super) fn disarm(&self, entry: Entry) {
        let mut shard = self.shards[entry.shard as usize].lock();
        let old = shard.remove(entry.slot);
        drop(shard);
        drop(old);
    }

    /// The alarms that are due, and when the next ones will be.
    pub(super) fn due(&self, now: Instant) -> (Vec<Alarm>, Option<Instant>) {
        let mut due = Vec::new();
        let mut next: Option<Instant> = None;
        for shard in &self.shards {
            let mut shard = shard.lock();
            // Whoever arms from here on, before the sleep is known, wakes the keeper.
            shard.wakes_at = None;
            while let Some(earliest) = shard.earliest() {
                if earliest > now {
                    next = Some(next.map_or(earliest, |next| next.min(earliest)));
                    break;
                }
                due.extend(shard.ring());
            }
        }
        (due, next)
    }

    /// The keeper sleeps until then.
    pub(super) fn sleeps_until(&self, next: Instant) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            // What was armed meanwhile has set an earlier time, and woken the keeper.
            shard.wakes_at = Some(shard.wakes_at.map_or(next, |wakes_at| wakes_at.min(next)));
        }
    }

    /// Whether there is no deadline, and the keeper may end. Whoever arms from then on has to wake it: what a deadline that
    /// was disarmed before the keeper saw it has promised no longer holds.
    pub(super) fn may_rest(&self) -> bool {
        self.shards.iter().all(|shard| {
            let mut shard = shard.lock();
            let idle = shard.earliest().is_none();
            if idle {
                shard.wakes_at = None;
            }
            idle
        })
    }

    /// The requests that wait on this channel.
    pub(super) fn requests(&self, channel: usize) -> Vec<Arc<dyn AnyCell>> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            found.extend(shard.slots.iter().filter_map(|slot| match &slot.alarm {
                Some(Alarm::Expire(cell)) if cell.channel() == channel => Some(Arc::clone(cell)),
                _ => None,
            }));
        }
        found
    }
}

impl Shard {
    const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), due: BinaryHeap::new(), stale: 0, wakes_at: None }
    }

    fn insert(&mut self, deadline: Option<Instant>, alarm: Alarm) -> u32 {
        let (alarm, has_deadline) = (Some(alarm), deadline.is_some());
        let index = if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            (slot.alarm, slot.has_deadline) = (alarm, has_deadline);
            index
        } else {
            self.slots.push(Slot { alarm, has_deadline, life: 0 });
            self.slots.len() as u32 - 1
        };
        if let Some(at) = deadline {
            self.due.push(Reverse(Due { at, slot: index, life: self.slots[index as usize].life }));
        }
        index
    }

    fn remove(&mut self, index: u32) -> Option<Alarm> {
        let slot = &mut self.slots[index as usize];
        slot.life = slot.life.wrapping_add(1);
        let alarm = slot.alarm.take();
        if alarm.is_some() && slot.has_deadline {
            self.stale += 1;
        }
        self.free.push(index);
        if self.stale > 64 && self.stale > self.due.len() / 2 {
            self.sweep();
        }
        if self.free.len() == self.slots.len() && self.slots.len() > 1024 {
            *self = Self { wakes_at: self.wakes_at, ..Self::new() }; // the memory of a burst
        }
        alarm
    }

    /// Forgets deadlines of slots that are free again.
    #[cold]
    fn sweep(&mut self) {
        let slots = &self.slots;
        self.due.retain(|Reverse(due)| slots[due.slot as usize].life == due.life);
        self.stale = 0;
    }

    /// The earliest deadline of a slot that is in use.
    fn earliest(&mut self) -> Option<Instant> {
        while let Some(Reverse(due)) = self.due.peek() {
            if self.slots[due.slot as usize].life == due.life {
                return Some(due.at);
            }
            self.due.pop();
            self.stale = self.stale.saturating_sub(1);
        }
        None
    }

    /// Takes the alarm of the earliest deadline.
    fn ring(&mut self) -> Option<Alarm> {
        let Reverse(due) = self.due.pop()?;
        self.slots[due.slot as usize].alarm.take()
    }
}

fn shard_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    MINE.try_with(|mine| {
        mine.get().unwrap_or_else(|| {
            let shard = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            mine.set(Some(shard));
            shard
        })
    })
    .unwrap_or(0)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn noop() -> Alarm {
        Alarm::Wake(Waker::noop().clone())
    }

    proptest! {
        #[test]
        fn each_alarm_that_is_still_armed_rings_once_and_at_its_time(
            operations in prop::collection::vec((0_u8..4, 0_usize..20, 0_u64..50), 1..400),
        ) {
            let (table, start) = (Table::new(), Instant::now());
            let mut now = start;
            let mut armed: Vec<(Instant, Entry)> = Vec::new();
            let mut rung: Vec<Entry> = Vec::new();
            for (kind, index, ms) in operations {
                match kind {
                    0 | 1 => {
                        let deadline = now + Duration::from_millis(ms);
                        armed.push((deadline, table.arm(Some(deadline), noop()).0));
                    }
                    2 if !armed.is_empty() => table.disarm(armed.swap_remove(index % armed.len()).1),
                    2 => {}
                    _ => {
                        now += Duration::from_millis(ms);
                        let (due, next) = table.due(now);
                        let (over, open): (Vec<_>, Vec<_>) = armed.into_iter().partition(|(at, _)| *at <= now);
                        prop_assert_eq!(due.len(), over.len());
                        rung.extend(over.iter().map(|(_, entry)| *entry));
                        prop_assert_eq!(next, open.iter().map(|(at, _)| *at).min());
                        armed = open;
                    }
                }
                if ms % 5 == 0 {
                    rung.drain(..).for_each(|entry| table.disarm(entry));
                }
                prop_assert_eq!(table.may_rest(), armed.is_empty());
            }
        }
    }

    #[test]
    fn deadlines_that_are_disarmed_leave_nothing_behind() {
        let table = Table::new();
        let deadline = Instant::now() + Duration::from_secs(60);
        for _ in 0..10_000 {
            let (entry, _) = table.arm(Some(deadline), noop());
            table.disarm(entry);
        }
        let most = table.shards.iter().map(|shard| shard.lock().due.len()).max();
        assert!(most <= Some(200), "{most:?}");
        let entries: Vec<_> = (0..10_000).map(|_| table.arm(Some(deadline), noop()).0).collect();
        for entry in entries {
            table.disarm(entry);
        }
        let slots: usize = table.shards.iter().map(|shard| shard.lock().slots.capacity()).sum();
        assert!(slots <= 1024, "{slots}");
    }

    #[test]
    fn the_keeper_is_woken_after_its_rest_whatever_was_disarmed_before() {
        let (table, now) = (Table::new(), Instant::now());
        let at = |seconds| Some(now + Duration::from_secs(seconds));
        assert_eq!(table.due(now).1, None);
        let (entry, early) = table.arm(at(10), noop());
        assert!(early);
        table.disarm(entry); // before the keeper looked
        assert!(table.may_rest());
        assert!(table.arm(at(20), noop()).1, "nobody is there to see it otherwise");
    }

    #[test]
    fn the_keeper_is_woken_for_what_comes_before_the_end_of_its_sleep() {
        let (table, now) = (Table::new(), Instant::now());
        let at = |seconds| Some(now + Duration::from_secs(seconds));
        assert!(table.arm(at(10), noop()).1, "it is not there yet");
        let (_, next) = table.due(now);
        assert_eq!(next, at(10));
        table.sleeps_until(now + Duration::from_secs(10));
        assert!(!table.arm(at(20), noop()).1 && table.arm(at(5), noop()).1);
        assert!(!table.arm(None, noop()).1);
    }
}
