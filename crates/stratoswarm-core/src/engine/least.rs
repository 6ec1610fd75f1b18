/// The least of the readers' positions, and how many readers are there. It is looked for anew once all have moved on, so
/// that a message costs one look at the readers, and not one for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Least {
    at: u64,
    readers: u32,
}

impl Least {
    /// To be looked for.
    pub(super) const UNKNOWN: Self = Self { at: 0, readers: 0 };

    pub(super) fn of(positions: impl Iterator<Item = u64>) -> Self {
        let mut least = Self { at: u64::MAX, readers: 0 };
        for position in positions {
            least.add(position);
        }
        least
    }

    #[inline]
    pub(super) fn is_known(&self) -> bool {
        self.readers > 0
    }

    #[inline]
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The least of the others, for one of the readers; none if that one alone is at the least.
    #[inline]
    pub(super) fn but(&self, position: u64) -> Option<u64> {
        (position > self.at || self.readers > 1).then_some(self.at)
    }

    /// A reader has moved.
    #[inline]
    pub(super) fn moved(&mut self, from: u64, to: u64) {
        if from == to || !self.is_known() {
            return;
        }
        if from == self.at {
            self.readers -= 1;
        }
        if to <= self.at {
            self.add(to);
        }
    }

    #[inline]
    fn add(&mut self, position: u64) {
        if position < self.at {
            *self = Self { at: position, readers: 1 };
        } else if position == self.at {
            self.readers += 1;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_known_is_what_a_look_finds(
            mut positions in prop::collection::vec(0_u64..4, 1..5),
            moves in prop::collection::vec((0_usize..5, 0_u64..6), 0..30),
        ) {
            let mut least = Least::of(positions.iter().copied());
            for (reader, to) in moves {
                let reader = reader % positions.len();
                least.moved(std::mem::replace(&mut positions[reader], to), to);
                let looked = Least::of(positions.iter().copied());
                if least.is_known() {
                    prop_assert_eq!(least, looked);
                } else {
                    least = looked;
                }
                let others = positions.iter().enumerate().filter(|(at, _)| *at != reader).map(|(_, at)| *at);
                if let Some(others_least) = least.but(to) {
                    prop_assert_eq!(Some(others_least), others.min());
                }
            }
        }
    }
}
