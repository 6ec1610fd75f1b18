use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    task::Waker,
};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use tokio::time::Instant;

const SHARDS: usize = 8;

/// The armed deadlines of one runtime, in shards, so that its threads do not meet.
pub(super) struct Table {
    shards: [CachePadded<Mutex<Shard>>; SHARDS],
    origin: Instant,
    /// Until when the driver sleeps, in nanoseconds from `origin`.
    earliest: AtomicU64,
    dead: AtomicBool,
    pub(super) wake_driver: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Shard {
    slots: Vec<Slot>,
    free: Vec<u32>,
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
}

impl Table {
    pub(super) fn new(wake_driver: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            shards: Default::default(),
            origin: Instant::now(),
            earliest: AtomicU64::new(u64::MAX),
            dead: AtomicBool::new(false),
            wake_driver,
        }
    }

    pub(super) fn arm(&self, deadline: Instant, waker: &Waker) -> Entry {
        let at = shard_of_thread();
        let slot = Slot { deadline, waker: Some(waker.clone()) };
        let entry = {
            let mut shard = self.shards[at].lock();
            let index = if let Some(index) = shard.free.pop() {
                shard.slots[index as usize] = slot;
                index
            } else {
                shard.slots.push(slot);
                shard.slots.len() as u32 - 1
            };
            Entry { shard: at as u32, slot: index }
        };
        // After the insertion: if the driver has just looked at this shard, it has not yet published its next sleep.
        let due = self.nanos(deadline);
        if due < self.earliest.load(Ordering::SeqCst) && due < self.earliest.fetch_min(due, Ordering::SeqCst)
        {
            (self.wake_driver)();
        }
        entry
    }

    /// Keeps the waker current; false if nobody serves this table any more.
    pub(super) fn renew(&self, entry: Entry, deadline: Instant, waker: &Waker) -> bool {
        let mut shard = self.shards[entry.shard as usize].lock();
        let slot = &mut shard.slots[entry.slot as usize];
        slot.deadline = deadline;
        let old = match &mut slot.waker {
            Some(current) if current.will_wake(waker) => None,
            current => current.replace(waker.clone()),
        };
        drop(shard);
        drop(old);
        !self.dead.load(Ordering::SeqCst)
    }

    pub(super) fn disarm(&self, entry: Entry) {
        let mut shard = self.shards[entry.shard as usize].lock();
        let old = shard.slots[entry.slot as usize].waker.take();
        shard.free.push(entry.slot);
        drop(shard);
        drop(old);
    }

    /// Wakes what is due; until when there is nothing to do.
    pub(super) fn fire(&self) -> Option<Instant> {
        self.earliest.store(u64::MAX, Ordering::SeqCst);
        let now = Instant::now();
        let mut due = Vec::new();
        let mut next: Option<Instant> = None;
        for shard in &self.shards {
            for slot in &mut shard.lock().slots {
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
        let nanos = self.nanos(next);
        let published = self.earliest.fetch_min(nanos, Ordering::SeqCst).min(nanos);
        self.origin.checked_add(std::time::Duration::from_nanos(published))
    }

    /// Nobody serves this table from now on: whoever waits must arm elsewhere.
    pub(super) fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        for shard in &self.shards {
            let wakers: Vec<_> = shard.lock().slots.iter_mut().filter_map(|slot| slot.waker.take()).collect();
            for waker in wakers {
                waker.wake();
            }
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.origin).as_nanos())
            .unwrap_or(u64::MAX - 1)
            .min(u64::MAX - 1)
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
