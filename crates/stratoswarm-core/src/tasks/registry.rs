use std::{
    collections::HashMap,
    panic::Location,
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use parking_lot::Mutex;

use super::{Phase, TaskNumber, Tracked, task_state::TaskState};

/// The tasks that a fabric tracks.
#[derive(Default)]
pub(crate) struct Registry {
    tasks: Mutex<Vec<Weak<TaskState>>>,
}

/// What is known of a tracked task at one moment.
#[derive(Debug, Clone)]
pub(crate) struct TaskFacts {
    pub(crate) number: TaskNumber,
    pub(crate) name: Arc<str>,
    pub(crate) at: &'static Location<'static>,
    /// The task that started it, and may wait for it.
    pub(crate) parent: Option<TaskNumber>,
    /// It waits for one of those that it started.
    pub(crate) joins: bool,
    pub(crate) polls: u64,
    pub(crate) phase: Phase,
    /// For how long it has done so.
    pub(crate) lasted: Duration,
    /// Its waker's data, which tells its clones from other wakers.
    pub(crate) waker: usize,
    /// How many clones of its waker there are, besides its own.
    pub(crate) clones: usize,
}

/// The references to a tracked task that are no clones of its waker: the future's, that in its own waker, and the one by
/// which it is looked at.
const OWN: usize = 3;

impl Registry {
    /// A future that is known by this name while it exists.
    pub(crate) fn track<F>(
        self: &Arc<Self>,
        name: &str,
        at: &'static Location<'static>,
        future: F,
    ) -> Tracked<F> {
        Tracked::new(future, self.add(name, at, None))
    }

    pub(super) fn add(
        self: &Arc<Self>,
        name: &str,
        at: &'static Location<'static>,
        parent: Option<TaskNumber>,
    ) -> Arc<TaskState> {
        let state = Arc::new(TaskState::new(name, at, parent, Arc::downgrade(self)));
        let mut tasks = self.tasks.lock();
        if tasks.len() == tasks.capacity() {
            tasks.retain(|task| task.strong_count() > 0);
        }
        tasks.push(Arc::downgrade(&state));
        drop(tasks);
        state
    }

    /// What is known of all of them.
    pub(crate) fn all(&self) -> Vec<TaskFacts> {
        let tasks: Vec<_> = self.tasks.lock().iter().filter_map(Weak::upgrade).collect();
        tasks.iter().map(TaskFacts::of).collect()
    }

    /// What they are called.
    pub(crate) fn names(&self) -> HashMap<TaskNumber, Arc<str>> {
        let tasks: Vec<_> = self.tasks.lock().iter().filter_map(Weak::upgrade).collect();
        tasks.iter().map(|task| (task.number, Arc::clone(&task.name))).collect()
    }

    /// What is known of all of them; none if they cannot be looked at within this time.
    pub(crate) fn facts(&self, within: Duration) -> Option<Vec<TaskFacts>> {
        let tasks: Vec<_> = {
            let tasks = self.tasks.try_lock_for(within)?;
            tasks.iter().filter_map(Weak::upgrade).collect()
        };
        Some(tasks.iter().map(TaskFacts::of).collect())
    }
}

impl TaskFacts {
    fn of(state: &Arc<TaskState>) -> Self {
        Self {
            number: state.number,
            name: Arc::clone(&state.name),
            at: state.at,
            parent: state.parent,
            joins: state.joins.load(Ordering::Acquire),
            polls: state.polls(),
            phase: state.phase(),
            lasted: state.since().elapsed(),
            waker: Arc::as_ptr(state).addr(),
            clones: Arc::strong_count(state).saturating_sub(OWN),
        }
    }
}
