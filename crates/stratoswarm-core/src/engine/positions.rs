use std::collections::VecDeque;

/// Where several readers are in one queue: how many at which number. To move one costs no look at the others.
///
/// Readers only move forward.
pub(super) struct Positions {
    /// The least number at which a reader is; any, if there is none.
    front: u64,
    /// How many readers are at `front`, at the number after it, and so on. The first is not 0.
    counts: VecDeque<u32>,
    /// Whoever was before this number is counted here.
    raised: u64,
}

impl Positions {
    pub(super) const fn new() -> Self {
        Self { front: 0, counts: VecDeque::new(), raised: 0 }
    }

    /// The least number at which a reader is.
    pub(super) fn least(&self) -> Option<u64> {
        (!self.counts.is_empty()).then_some(self.front)
    }

    pub(super) fn add(&mut self, at: u64) {
        let at = at.max(self.raised);
        if self.counts.is_empty() {
            self.front = at;
        }
        debug_assert!(at >= self.front, "readers come at the end and move forward");
        let place = (at - self.front) as usize;
        if place >= self.counts.len() {
            self.lengthen(place + 1);
        }
        self.counts[place] += 1;
    }

    pub(super) fn remove(&mut self, at: u64) {
        let place = (at.max(self.raised) - self.front) as usize;
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_sub(1);
        }
        self.trim();
    }

    #[inline]
    pub(super) fn moved(&mut self, from: u64, to: u64) {
        let (from, to) = (from.max(self.raised), to.max(self.raised));
        if from == to {
            return;
        }
        let place = (to - self.front) as usize;
        if place >= self.counts.len() {
            self.lengthen(place + 1);
        }
        self.counts[place] += 1;
        let left = &mut self.counts[(from - self.front) as usize];
        *left -= 1;
        if *left == 0 && from == self.front {
            self.trim();
        }
    }

    fn lengthen(&mut self, len: usize) {
        if self.counts.len() + 1 == len {
            self.counts.push_back(0);
        } else {
            self.counts.resize(len, 0);
        }
    }

    /// Whoever is before this number is counted as at it from now on.
    pub(super) fn raise(&mut self, to: u64) {
        self.raised = self.raised.max(to);
        if self.counts.is_empty() || self.front >= to {
            return;
        }
        let passed = ((to - self.front) as usize).min(self.counts.len());
        let raised: u32 = self.counts.drain(..passed).sum();
        self.front = to;
        if self.counts.is_empty() {
            self.counts.push_back(0);
        }
        self.counts[0] += raised;
        self.trim();
    }

    /// If there is only one reader at the least number, and it is this: how many numbers follow, up to `most`, before the
    /// next reader.
    pub(super) fn alone(&self, at: u64, most: usize) -> usize {
        if self.counts.front() != Some(&1) || at.max(self.raised) != self.front {
            return 0;
        }
        most.min(self.zeros(1).saturating_add(1))
    }

    /// For how many numbers from this place on there is no reader; beyond the last for all.
    fn zeros(&self, place: usize) -> usize {
        const CHUNK: usize = 16; // or-ed as a whole
        let (first, second) = self.counts.as_slices();
        let (first, second) =
            (first.get(place..).unwrap_or_default(), &second[place.saturating_sub(first.len())..]);
        let mut zeros = 0;
        for slice in [first, second] {
            let chunks = slice.chunks(CHUNK);
            let empty =
                chunks.take_while(|chunk| chunk.iter().fold(0, |all, count| all | count) == 0).count()
                    * CHUNK;
            if let Some(rest) = slice.get(empty..)
                && let Some(end) = rest.iter().position(|count| *count > 0)
            {
                return zeros + empty + end;
            }
            zeros += slice.len();
        }
        usize::MAX
    }

    /// Forgets numbers before the least.
    fn trim(&mut self) {
        if self.counts.front() != Some(&0) {
            return;
        }
        if self.counts.get(1).is_some_and(|count| *count > 0) {
            self.counts.pop_front();
            self.front += 1;
            return;
        }
        let passed = self.zeros(0).min(self.counts.len());
        self.counts.drain(..passed);
        self.front += passed as u64;
        if self.counts.capacity() > 1024 && self.counts.len() < self.counts.capacity() / 8 {
            self.counts.shrink_to(2 * self.counts.len());
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_counted_is_where_the_readers_are(
            mut readers in prop::collection::vec(0_u64..4, 1..6),
            moves in prop::collection::vec((0_usize..6, prop_oneof![0_u64..5, 10_u64..60], 0_u64..3), 0..40),
        ) {
            readers.sort_unstable();
            let mut positions = Positions::new();
            for at in &readers {
                positions.add(*at);
            }
            for (reader, forward, raise) in moves {
                let reader = reader % readers.len();
                let from = readers[reader];
                let to = from + forward;
                positions.moved(from, to);
                readers[reader] = to;
                if raise == 2 {
                    positions.raise(to);
                    for at in &mut readers {
                        *at = (*at).max(to);
                    }
                }
                let least = readers.iter().copied().min();
                prop_assert_eq!(positions.least(), least);
                let others = readers.iter().enumerate().filter(|(other, _)| *other != reader);
                let next = others.map(|(_, at)| *at).min().unwrap_or(u64::MAX);
                let at = readers[reader];
                prop_assert_eq!(positions.alone(at, 3) as u64, next.saturating_sub(at).min(3));
                prop_assert_eq!(positions.alone(at, 99) as u64, next.saturating_sub(at).min(99));
            }
        }
    }
}
