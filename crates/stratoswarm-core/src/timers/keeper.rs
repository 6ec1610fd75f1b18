use std::{
    cell::Cell,
    sync::atomic::{AtomicU32, Ordering},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::table::{Alarm, Entry, Table};
use crate::{clock, contain::contain};

/// All that waits in this process.
pub(super) static TABLE: Table = Table::new();

/// The thread that keeps the deadlines, while there is one.
static KEEPER: Mutex<Option<Thread>> = Mutex::new(None);

/// The process that the keeper belongs to; 0 without one. A forked child has the memory of its parent, and no keeper.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Without a deadline for so long, the keeper ends.
const IDLE: Duration = Duration::from_secs(5);

/// Who arms looks that often whether the keeper belongs to this process. To ask takes as long as half a request.
const ASK_EVERY: Duration = Duration::from_micros(50);

/// A deadline on the system's clock, and the time there.
#[derive(Clone, Copy)]
pub(super) struct At {
    deadline: Instant,
    now: Instant,
}

impl At {
    /// The same on tokio's clock, which may have been advanced.
    #[inline]
    pub(super) fn of_tokio(deadline: tokio::time::Instant, now: tokio::time::Instant) -> Option<Self> {
        if !clock::MAY_PAUSE {
            return Some(Self { deadline: deadline.into_std(), now: now.into_std() });
        }
        let here = Instant::now();
        let deadline = here.checked_add(deadline.saturating_duration_since(now))?;
        Some(Self { deadline, now: here })
    }
}

/// Adds an alarm. With the deadline comes the time.
pub(super) fn arm(deadline: Option<At>, alarm: Alarm) -> Entry {
    let (entry, early) = TABLE.arm(deadline.map(|at| at.deadline), alarm);
    if let Some(At { now, .. }) = deadline
        && (early || is_to_ask(now) && PROCESS.load(Ordering::Relaxed) != std::process::id())
    {
        wake();
    }
    entry
}

fn is_to_ask(now: Instant) -> bool {
    thread_local! {
        static NEXT: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    let ask = |next: &Cell<Option<Instant>>| {
        let ask = next.get().is_none_or(|next| now >= next);
        if ask {
            next.set(now.checked_add(ASK_EVERY));
        }
        ask
    };
    NEXT.try_with(ask).unwrap_or(true)
}

/// Ends the keeper's sleep; starts it, if there is none.
#[cold]
fn wake() {
    let mut keeper = KEEPER.lock();
    let process = std::process::id();
    match &*keeper {
        Some(thread) if PROCESS.load(Ordering::Relaxed) == process => thread.unpark(),
        _ => {
            // Where no thread can be started, deadlines are seen whenever a request is polled.
            let started = thread::Builder::new().name("stratoswarm-timers".into()).spawn(keep);
            *keeper = started.ok().map(|handle| handle.thread().clone());
            PROCESS.store(if keeper.is_some() { process } else { 0 }, Ordering::Relaxed);
        }
    }
}

fn keep() {
    loop {
        let (due, next) = TABLE.due(Instant::now());
        for alarm in due {
            contain(|| alarm.ring());
        }
        if let Some(next) = next {
            TABLE.sleeps_until(next);
            thread::park_timeout(next.saturating_duration_since(Instant::now()));
            continue;
        }
        let since = Instant::now();
        thread::park_timeout(IDLE);
        if since.elapsed() < IDLE {
            continue; // somebody armed
        }
        let mut keeper = KEEPER.lock();
        if TABLE.may_rest() {
            // Who arms from here on waits for this lock, and starts another one.
            *keeper = None;
            PROCESS.store(0, Ordering::Relaxed);
            return;
        }
    }
}

impl Alarm {
    fn ring(self) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Expire(cell) => cell.expire(),
        }
    }
}
