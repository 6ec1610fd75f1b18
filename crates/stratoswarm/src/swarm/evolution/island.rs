use rand::{Rng, RngExt as _};

use super::Member;
use crate::search::{double_bridge, edge_recombination, order_crossover};

/// The population of one agent: tours with their lengths, the shortest first, no two of one length.
///
/// Equal lengths are nearly always equal tours; keeping one of them keeps the population from becoming uniform.
#[derive(Debug, Clone, Default)]
pub struct Island {
    members: Vec<Member>,
    generation: u64,
}

/// How many tours survive a generation.
pub const CAPACITY: usize = 10;

impl Island {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The members, shortest tour first.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Their lengths as costs for a selection, in the same order.
    pub fn costs(&self) -> Vec<f64> {
        self.members.iter().map(|member| member.length as f64).collect()
    }

    /// The shortest tour; none while there is nobody.
    pub fn best(&self) -> Option<&Member> {
        self.members.first()
    }

    /// How many generations were survived.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// A generation passes: the newcomers compete with the members, the [`CAPACITY`] shortest survive. Returns how
    /// many of the newcomers do.
    pub fn survive(&mut self, newcomers: Vec<Member>) -> usize {
        self.generation += 1;
        self.admit(newcomers)
    }

    /// Newcomers from elsewhere compete with the members; no generation passes. Returns how many survive.
    pub fn admit(&mut self, newcomers: Vec<Member>) -> usize {
        let before: Vec<i64> = self.members.iter().map(|member| member.length).collect();
        self.members.extend(newcomers);
        // Stable, so that of equals the member of old stays.
        self.members.sort_by_key(|member| member.length);
        self.members.dedup_by_key(|member| member.length);
        self.members.truncate(CAPACITY);
        self.members.iter().filter(|member| !before.contains(&member.length)).count()
    }
}

/// One child of two parents: by order crossover or by edge recombination, as chance has it; then, with probability
/// `rate` (0 to 1), mutated by a double bridge.
pub fn breed<R: Rng>(first: &[u32], second: &[u32], rate: f64, rng: &mut R) -> Vec<u32> {
    let mut child = if rng.random_bool(0.5) {
        order_crossover(first, second, rng)
    } else {
        edge_recombination(first, second, rng)
    };
    if rng.random::<f64>() < rate {
        double_bridge(&mut child, rng);
    }
    child
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn member(length: i64) -> Member {
        Member { genome: Bytes::from_static(&[0; 8]), length }
    }

    #[test]
    fn the_shortest_survive_and_no_length_is_there_twice() {
        let mut island = Island::new();
        assert_eq!(island.best(), None);
        assert_eq!(island.survive((0..12).rev().map(member).collect()), CAPACITY);
        assert_eq!(island.costs(), (0..10).map(f64::from).collect::<Vec<_>>());
        assert_eq!(island.survive(vec![member(-1), member(3), member(99)]), 1);
        assert_eq!(island.best(), Some(&member(-1)));
        assert_eq!((island.members().len(), island.generation()), (CAPACITY, 2));
        assert_eq!((island.admit(vec![member(-2)]), island.generation()), (1, 2));
    }
}
