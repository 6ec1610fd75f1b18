use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::task::Id;

/// The order in which the operations of one task on one channel were begun: those that are held up keep it, as the channel would.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Mutex<HashMap<Of, Waiting>>,
}

/// A channel and a task.
type Of = (String, Option<Id>);

/// Those who wait, by number, the first one first.
type Waiting = VecDeque<(u64, Option<Waker>)>;

/// A place in such a line, given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    lines: Arc<Lines>,
    line: Of,
    number: u64,
}

impl Lines {
    /// Whether an operation of this task on this channel is held up.
    pub(crate) fn is_busy(&self, channel: &str) -> bool {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        !lines.is_empty() && lines.contains_key(&(channel.to_owned(), tokio::task::try_id()))
    }

    /// The next place of this task on this channel.
    pub(crate) fn join(self: &Arc<Self>, channel: &str) -> Place {
        let line = (channel.to_owned(), tokio::task::try_id());
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = lines.entry(line.clone()).or_default();
        let number = waiting.back().map_or(0, |(last, _)| last + 1);
        waiting.push_back((number, None));
        drop(lines);
        Place { lines: Arc::clone(self), line, number }
    }
}

impl Place {
    /// Waits until it is the first.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let mut lines = self.lines.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = lines.get_mut(&self.line) else { return Poll::Ready(()) };
        if waiting.front().is_none_or(|(first, _)| *first == self.number) {
            return Poll::Ready(());
        }
        if let Some((_, waker)) = waiting.iter_mut().find(|(number, _)| *number == self.number) {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lines = self.lines.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = lines.get_mut(&self.line) else { return };
        waiting.retain(|(number, _)| *number != self.number);
        let next = waiting.front_mut().and_then(|(_, waker)| waker.take());
        if waiting.is_empty() {
            lines.remove(&self.line);
        }
        drop(lines);
        if let Some(next) = next {
            next.wake();
        }
    }
}
