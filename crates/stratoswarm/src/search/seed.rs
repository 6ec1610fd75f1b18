use rand::SeedableRng as _;
use rand_pcg::Pcg64;

/// The generator of stream `index` under `seed`: of one agent, of one tour of a batch. Streams have nothing to do
/// with each other, and are the same on every machine.
pub fn stream(seed: u64, index: u64) -> Pcg64 {
    Pcg64::seed_from_u64(mix(mix(seed).wrapping_add(index)))
}

/// `SplitMix64`'s output function (Steele, Lea, Flood, 2014): neighbouring numbers become unrelated ones.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::RngExt as _;

    use super::*;

    #[test]
    fn streams_differ_and_repeat() {
        let first = |seed, index| stream(seed, index).random::<u64>();
        let all: HashSet<_> = (0..50).flat_map(|seed| (0..50).map(move |index| first(seed, index))).collect();
        assert_eq!(all.len(), 2500);
        assert_eq!(first(3, 4), first(3, 4));
    }

    #[test]
    fn mixing_is_that_of_splitmix64() {
        // The first output of SplitMix64 with seed 0, as published with the algorithm.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }
}
