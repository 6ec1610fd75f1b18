use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
    task::Waker,
};

use crossbeam_utils::CachePadded;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

const SHARDS: usize = 8;

/// The armed deadlines of one runtime, in shards, so that its threads do not meet.
///
/// Tables live for ever and serve one runtime after the other, so that a timer need not count its references: there are
/// as many as there ever were runtimes with requests at once.
pub(super) struct Table {
    shards: [CachePadded<Mutex<Shard>>; SHARDS],
    wake_driver: Mutex<Option<WakeDriver>>,
}

/// Ends the sleep of a table's driver.
pub(super) type WakeDriver = Box<dyn Fn() + Send>;

struct Shard {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Until when the driver surely does not sleep longer; none: it looks at this shard before it sleeps.
    wakes_at: Option<Instant>,
    /// How many runtimes were served before.
    life: u32,
    alive: bool,
}

struct Slot {
    deadline: Instant,
    waker: Option<Waker>,
}

/// Where a deadline is armed.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    shard: u32,
    slot: u32,
    life: u32,
}

impl Table {
    pub(super) fn new() -> Self {
        let shard = || Shard { slots: Vec::new(), free: Vec::new(), wakes_at: None, life: 0, alive: false };
        Self {
            shards: std::array::from_fn(|_| CachePadded::new(Mutex::new(shard()))),
            wake_driver: Mutex::new(None),
        }
    }

    /// A driver takes over.
    pub(super) fn start(&self, wake_driver: WakeDriver) {
        *self.wake_driver.lock() = Some(wake_driver);
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.alive = true;
            shard.wakes_at = None;
        }
    }

    /// None if nobody serves this table any more.
    pub(super) fn arm(&self, deadline: Instant, waker: &Waker) -> Option<Entry> {
        let at = shard_of_thread();
        let shard = self.shards[at].lock();
        shard.alive.then(|| self.arm_in(at, shard, deadline, waker))
    }

    /// For a table whose driver never ends.
    pub(super) fn arm_always(&self, deadline: Instant, waker: &Waker) -> Entry {
        let at = shard_of_thread();
        self.arm_in(at, self.shards[at].lock(), deadline, waker)
    }

    fn arm_in(&self, at: usize, mut shard: MutexGuard<'_, Shard>, deadline: Instant, waker: &Waker) -> Entry {
        let slot = Slot { deadline, waker: Some(waker.clone()) };
        let index = if let Some(index) = shard.free.pop() {
            shard.slots[index as usize] = slot;
            index
        } else {
            shard.slots.push(slot);
            shard.slots.len() as u32 - 1
        };
        let entry = Entry { shard: at as u32, slot: index, life: shard.life };
        let too_late = shard.wakes_at.is_none_or(|wakes_at| deadline < wakes_at);
        if too_late {
            shard.wakes_at = Some(deadline);
        }
        drop(shard);
        if too_late && let Some(wake_driver) = &*self.wake_driver.lock() {
            wake_driver();
        }
        entry
    }

    /// Keeps the waker current; false if nobody serves this table any more.
    pub(super) fn renew(&self, entry: Entry, deadline: Instant, waker: &Waker) -> bool {
        let mut shard = self.shards[entry.shard as usize].lock();
        if !shard.alive || shard.life != entry.life {
            return false;
        }
        let slot = &mut shard.slots[entry.slot as usize];
        slot.deadline = deadline;
        let old = match &mut slot.waker {
            Some(current) if current.will_wake(waker) => None,
            current => current.replace(waker.clone()),
        };
        drop(shard);
        drop(old);
        true
    }

    pub(super) fn disarm(&self, entry: Entry) {
        let mut shard = self.shards[entry.shard as usize].lock();
        if shard.life != entry.life {
            return;
        }
        let old = shard.slots[entry.slot as usize].waker.take();
        shard.free.push(entry.slot);
        drop(shard);
        drop(old);
    }

    /// Wakes what is due; until when there is nothing to do.
    pub(super) fn fire(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut due = Vec::new();
        let mut next: Option<Instant> = None;
        for shard in &self.shards {
            let mut shard = shard.lock();
            // Whoever arms from here on, before the sleep is known, wakes the driver.
            shard.wakes_at = None;
            for slot in &mut shard.slots {
                if slot.waker.is_none() {
                    continue;
                }
                if slot.deadline <= now {
                    due.extend(slot.waker.take());
                } else {
                    next = Some(next.map_or(slot.deadline, |next| next.min(slot.deadline)));
                }
            }
        }
        for waker in due {
            waker.wake();
        }
        let next = next?;
        for shard in &self.shards {
            let mut shard = shard.lock();
            // What was armed meanwhile has set an earlier time, and woken the driver.
            shard.wakes_at = Some(shard.wakes_at.map_or(next, |wakes_at| wakes_at.min(next)));
        }
        Some(next)
    }

    /// Nobody serves this table from now on: whoever waits must arm elsewhere.
    pub(super) fn die(&self) {
        *self.wake_driver.lock() = None;
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.alive = false;
            shard.life += 1;
            shard.free.clear();
            let slots = std::mem::take(&mut shard.slots);
            drop(shard);
            for waker in slots.into_iter().filter_map(|slot| slot.waker) {
                waker.wake();
            }
        }
    }
}

/// A shard for each thread, by turns.
fn shard_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    MINE.with(|mine| {
        mine.get().unwrap_or_else(|| {
            let shard = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            mine.set(Some(shard));
            shard
        })
    })
}
