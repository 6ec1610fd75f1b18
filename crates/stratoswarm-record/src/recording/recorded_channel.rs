use std::ops::RangeInclusive;

/// How much of one channel was recorded: recorded + missed is what it admitted meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedChannel {
    /// Its name.
    pub name: String,
    /// How many messages are recorded. Those in parts that went later are among them.
    pub recorded: u64,
    /// How many are missing.
    pub missed: u64,
    /// The numbers of those that are missing: the first 1,000 ranges.
    pub gaps: Vec<RangeInclusive<u64>>,
    /// How many bytes the recorded ones have, encoded.
    pub bytes: u64,
    /// How many outcomes of a traced channel were recorded.
    pub outcomes: u64,
    /// How many outcomes are missing.
    pub outcomes_missed: u64,
}

/// How many ranges are kept.
const MOST_RANGES: usize = 1000;

impl RecordedChannel {
    pub(super) fn miss(&mut self, from: u64, to: u64) {
        self.missed += to - from + 1;
        if let Some(last) = self.gaps.last_mut()
            && *last.end() + 1 == from
        {
            *last = *last.start()..=to;
        } else if self.gaps.len() < MOST_RANGES {
            self.gaps.push(from..=to);
        }
    }
}
