use std::sync::atomic::{AtomicBool, Ordering};

use rand::{Rng, RngExt as _};

use super::{LocalSearch, Problem};

/// The longest segment that a kick moves: kicks are local, so that the repair is cheap.
const LONGEST_SEGMENT: usize = 50;

/// Improves a tour by iterated local search: `kicks` times a local double bridge, the search's repair, and back again
/// if the tour has become longer. Returns the tour and its length.
///
/// `order` must be a permutation of the problem's cities. Ends early, with the best so far, once `stop` is set. With
/// the same arguments and generator the result is the same on every machine.
pub fn iterate<R: Rng>(
    problem: &Problem,
    order: &[u32],
    kicks: u32,
    rng: &mut R,
    stop: &AtomicBool,
) -> (Vec<u32>, i64) {
    let mut search = LocalSearch::new(problem, order);
    search.optimise(stop);
    search.keep();
    let cities = order.len();
    let longest = LONGEST_SEGMENT.min(cities / 3).max(1) as u32;
    for _ in 0..kicks {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let before = search.length();
        let at = rng.random_range(0..cities as u32) as usize;
        let first = rng.random_range(1..=longest) as usize;
        let second = rng.random_range(1..=longest) as usize;
        search.double_bridge(at, first, second);
        search.optimise(stop);
        if search.length() > before {
            search.take_back();
        } else {
            search.keep();
        }
    }
    let length = search.length();
    (search.into_order(), length)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64;

    use super::*;
    use crate::{tour::Tour, tsplib::parse_instance};

    #[test]
    fn kicks_solve_berlin52_and_the_seed_decides_everything() {
        let instance = parse_instance(include_bytes!("../../../../data/berlin52.tsp")).unwrap();
        let problem = Problem::new(instance.clone());
        let order: Vec<u32> = (0..52).collect();
        let run = |seed, kicks| {
            iterate(&problem, &order, kicks, &mut Pcg64::seed_from_u64(seed), &AtomicBool::new(false))
        };
        let (best, length) = run(1, 20_000);
        assert_eq!(length, 7542);
        assert_eq!(Tour::new(best, 52).unwrap().length(&instance), 7542);
        assert_eq!(run(7, 50), run(7, 50));
        assert_ne!(run(7, 0).1, 7542, "the kicks are not in vain");
    }

    #[test]
    fn a_set_stop_flag_ends_it_at_once() {
        let instance = parse_instance(include_bytes!("../../../../data/berlin52.tsp")).unwrap();
        let problem = Problem::new(instance);
        let order: Vec<u32> = (0..52).collect();
        let stop = AtomicBool::new(true);
        let (tour, length) = iterate(&problem, &order, u32::MAX, &mut Pcg64::seed_from_u64(1), &stop);
        assert_eq!(problem.distances().tour_length(&tour), length);
    }
}
