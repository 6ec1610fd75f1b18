use std::{
    future::Future,
    sync::{Arc, Weak, atomic::Ordering},
};

use super::{
    Registry, TaskNumber, Tracked,
    task_state::{self, TaskState},
};

/// A tracked task that starts others, and waits for them.
pub(crate) struct Parent {
    state: Weak<TaskState>,
    registry: Weak<Registry>,
}

/// A task that is tracked from its start on, before it is known what it does.
pub(crate) struct Child(Arc<TaskState>);

impl Parent {
    /// The tracked task that runs here.
    pub(crate) fn here() -> Option<Self> {
        task_state::with_current(|state| Self {
            state: Arc::downgrade(state),
            registry: Weak::clone(&state.registry),
        })
    }

    /// One of its own, that is called so after it.
    pub(crate) fn child(&self, name: &str) -> Option<Child> {
        let parent = self.state.upgrade()?;
        let registry = self.registry.upgrade()?;
        Some(Child(registry.add(&format!("{}/{name}", parent.name), parent.at, Some(parent.number))))
    }

    /// Waits for something that one of its own does, and for nothing else.
    pub(crate) async fn join<T>(this: Option<&Self>, future: impl Future<Output = T>) -> T {
        struct Joining(Weak<TaskState>);
        impl Joining {
            fn set(&self, joins: bool) {
                if let Some(state) = self.0.upgrade() {
                    state.joins.store(joins, Ordering::Release);
                }
            }
        }
        impl Drop for Joining {
            fn drop(&mut self) {
                self.set(false);
            }
        }
        let joining = this.map(|parent| Joining(Weak::clone(&parent.state)));
        if let Some(joining) = &joining {
            joining.set(true);
        }
        future.await
    }
}

impl Child {
    pub(crate) fn number(&self) -> TaskNumber {
        self.0.number
    }

    pub(crate) fn run<F>(self, future: F) -> Tracked<F> {
        Tracked::new(future, self.0)
    }
}
