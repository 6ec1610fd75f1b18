use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use stratoswarm_core::{DeadLetter, DeadReason, Priority};

/// What is counted of one overloaded service, by who offers, who serves, and who reads the dead letters.
#[derive(Debug, Default)]
pub(in crate::swarm) struct Tally {
    running: AtomicBool,
    offered: AtomicU64,
    turned_away: AtomicU64,
    worked_on: AtomicU64,
    lanes: Mutex<[LaneTally; 2]>,
    waits: Mutex<Vec<Duration>>,
}

/// Of one lane.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LaneTally {
    pub(super) handed_out: u64,
    pub(super) expired: u64,
    pub(super) dead: u64,
}

impl Tally {
    /// The load begins or ends: only meanwhile the service takes its time.
    pub(super) fn run(&self, running: bool) {
        self.running.store(running, Relaxed);
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.load(Relaxed)
    }

    pub(super) fn offer(&self, accepted: bool) {
        self.offered.fetch_add(1, Relaxed);
        self.turned_away.fetch_add(u64::from(!accepted), Relaxed);
    }

    pub(super) fn work_on(&self) {
        self.worked_on.fetch_add(1, Relaxed);
    }

    /// A message was handed out for the first time.
    pub(super) fn hand_out(&self, priority: Priority) {
        self.count(priority, |lane| lane.handed_out += 1);
    }

    pub(in crate::swarm) fn bury<M>(&self, letter: &DeadLetter<M>) {
        self.count(letter.priority, |lane| {
            if letter.reason == DeadReason::Expired && letter.attempts == 0 {
                lane.expired += 1;
            } else {
                lane.dead += 1;
            }
        });
    }

    pub(super) fn answered(&self, wait: Duration) {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
    }

    pub(super) fn offered(&self) -> u64 {
        self.offered.load(Relaxed)
    }

    pub(super) fn turned_away(&self) -> u64 {
        self.turned_away.load(Relaxed)
    }

    pub(super) fn worked_on(&self) -> u64 {
        self.worked_on.load(Relaxed)
    }

    pub(super) fn lane(&self, priority: Priority) -> LaneTally {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)[at(priority)]
    }

    /// How long each urgent request took, the shortest first.
    pub(super) fn waits(&self) -> Vec<Duration> {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waits.sort_unstable();
        waits
    }

    fn count(&self, priority: Priority, count: impl FnOnce(&mut LaneTally)) {
        count(&mut self.lanes.lock().unwrap_or_else(PoisonError::into_inner)[at(priority)]);
    }
}

/// Both services have a lane for what is critical, and one for all else.
fn at(priority: Priority) -> usize {
    usize::from(priority != Priority::Critical)
}
