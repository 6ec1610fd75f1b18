use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::time::Instant;

use super::{InFlightGuard, Inbox, sampling::Stamp};
use crate::stats::Times;

/// So many samples may wait in an inbox; of more, the oldest are forgotten. One stays for good that its reader never takes.
const MOST: usize = 64;

/// The samples of one reader: those that wait in its inbox, and what is known by those that were taken.
pub(super) struct Sampled {
    waiting: VecDeque<Stamp>,
    waited: Times,
    handled: Arc<Handled>,
}

/// How long messages were worked on: filled in where their deliveries are dropped.
#[derive(Debug, Default)]
pub(crate) struct Handled(Mutex<Times>);

impl Handled {
    pub(super) fn record(&self, from: Instant, weight: u64) {
        let time = Instant::now().saturating_duration_since(from);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).record(time, weight);
    }

    fn times(&self) -> Times {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sampled {
    fn new() -> Self {
        Self { waiting: VecDeque::new(), waited: Times::default(), handled: Arc::default() }
    }

    /// The message of this sequence number was taken; whether it was a sample.
    fn took(&mut self, seq: u64, guard: &InFlightGuard) -> bool {
        let Some(at) = self.waiting.iter().position(|stamp| stamp.seq == seq) else { return false };
        let Some(stamp) = self.waiting.remove(at) else { return false };
        let now = Instant::now();
        self.waited.record(now.saturating_duration_since(stamp.at), stamp.weight);
        guard.sample(&self.handled, now, stamp.weight);
        true
    }
}

impl<M> Inbox<M> {
    /// These samples were put here.
    pub(super) fn expect(&mut self, stamps: impl Iterator<Item = Stamp>) {
        let mut stamps = stamps.peekable();
        if stamps.peek().is_none() {
            return;
        }
        let sampled = self.sampled.get_or_insert_with(|| Box::new(Sampled::new()));
        sampled.waiting.extend(stamps);
        let most = sampled.waiting.len().saturating_sub(MOST);
        sampled.waiting.drain(..most);
        self.renew();
    }

    /// Whether some wait here.
    #[inline]
    pub(super) fn has_samples(&self) -> bool {
        self.sampled.as_ref().is_some_and(|sampled| !sampled.waiting.is_empty())
    }

    /// The message of this sequence number was taken from here.
    #[inline(always)]
    pub(super) fn sample(&mut self, seq: u64, guard: &InFlightGuard) {
        if self.sampled.is_some() {
            self.took(seq, guard);
        }
    }

    #[cold]
    #[inline(never)]
    fn took(&mut self, seq: u64, guard: &InFlightGuard) {
        if self.sampled.as_mut().is_some_and(|sampled| sampled.took(seq, guard)) {
            self.renew();
        }
    }

    /// The number of the first sample of those that may go the short way; the greatest, if there is none.
    #[cold]
    #[inline(never)]
    pub(super) fn first_sample(&self) -> u64 {
        let lane = self.sorted.as_ref().and_then(|sorted| sorted.run.as_ref()).map_or(0, |run| run.lane);
        let from = self.queues.main.front();
        let waiting = self.sampled.iter().flat_map(|sampled| &sampled.waiting);
        let there = waiting.filter(|stamp| stamp.lane == lane && stamp.number >= from);
        there.map(|stamp| stamp.number).min().unwrap_or(u64::MAX)
    }

    /// How long messages waited, and how long they were worked on; none before the first sample.
    pub(super) fn times(&self) -> Option<(Times, Times)> {
        let sampled = self.sampled.as_ref()?;
        Some((sampled.waited.clone(), sampled.handled.times()))
    }
}
