use std::{
    cell::Cell,
    num::NonZeroU64,
    panic::Location,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    task::{Wake, Waker},
};

use parking_lot::Mutex;

use super::Registry;
use crate::clock::Moment;

/// What tells a tracked task from all others of the process.
pub(crate) type TaskNumber = NonZeroU64;

thread_local! {
    static CURRENT: Cell<Option<TaskNumber>> = const { Cell::new(None) };
    static STATE: Cell<Option<Arc<TaskState>>> = const { Cell::new(None) };
}

/// The tracked task that is polled here.
#[inline]
pub(super) fn current() -> Option<TaskNumber> {
    CURRENT.try_with(Cell::get).unwrap_or(None)
}

/// The same, for one who needs more of it than its number.
pub(super) fn with_current<T>(look: impl FnOnce(&Arc<TaskState>) -> T) -> Option<T> {
    let state = STATE.try_with(Cell::take).ok().flatten()?;
    let looked = look(&state);
    let _ = STATE.try_with(|here| here.set(Some(state)));
    Some(looked)
}

/// Makes it the one that is polled here, until the guard is dropped.
pub(super) fn enter(state: &Arc<TaskState>) -> impl Drop + use<> {
    struct Back(Option<TaskNumber>, Option<Arc<TaskState>>);
    impl Drop for Back {
        fn drop(&mut self) {
            let _ = CURRENT.try_with(|current| current.set(self.0));
            let _ = STATE.try_with(|here| here.replace(self.1.take()));
        }
    }
    let number = CURRENT.try_with(|current| current.replace(Some(state.number))).unwrap_or(None);
    Back(number, STATE.try_with(|here| here.replace(Some(Arc::clone(state)))).unwrap_or(None))
}

/// What a task does, as its wakers and its polls tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It is polled, or was not polled yet.
    Running,
    /// It is to be polled.
    Woken,
    /// Its last poll was pending, and nobody has woken it since.
    Parked,
}

/// A tracked task. It is the waker that its future sees: every clone of that is a reference, so their number tells how many
/// others may wake it.
pub(super) struct TaskState {
    pub(super) number: TaskNumber,
    pub(super) name: Arc<str>,
    pub(super) at: &'static Location<'static>,
    /// The task that started it, and may wait for it.
    pub(super) parent: Option<TaskNumber>,
    pub(super) registry: Weak<Registry>,
    /// It waits for one of those that it started.
    pub(super) joins: AtomicBool,
    /// How often it was polled.
    polls: AtomicU64,
    phase: AtomicU8,
    /// When it began to do what it does.
    since: Mutex<Moment>,
    /// The runtime's.
    waker: Mutex<Option<Waker>>,
}

impl TaskState {
    pub(super) fn new(
        name: &str,
        at: &'static Location<'static>,
        parent: Option<TaskNumber>,
        registry: Weak<Registry>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: TaskNumber::MIN.saturating_add(NEXT.fetch_add(1, Ordering::Relaxed)),
            name: name.into(),
            at,
            parent,
            registry,
            joins: AtomicBool::new(false),
            polls: AtomicU64::new(0),
            phase: AtomicU8::new(Phase::Running as u8),
            since: Mutex::new(Moment::now()),
            waker: Mutex::new(None),
        }
    }

    pub(super) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Acquire)
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            1 => Phase::Woken,
            2 => Phase::Parked,
            _ => Phase::Running,
        }
    }

    pub(super) fn since(&self) -> Moment {
        *self.since.lock()
    }

    /// A poll begins. `waker` is the runtime's.
    pub(super) fn begin(&self, waker: &Waker) {
        let mut known = self.waker.lock();
        let old = match &*known {
            Some(known) if known.will_wake(waker) => None,
            _ => known.replace(waker.clone()),
        };
        drop(known);
        drop(old);
        *self.since.lock() = Moment::now();
        self.polls.fetch_add(1, Ordering::AcqRel);
        self.phase.store(Phase::Running as u8, Ordering::Release);
    }

    /// A poll was pending.
    pub(super) fn park(&self) {
        *self.since.lock() = Moment::now();
        let (running, parked) = (Phase::Running as u8, Phase::Parked as u8);
        // Woken while it was polled, it stays so.
        let _ = self.phase.compare_exchange(running, parked, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Wake for TaskState {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.phase.store(Phase::Woken as u8, Ordering::Release);
        let waker = self.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake(); // user code, outside the lock
        }
    }
}
