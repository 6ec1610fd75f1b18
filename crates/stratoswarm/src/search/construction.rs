use std::sync::atomic::{AtomicBool, Ordering};

use rand::{Rng, RngExt as _};

use super::Problem;

/// Builds a tour by a randomised nearest neighbour rule: from a random city always on to the nearest one not visited
/// yet, now and then to the second nearest, so that every generator gives another tour.
///
/// Once `stop` is set, the rest of the cities follow in any order.
pub fn construct<R: Rng>(problem: &Problem, rng: &mut R, stop: &AtomicBool) -> Vec<u32> {
    /// How many cities are visited between two looks at `stop`.
    const PATIENCE: usize = 256;
    let cities = problem.distances().cities() as u32;
    let mut unvisited = Unvisited::new(cities);
    let mut city = rng.random_range(0..cities);
    let mut order = Vec::with_capacity(cities as usize);
    loop {
        order.push(city);
        unvisited.remove(city);
        if order.len().is_multiple_of(PATIENCE) && stop.load(Ordering::Relaxed) {
            order.extend(unvisited.cities);
            return order;
        }
        let mut near = problem.neighbours().of(city).iter().copied().filter(|&near| unvisited.contains(near));
        let second = rng.random_ratio(1, 10);
        let next = match (near.next(), second.then(|| near.next()).flatten()) {
            (_, Some(second)) => Some(second),
            (nearest, None) => nearest,
        };
        city = match next.or_else(|| unvisited.nearest(problem, city, rng)) {
            Some(next) => next,
            None => return order,
        };
    }
}

/// The cities left over, in an arbitrary but reproducible order.
struct Unvisited {
    cities: Vec<u32>,
    place: Vec<u32>,
}

impl Unvisited {
    const VISITED: u32 = u32::MAX;

    fn new(cities: u32) -> Self {
        Self { cities: (0..cities).collect(), place: (0..cities).collect() }
    }

    fn contains(&self, city: u32) -> bool {
        self.place[city as usize] != Self::VISITED
    }

    fn remove(&mut self, city: u32) {
        let place = std::mem::replace(&mut self.place[city as usize], Self::VISITED) as usize;
        self.cities.swap_remove(place);
        if let Some(&moved) = self.cities.get(place) {
            self.place[moved as usize] = place as u32;
        }
    }

    /// The nearest of all that are left; of a sample where there are very many.
    fn nearest<R: Rng>(&self, problem: &Problem, from: u32, rng: &mut R) -> Option<u32> {
        const LOOKED_AT: u32 = 1000;
        let distance = |city: &u32| (problem.distances().weight(from, *city), *city);
        let left = self.cities.len() as u32;
        if left <= LOOKED_AT {
            return self.cities.iter().copied().min_by_key(distance);
        }
        (0..LOOKED_AT).map(|_| self.cities[rng.random_range(0..left) as usize]).min_by_key(distance)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64;

    use super::*;
    use crate::{
        tour::Tour,
        tsplib::{Instance, WeightType},
    };

    #[test]
    fn every_construction_is_a_tour_and_seeds_differ() {
        for cities in [2, 3, 8, 60, 1500] {
            let points: Vec<_> =
                (0..cities).map(|i| ((i * 7919 % 1009) as f64, (i * 4729 % 997) as f64)).collect();
            let problem = Problem::new(Instance::from_points("t", WeightType::Euc2d, &points).unwrap());
            let tours: Vec<_> = (0..4)
                .map(|seed| construct(&problem, &mut Pcg64::seed_from_u64(seed), &AtomicBool::new(false)))
                .collect();
            for tour in &tours {
                assert!(Tour::new(tour.clone(), cities).is_ok());
            }
            let stopped = construct(&problem, &mut Pcg64::seed_from_u64(0), &AtomicBool::new(true));
            assert!(Tour::new(stopped, cities).is_ok());
            assert!(cities < 8 || tours.iter().any(|tour| *tour != tours[0]));
        }
    }
}
