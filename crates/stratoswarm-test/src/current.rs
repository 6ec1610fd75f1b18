//! The task of the kit that is polled on this thread.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

thread_local! {
    static CURRENT: RefCell<Option<Arc<Life>>> = const { RefCell::new(None) };
}

/// Whether a task is to end.
#[derive(Debug, Default)]
pub(crate) struct Life(AtomicBool);

impl Life {
    /// Ends the task once it gives its thread up.
    pub(crate) fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The life of the task that runs here, if it is one of the kit's.
pub(crate) fn current() -> Option<Arc<Life>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Runs something as this task.
pub(crate) fn run_as<T>(life: &Arc<Life>, poll: impl FnOnce() -> T) -> T {
    struct Before(Option<Arc<Life>>);
    impl Drop for Before {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _before = Before(CURRENT.replace(Some(Arc::clone(life))));
    poll()
}
