use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use crate::{
    sync::{
        Mutex, Rank,
        atomic::{AtomicBool, Ordering},
    },
    waiting::keep_current,
};

/// Which sources of a mux were woken, and the task to wake for it.
pub(super) struct Woken {
    /// Whether there are any: read without the lock, and changed under it.
    any: AtomicBool,
    state: Mutex<State>,
}

struct State {
    /// Those that were woken since the last look, each once, in their order.
    sources: Vec<usize>,
    /// Of each source, whether it is among them.
    listed: Vec<bool>,
    task: Option<Waker>,
}

/// What a source waits with.
struct SourceWaker {
    source: usize,
    woken: Arc<Woken>,
}

impl Woken {
    pub(super) fn new() -> Arc<Self> {
        let state = State { sources: Vec::new(), listed: Vec::new(), task: None };
        Arc::new(Self { any: AtomicBool::new(false), state: Mutex::new(Rank::Woken, state) })
    }

    /// The waker of a further source. What it needs to be listed is allocated here.
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        let mut state = self.state.lock();
        let source = state.listed.len();
        state.listed.push(false);
        let missing = state.listed.len() - state.sources.len();
        state.sources.reserve(missing);
        drop(state);
        Waker::from(Arc::new(SourceWaker { source, woken: Arc::clone(self) }))
    }

    /// Takes those that were woken since the last look.
    #[inline]
    pub(super) fn take(&self, mut found: impl FnMut(usize)) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.state.lock();
        let State { sources, listed, .. } = &mut *state;
        for source in sources.drain(..) {
            listed[source] = false;
            found(source);
        }
        self.any.store(false, Ordering::Release);
    }

    /// Has the task woken with the next source; false if there is one to look at.
    pub(super) fn sleep(&self, task: &Waker) -> bool {
        let mut state = self.state.lock();
        if !state.sources.is_empty() {
            return false;
        }
        let old = keep_current(&mut state.task, task);
        drop(state);
        drop(old); // user code, outside the lock
        true
    }

    /// The task waits no more.
    pub(super) fn forget_task(&self) {
        let task = self.state.lock().task.take();
        drop(task);
    }
}

impl Wake for SourceWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.woken.state.lock();
        if std::mem::replace(&mut state.listed[self.source], true) {
            return; // the task was woken for it
        }
        state.sources.push(self.source);
        self.woken.any.store(true, Ordering::Release);
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }
}
