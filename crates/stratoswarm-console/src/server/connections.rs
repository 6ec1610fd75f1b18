use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::task::AbortHandle;

/// The connections there are, the oldest first: not more than so many.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    open: VecDeque<(AbortHandle, Asked)>,
}

/// Whether a connection has brought its request.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked(Arc<AtomicBool>);

impl Asked {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: VecDeque::new() }
    }

    /// Room for one more: if there is none, the longest silent one goes. False if all are being answered.
    pub(super) fn make_room(&mut self) -> bool {
        if self.open.len() < self.most {
            return true;
        }
        self.open.retain(|(task, _)| !task.is_finished());
        if self.open.len() < self.most {
            return true;
        }
        let silent = self.open.iter().position(|(_, asked)| !asked.0.load(Ordering::Relaxed));
        let silent = silent.and_then(|at| self.open.remove(at));
        silent.map(|(task, _)| task.abort()).is_some()
    }

    pub(super) fn add(&mut self, task: AbortHandle, asked: Asked) {
        self.open.push_back((task, asked));
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn of_too_many_the_longest_silent_one_goes() {
        let mut connections = Connections::new(2);
        let open = |connections: &mut Connections| {
            let asked = Asked::default();
            let task = tokio::spawn(pending::<()>());
            connections.add(task.abort_handle(), asked.clone());
            (task, asked)
        };
        assert!(connections.make_room());
        let (first, first_asked) = open(&mut connections);
        assert!(connections.make_room());
        let (second, _) = open(&mut connections);
        first_asked.set();
        assert!(connections.make_room());
        assert!(second.await.unwrap_err().is_cancelled(), "the first has asked");
        let (_third, third_asked) = open(&mut connections);
        third_asked.set();
        assert!(!connections.make_room(), "all are being answered");
        first.abort();
        assert!(first.await.is_err());
        assert!(connections.make_room(), "one has ended");
    }
}
