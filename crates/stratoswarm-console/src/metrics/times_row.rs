use std::time::Duration;

use stratoswarm_core::Times;

/// Times up to these are told apart: from 1 µs to 100 s, two steps in each power of ten.
const STEPS: [Duration; 17] = [
    Duration::from_micros(1),
    Duration::from_micros(3),
    Duration::from_micros(10),
    Duration::from_micros(30),
    Duration::from_micros(100),
    Duration::from_micros(300),
    Duration::from_millis(1),
    Duration::from_millis(3),
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(100),
];

/// How many messages took how long, as counts that only rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimesRow {
    /// Up to each of the steps; then all; then their sum in microseconds.
    pub(super) counts: [u64; TimesRow::COUNTS],
}

impl TimesRow {
    pub(super) const COUNTS: usize = STEPS.len() + 2;

    pub(super) fn of(times: &Times) -> Self {
        let mut counts = [0; Self::COUNTS];
        for (count, step) in counts.iter_mut().zip(STEPS) {
            *count = times.within(step);
        }
        counts[STEPS.len()] = times.messages();
        counts[STEPS.len() + 1] = u64::try_from(times.total().as_micros()).unwrap_or(u64::MAX);
        Self { counts }
    }

    pub(super) fn messages(&self) -> u64 {
        self.counts[STEPS.len()]
    }

    /// Their sum.
    pub(super) fn seconds(&self) -> f64 {
        self.counts[STEPS.len() + 1] as f64 / 1e6
    }

    /// The end of each step in seconds, and how many are in it and in none before it; at last those beyond all.
    pub(super) fn buckets(&self) -> Vec<(f64, u64)> {
        let ends = STEPS.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let mut before = 0;
        let each =
            |(end, count): (f64, &u64)| (end, count.saturating_sub(std::mem::replace(&mut before, *count)));
        ends.zip(&self.counts).map(each).collect()
    }
}
