/// A stream of numbers that follows from its seed (`SplitMix64`): the same everywhere, and for ever.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    #[cfg(test)]
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for each text under a seed.
    pub(crate) fn of(seed: u64, text: &str) -> Self {
        // FNV-1a: one that the standard library may change would change what a seed means.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Self(seed ^ hash).next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this; 0 if that is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// Whether something happens that is so probable.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        (self.next() >> 11) as f64 / ((1_u64 << 53) as f64) < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut chance = Chance::new(1_234_567);
        let first = [chance.next(), chance.next(), chance.next()];
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn probabilities_and_bounds_are_kept() {
        let mut chance = Chance::of(7, "jobs");
        let happened = (0..10_000).filter(|_| chance.happens(0.1)).count();
        assert!((800..1_200).contains(&happened), "{happened}");
        assert!((0..1_000).all(|_| chance.below(3) < 3));
        assert_eq!((chance.below(0), chance.happens(0.0), chance.happens(1.0)), (0, false, true));
        assert_ne!(Chance::of(7, "jobs").next(), Chance::of(7, "news").next());
        assert_ne!(Chance::of(7, "jobs").next(), Chance::of(8, "jobs").next());
    }
}
