use rand::{Rng, RngExt as _};

/// Order crossover, OX (Davis, 1985): a random stretch of `first` stays where it is, the other cities follow in the
/// order of `second`.
///
/// Both parents must be permutations of the same cities, counted from 0.
pub fn order_crossover<R: Rng>(first: &[u32], second: &[u32], rng: &mut R) -> Vec<u32> {
    let cities = first.len();
    if cities < 2 {
        return first.to_vec();
    }
    let (one, other) =
        (rng.random_range(0..cities as u32) as usize, rng.random_range(0..cities as u32) as usize);
    let (from, to) = (one.min(other), one.max(other));
    let mut kept = vec![false; cities];
    for &city in &first[from..=to] {
        kept[city as usize] = true;
    }
    let mut child = first.to_vec();
    // Both are run through from behind the stretch, around the end.
    let mut places = (to + 1..cities).chain(0..from);
    for &city in second[to + 1..].iter().chain(&second[..=to]) {
        if !kept[city as usize]
            && let Some(place) = places.next()
        {
            child[place] = city;
        }
    }
    child
}

/// Edge recombination, ERX (Whitley, Starkweather, Fuquay, 1989): a tour of edges that one of the parents has, as far
/// as possible; from every city on to the neighbour with the fewest neighbours left.
///
/// Both parents must be permutations of the same cities, counted from 0.
pub fn edge_recombination<R: Rng>(first: &[u32], second: &[u32], rng: &mut R) -> Vec<u32> {
    let cities = first.len();
    if cities < 3 {
        return first.to_vec();
    }
    let mut edges = EdgeMap::new(cities);
    edges.add(first);
    edges.add(second);
    let mut left: Vec<u32> = (0..cities as u32).collect();
    let mut place: Vec<u32> = (0..cities as u32).collect();
    let mut child = Vec::with_capacity(cities);
    let mut city = first[rng.random_range(0..cities as u32) as usize];
    loop {
        child.push(city);
        let hole = place[city as usize] as usize;
        left.swap_remove(hole);
        if let Some(&moved) = left.get(hole) {
            place[moved as usize] = hole as u32;
        }
        edges.forget(city);
        if left.is_empty() {
            return child;
        }
        city = edges.next(city, rng).unwrap_or_else(|| left[rng.random_range(0..left.len() as u32) as usize]);
    }
}

/// The neighbours of every city in either parent: at most four, each once.
struct EdgeMap {
    lists: Vec<[u32; 4]>,
    counts: Vec<u8>,
}

impl EdgeMap {
    fn new(cities: usize) -> Self {
        Self { lists: vec![[0; 4]; cities], counts: vec![0; cities] }
    }

    fn add(&mut self, order: &[u32]) {
        let next = order.iter().cycle().skip(1);
        for (&from, &to) in order.iter().zip(next) {
            self.push(from, to);
            self.push(to, from);
        }
    }

    fn push(&mut self, from: u32, to: u32) {
        if !self.of(from).contains(&to) {
            let count = &mut self.counts[from as usize];
            self.lists[from as usize][usize::from(*count)] = to;
            *count += 1;
        }
    }

    fn of(&self, city: u32) -> &[u32] {
        &self.lists[city as usize][..usize::from(self.counts[city as usize])]
    }

    /// Takes `city` out of the lists of its neighbours.
    fn forget(&mut self, city: u32) {
        for near in self.of(city).to_vec() {
            if let Some(at) = self.of(near).iter().position(|&other| other == city) {
                let count = &mut self.counts[near as usize];
                *count -= 1;
                self.lists[near as usize].swap(at, usize::from(*count));
            }
        }
    }

    fn next<R: Rng>(&self, city: u32, rng: &mut R) -> Option<u32> {
        let fewest = self.of(city).iter().map(|&near| self.counts[near as usize]).min()?;
        let ties = || self.of(city).iter().copied().filter(|&near| self.counts[near as usize] == fewest);
        let count = ties().count() as u32;
        ties().nth(rng.random_range(0..count) as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64;

    use super::*;
    use crate::tour::Tour;

    fn parents() -> impl Strategy<Value = (Vec<u32>, Vec<u32>)> {
        (2u32..40).prop_flat_map(|cities| {
            let order: Vec<u32> = (0..cities).collect();
            (Just(order.clone()).prop_shuffle(), Just(order).prop_shuffle())
        })
    }

    fn has_edge(order: &[u32], from: u32, to: u32) -> bool {
        let next = order.iter().cycle().skip(1);
        order.iter().zip(next).any(|(&a, &b)| (a, b) == (from, to) || (b, a) == (from, to))
    }

    proptest! {
        #[test]
        fn children_are_tours((first, second) in parents(), seed in any::<u64>()) {
            let rng = &mut Pcg64::seed_from_u64(seed);
            prop_assert!(Tour::new(order_crossover(&first, &second, rng), first.len()).is_ok());
            prop_assert!(Tour::new(edge_recombination(&first, &second, rng), first.len()).is_ok());
        }

        #[test]
        fn order_crossover_keeps_a_stretch_and_the_other_order((first, second) in parents(), seed in any::<u64>()) {
            let child = order_crossover(&first, &second, &mut Pcg64::seed_from_u64(seed));
            let kept = (0..first.len()).filter(|&at| child[at] == first[at]).count();
            prop_assert!(kept >= 1);
            prop_assert_eq!(order_crossover(&first, &first, &mut Pcg64::seed_from_u64(seed)), first);
        }

        #[test]
        fn a_child_of_equal_parents_has_only_their_edges((first, _) in parents(), seed in any::<u64>()) {
            let child = edge_recombination(&first, &first, &mut Pcg64::seed_from_u64(seed));
            let next = child.iter().cycle().skip(1);
            for (&from, &to) in child.iter().zip(next) {
                prop_assert!(has_edge(&first, from, to));
            }
        }
    }

    #[test]
    fn order_crossover_of_a_known_example() {
        // Whatever the stretch, the rest is 7 6 5 .. in the order of the second parent, from behind the stretch.
        let (first, second): (Vec<u32>, Vec<u32>) = ((0..8).collect(), (0..8).rev().collect());
        for seed in 0..20 {
            let child = order_crossover(&first, &second, &mut Pcg64::seed_from_u64(seed));
            let stretch: Vec<_> = (0..8u32).filter(|&at| child[at as usize] == at).collect();
            assert!(!stretch.is_empty(), "{child:?}");
        }
    }

    #[test]
    fn edge_recombination_mostly_takes_the_parents_edges() {
        let first: Vec<u32> = (0..60).collect();
        let second: Vec<u32> = (0..60).map(|at| at * 7 % 60).collect();
        let child = edge_recombination(&first, &second, &mut Pcg64::seed_from_u64(3));
        let next = child.iter().cycle().skip(1);
        let foreign = child
            .iter()
            .zip(next)
            .filter(|&(&a, &b)| !has_edge(&first, a, b) && !has_edge(&second, a, b))
            .count();
        assert!(foreign <= 6, "{foreign} of 60 edges are of neither parent");
    }
}
