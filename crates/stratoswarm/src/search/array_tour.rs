//! A tour as an array with the position of every city: O(1) neighbours, reversals of at most half the tour.

/// The tour a local search works on. All changes are reversals, so they can be taken back in reverse order.
#[derive(Debug, Clone)]
pub(super) struct ArrayTour {
    order: Vec<u32>,
    position: Vec<u32>,
}

/// A reversal that was done, by positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reversal {
    from: u32,
    to: u32,
}

impl ArrayTour {
    pub(super) fn new(order: &[u32]) -> Self {
        let mut position = vec![0; order.len()];
        for (at, &city) in order.iter().enumerate() {
            position[city as usize] = at as u32;
        }
        Self { order: order.to_vec(), position }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    pub(super) fn into_order(self) -> Vec<u32> {
        self.order
    }

    #[inline]
    pub(super) fn at(&self, position: usize) -> u32 {
        self.order[position]
    }

    #[inline]
    pub(super) fn next(&self, city: u32) -> u32 {
        let at = self.position[city as usize] as usize + 1;
        self.order[if at == self.order.len() { 0 } else { at }]
    }

    #[inline]
    pub(super) fn previous(&self, city: u32) -> u32 {
        let at = self.position[city as usize] as usize;
        self.order[if at == 0 { self.order.len() - 1 } else { at - 1 }]
    }

    /// Is `city` on the way from `from` forward to `to`, ends included?
    #[inline]
    pub(super) fn between(&self, from: u32, city: u32, to: u32) -> bool {
        let length = self.order.len() as u32;
        let from = self.position[from as usize];
        let ahead = |city: u32| {
            let at = self.position[city as usize];
            if at >= from { at - from } else { at + length - from }
        };
        ahead(city) <= ahead(to)
    }

    /// Reverses the way from `from` forward to `to`, or all the rest instead if that is shorter: the same tour, run
    /// through the other way.
    pub(super) fn reverse(&mut self, from: u32, to: u32) -> Reversal {
        let length = self.order.len() as u32;
        let (from, to) = (self.position[from as usize], self.position[to as usize]);
        let inner = if to >= from { to - from + 1 } else { to + length - from + 1 };
        let reversal = if inner * 2 <= length {
            Reversal { from, to }
        } else {
            let after = if to + 1 == length { 0 } else { to + 1 };
            let before = if from == 0 { length - 1 } else { from - 1 };
            Reversal { from: after, to: before }
        };
        self.swap_ends(reversal);
        reversal
    }

    /// Takes a reversal back; those done after it must have been taken back before.
    pub(super) fn undo(&mut self, reversal: Reversal) {
        self.swap_ends(reversal);
    }

    fn swap_ends(&mut self, Reversal { from, to }: Reversal) {
        let length = self.order.len();
        let (mut low, mut high) = (from as usize, to as usize);
        let count = if high >= low { high - low + 1 } else { high + length - low + 1 };
        for _ in 0..count / 2 {
            let (first, last) = (self.order[low], self.order[high]);
            self.order[low] = last;
            self.position[last as usize] = low as u32;
            self.order[high] = first;
            self.position[first as usize] = high as u32;
            low = if low + 1 == length { 0 } else { low + 1 };
            high = if high == 0 { length - 1 } else { high - 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The edges of a tour, each with its smaller city first.
    fn edges(order: &[u32]) -> Vec<(u32, u32)> {
        let next = order.iter().cycle().skip(1);
        let mut edges: Vec<_> = order.iter().zip(next).map(|(&a, &b)| (a.min(b), a.max(b))).collect();
        edges.sort_unstable();
        edges
    }

    #[test]
    fn neighbours_wrap_around() {
        let tour = ArrayTour::new(&[3, 1, 0, 2]);
        assert_eq!((tour.next(2), tour.previous(3), tour.next(1)), (3, 2, 0));
        assert!(tour.between(0, 3, 1) && !tour.between(3, 2, 0) && tour.between(3, 3, 3));
    }

    proptest! {
        #[test]
        fn reversals_exchange_two_edges_and_can_be_undone(
            cities in 5u32..40, steps in prop::collection::vec((any::<u32>(), any::<u32>()), 1..30),
        ) {
            let start: Vec<u32> = (0..cities).collect();
            let mut tour = ArrayTour::new(&start);
            let mut done = Vec::new();
            for (from, to) in steps {
                let (from, to) = (from % cities, to % cities);
                // By a model: rotate so that `from` comes first, reverse up to `to`.
                let mut model = tour.order().to_vec();
                let first = model.iter().position(|&city| city == from).unwrap();
                model.rotate_left(first);
                let last = model.iter().position(|&city| city == to).unwrap();
                model[..=last].reverse();
                done.push(tour.reverse(from, to));
                prop_assert_eq!(edges(tour.order()), edges(&model));
                for city in 0..cities {
                    prop_assert_eq!(tour.previous(tour.next(city)), city);
                }
            }
            while let Some(reversal) = done.pop() {
                tour.undo(reversal);
            }
            prop_assert_eq!(tour.order(), &start[..]);
        }
    }
}
