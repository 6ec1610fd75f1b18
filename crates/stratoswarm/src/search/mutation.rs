use rand::{Rng, RngExt as _};

/// Mutates a tour by a double bridge (Martin, Otto, Felten, 1991): cut in four at random, the two middle parts change
/// places. Tours of fewer than 4 cities stay as they are.
pub fn double_bridge<R: Rng>(order: &mut [u32], rng: &mut R) {
    let cities = order.len() as u32;
    if cities < 4 {
        return;
    }
    let mut cuts = [0; 3].map(|_| rng.random_range(1..cities) as usize);
    cuts.sort_unstable();
    let [from, middle, to] = cuts;
    order[from..to].rotate_left(middle - from);
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_pcg::Pcg64;

    use super::*;
    use crate::tour::Tour;

    #[test]
    fn a_mutant_is_a_tour_and_mostly_another() {
        for cities in [2u32, 3, 4, 5, 50] {
            let start: Vec<u32> = (0..cities).collect();
            let changed = (0..100).filter(|&seed| {
                let mut order = start.clone();
                double_bridge(&mut order, &mut Pcg64::seed_from_u64(seed));
                assert!(Tour::new(order.clone(), start.len()).is_ok());
                order != start
            });
            let changed = changed.count();
            assert!(if cities < 4 { changed == 0 } else { changed > 20 }, "{cities} cities: {changed}");
        }
    }
}
