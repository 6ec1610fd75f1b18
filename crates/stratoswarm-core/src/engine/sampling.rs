//! Which messages are looked at to learn how long messages wait, and are worked on.
//!
//! Of each lane one message is next. The credit ends before it, so its sender comes the long way, where its time is noted. A reader
//! that pulls it into its inbox has the short way out end before it ([`Sampled`](super::sampled::Sampled)). So nothing is asked of the
//! messages between two samples.

use std::{collections::VecDeque, ops::Range, time::Duration};

use tokio::time::Instant;

use super::{Kind, LaneIndex, Log, Reader, marks::Marks};
use crate::stats::Times;

/// From one sample of a lane to the next, about: some thirty a second.
const APART: Duration = Duration::from_millis(30);

/// A lane of which nothing was sampled for longer than this, when somebody looks, has its next message sampled.
const STALE: Duration = Duration::from_millis(100);

/// So many samples may be on their way; of more, the oldest are forgotten.
const MOST: usize = 64;

/// The log's side.
pub(super) struct Sampling {
    /// Of each lane, the first being that of a channel without any.
    lanes: Vec<Next>,
    /// Those that may be in the intake.
    stamps: VecDeque<Stamp>,
}

/// When a message came in that is sampled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) lane: LaneIndex,
    pub(super) number: u64,
    /// Its sequence number.
    pub(super) seq: u64,
    pub(super) at: Instant,
    /// For how many messages it stands: itself, and those since the sample before it.
    pub(super) weight: u64,
}

/// What the samples of one reader tell.
pub(crate) struct ReaderSamples {
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) waiting: Times,
    pub(crate) handling: Times,
}

/// Which message of a lane is sampled next.
struct Next {
    number: u64,
    /// The last that was, and when.
    last: Option<(u64, Instant)>,
    /// How many messages are from one to the next, about.
    stride: u64,
    /// What is drawn next: samples at even distances could meet always the same of messages that take turns.
    chance: u64,
}

impl Sampling {
    fn new(ends: impl Iterator<Item = u64>) -> Self {
        let next = |number| Next { number, last: None, stride: 1, chance: number | 1 };
        Self { lanes: ends.map(next).collect(), stamps: VecDeque::new() }
    }

    /// The samples of a lane among the messages of these numbers.
    pub(super) fn of(&self, lane: LaneIndex, numbers: Range<u64>) -> impl Iterator<Item = Stamp> {
        let stamps = self.stamps.iter().copied();
        stamps.filter(move |stamp| stamp.lane == lane && numbers.contains(&stamp.number))
    }
}

impl Next {
    /// This message is sampled now: for how many it stands.
    fn take(&mut self, number: u64, now: Instant) -> u64 {
        let weight = match self.last.replace((number, now)) {
            None => 1,
            Some((last, at)) => {
                let passed = number - last;
                let nanos = now.saturating_duration_since(at).as_nanos().max(1);
                let wanted = u128::from(passed) * APART.as_nanos() / nanos;
                // Grown by little at a time: a burst says nothing of what comes after it.
                self.stride =
                    u64::try_from(wanted).unwrap_or(u64::MAX).clamp(1, self.stride.saturating_mul(2));
                passed
            }
        };
        let most = self.stride.saturating_sub(1).saturating_mul(2);
        self.number = number.saturating_add(1).saturating_add(self.draw(most));
        weight
    }

    /// Any number up to this one. xorshift64: Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003), 14.
    fn draw(&mut self, most: u64) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        if most == u64::MAX { self.chance } else { self.chance % (most + 1) }
    }
}

impl<M> Log<M> {
    /// Samples messages from now on, or no more.
    pub(crate) fn set_sampled(&mut self, sampled: bool) {
        if sampled == self.marks.has(Marks::SAMPLED) || !self.keeps {
            return; // who reads a broadcast holds nobody back, and is read at its own pace
        }
        self.marks.set(Marks::SAMPLED, sampled);
        self.sampling =
            sampled.then(|| Box::new(Sampling::new(self.lanes.iter().map(|lane| lane.intake.end()))));
        self.lanes.iter_mut().for_each(|lane| lane.credit = 0); // computed anew by whoever comes next
    }

    /// Whether the next message of this lane is sampled.
    #[cold]
    pub(super) fn is_sample_due(&self, at: LaneIndex) -> bool {
        let next = self.sampling.as_ref().and_then(|sampling| sampling.lanes.get(at));
        next.is_some_and(|next| next.number <= self.lanes[at].intake.end())
    }

    /// So many messages come into a lane now, the long way. In a channel with lanes the sample is noted where its place
    /// in the order of admission is known.
    #[cold]
    pub(super) fn sample(&mut self, at: LaneIndex, count: u64) {
        if at == 0 && count > 0 {
            self.stamp_within(at, count, None);
        }
        self.stop_at_sample(at, count);
    }

    /// The next message of this lane has this sequence number.
    #[cold]
    pub(super) fn stamp(&mut self, at: LaneIndex, seq: u64) {
        self.stamp_within(at, 1, Some(seq));
        self.stop_at_sample(at, 1);
    }

    fn stamp_within(&mut self, at: LaneIndex, count: u64, seq: Option<u64>) {
        let Some(sampling) = &mut self.sampling else { return };
        let Some(next) = sampling.lanes.get_mut(at) else { return };
        let end = self.lanes[at].intake.end();
        let number = next.number.max(end);
        if number >= end + count {
            return;
        }
        let now = Instant::now();
        let weight = next.take(number, now);
        sampling.stamps.retain(|stamp| stamp.number >= self.lanes[stamp.lane].intake.front()); // others are pulled
        if sampling.stamps.len() == MOST {
            sampling.stamps.pop_front();
        }
        sampling.stamps.push_back(Stamp { lane: at, number, seq: seq.unwrap_or(number), at: now, weight });
        for reader in &mut self.readers {
            (reader.sampled, reader.seats.main.filled) = (true, true); // for the short ways, which pass an empty inbox by
        }
    }

    /// Has the credit, as it is once so many messages have come in, end before the next sample.
    #[cold]
    pub(super) fn stop_at_sample(&mut self, at: LaneIndex, count: u64) {
        let Some(next) = self.sampling.as_ref().and_then(|sampling| sampling.lanes.get(at)) else { return };
        let number = next.number;
        let lane = &mut self.lanes[at];
        lane.credit = lane.credit.min(number.saturating_sub(lane.intake.end() + count));
    }

    /// How long messages have waited here and were worked on, as far as it was sampled. A lane that has become slow has its next
    /// message sampled.
    pub(crate) fn times(&mut self) -> Vec<ReaderSamples> {
        if let Some(sampling) = &mut self.sampling {
            let now = Instant::now();
            for (at, next) in sampling.lanes.iter_mut().enumerate() {
                let since = next.last.map(|(_, at)| now.saturating_duration_since(at));
                let lane = &mut self.lanes[at];
                if since.is_some_and(|since| since > STALE) && next.number > lane.intake.end() {
                    next.number = lane.intake.end();
                    lane.credit = 0;
                }
            }
        }
        let samples = |reader: &Reader<M>| {
            let (waiting, handling) = reader.inbox.lock().times()?;
            let Reader { number, kind, .. } = *reader;
            Some(ReaderSamples { name: reader.name.clone(), number, kind, waiting, handling })
        };
        self.readers.iter().filter_map(samples).collect()
    }
}
