//! The four ways to choose parents by their cost: a tour's length, the less the better.

use rand::{Rng, RngExt as _};

/// The cheapest of `contestants` (at least one) drawn at random, with replacement; none of an empty population.
pub fn tournament<R: Rng>(costs: &[f64], contestants: usize, rng: &mut R) -> Option<usize> {
    if costs.is_empty() {
        return None;
    }
    let draws: Vec<_> =
        (0..contestants.max(1)).map(|_| rng.random_range(0..costs.len() as u32) as usize).collect();
    draws.into_iter().min_by(|&a, &b| cheaper(costs, a, b))
}

/// One at random, the probability proportional to how much cheaper it is than the most expensive, which keeps a
/// small share of its own; none of an empty population.
pub fn roulette<R: Rng>(costs: &[f64], rng: &mut R) -> Option<usize> {
    let worst = costs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let best = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let share = (worst - best) / costs.len().max(1) as f64;
    let weights: Vec<f64> = costs.iter().map(|cost| worst - cost + share).collect();
    spin(&weights, rng)
}

/// One at random, the probability falling linearly with the rank: the cheapest of `n` is `n` times as likely as the
/// most expensive; none of an empty population.
pub fn rank<R: Rng>(costs: &[f64], rng: &mut R) -> Option<usize> {
    let ranked = elitist(costs, costs.len());
    let weights: Vec<f64> = (0..ranked.len()).map(|place| (ranked.len() - place) as f64).collect();
    spin(&weights, rng).map(|place| ranked[place])
}

/// The `count` cheapest, cheapest first (all if there are fewer); equals in the order they have.
pub fn elitist(costs: &[f64], count: usize) -> Vec<usize> {
    let mut ranked: Vec<usize> = (0..costs.len()).collect();
    ranked.sort_by(|&a, &b| cheaper(costs, a, b));
    ranked.truncate(count);
    ranked
}

fn cheaper(costs: &[f64], a: usize, b: usize) -> std::cmp::Ordering {
    costs[a].total_cmp(&costs[b]).then(a.cmp(&b))
}

/// An index with a probability proportional to its weight; uniform if the weights sum to nothing usable.
fn spin<R: Rng>(weights: &[f64], rng: &mut R) -> Option<usize> {
    if weights.is_empty() {
        return None;
    }
    let total: f64 = weights.iter().sum();
    if !(total.is_finite() && total > 0.0) {
        return Some(rng.random_range(0..weights.len() as u32) as usize);
    }
    let mut rest = rng.random::<f64>() * total;
    for (index, weight) in weights.iter().enumerate() {
        rest -= weight;
        if rest < 0.0 {
            return Some(index);
        }
    }
    Some(weights.len() - 1)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64;

    use super::*;

    const COSTS: [f64; 4] = [40.0, 10.0, 30.0, 20.0];

    /// How often each index is chosen in 10,000 draws.
    fn counts(mut draw: impl FnMut(&mut Pcg64) -> Option<usize>) -> [u32; 4] {
        let rng = &mut Pcg64::seed_from_u64(11);
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            counts[draw(rng).unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn tournaments_favour_the_cheap_as_their_size_says() {
        // Of two draws from four, rank r (0 = best) wins with probability ((4-r)^2 - (3-r)^2) / 16.
        let counts = counts(|rng| tournament(&COSTS, 2, rng));
        for (index, expected) in [(1, 4375), (3, 3125), (2, 1875), (0, 625)] {
            assert!(counts[index].abs_diff(expected) < 200, "{counts:?}");
        }
        assert_eq!(tournament(&COSTS, 0, &mut Pcg64::seed_from_u64(1)).map(|index| index < 4), Some(true));
    }

    #[test]
    fn roulette_is_proportional_to_the_gain() {
        // Gains over the worst, plus a share of 30 / 4: 7.5, 37.5, 17.5, 27.5 of 90.
        let counts = counts(|rng| roulette(&COSTS, rng));
        for (index, expected) in [(0, 833), (1, 4167), (2, 1944), (3, 3056)] {
            assert!(counts[index].abs_diff(expected) < 200, "{counts:?}");
        }
    }

    #[test]
    fn rank_is_linear_in_the_rank() {
        let counts = counts(|rng| rank(&COSTS, rng));
        for (index, expected) in [(1, 4000), (3, 3000), (2, 2000), (0, 1000)] {
            assert!(counts[index].abs_diff(expected) < 200, "{counts:?}");
        }
    }

    #[test]
    fn elitist_takes_the_cheapest_in_order() {
        assert_eq!(elitist(&COSTS, 3), [1, 3, 2]);
        assert_eq!(elitist(&[1.0, 1.0, 0.0], 9), [2, 0, 1]);
    }

    #[test]
    fn nobody_is_chosen_from_an_empty_population_and_equals_are_equal() {
        let rng = &mut Pcg64::seed_from_u64(5);
        assert_eq!((tournament(&[], 2, rng), roulette(&[], rng), rank(&[], rng)), (None, None, None));
        assert!(elitist(&[], 2).is_empty());
        let counts = counts(|rng| roulette(&[7.0; 4], rng));
        assert!(counts.iter().all(|count| count.abs_diff(2500) < 200), "{counts:?}");
    }
}
