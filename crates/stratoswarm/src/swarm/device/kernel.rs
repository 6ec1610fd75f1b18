use std::{fmt, str::FromStr, sync::atomic::AtomicBool};

use bytes::{BufMut as _, Bytes, BytesMut};

use super::KernelArguments;
use crate::{
    search::{Problem, construct, iterate, stream},
    tour::{Tour, TourBatch},
};

/// What the device can compute: a batch of tours in, a batch or their lengths out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Replaces every tour of the batch by a new one, by a randomised nearest neighbour rule.
    Construct,
    /// Improves every tour by iterated local search with 2-opt and Or-opt moves.
    LocalSearch,
    /// Measures every tour: its length as a little-endian `i64`.
    TourLength,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Construct, Self::LocalSearch, Self::TourLength];

    /// The name by which it is launched.
    pub fn name(self) -> &'static str {
        match self {
            Self::Construct => "construct",
            Self::LocalSearch => "local_search",
            Self::TourLength => "tour_length",
        }
    }

    /// Computes; takes long, so not for an async worker. Once `stop` is set it ends early with valid, if poorer tours.
    ///
    /// # Errors
    /// What the buffer holds is no batch of tours of the problem.
    pub fn run(
        self,
        problem: &Problem,
        batch: Bytes,
        arguments: KernelArguments,
        stop: &AtomicBool,
    ) -> Result<Bytes, String> {
        let cities = problem.distances().cities();
        let tours = TourBatch::decode(batch, cities).map_err(|error| error.to_string())?.into_tours();
        // A buffer may hold anything; the search relies on permutations.
        let tours = tours.into_iter().map(|order| Tour::new(order, cities));
        let tours = tours.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        if self == Self::TourLength {
            let mut lengths = BytesMut::with_capacity(tours.len() * size_of::<i64>());
            for tour in &tours {
                lengths.put_i64_le(problem.distances().tour_length(tour.order()));
            }
            return Ok(lengths.freeze());
        }
        let improved = tours.iter().zip(0..).map(|(tour, index)| {
            let mut rng = stream(arguments.seed, index);
            match self {
                Self::Construct => construct(problem, &mut rng, stop),
                _ => iterate(problem, tour.order(), arguments.kicks, &mut rng, stop).0,
            }
        });
        Ok(TourBatch::new(improved.collect()).encode())
    }
}

impl FromStr for Kernel {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kernel| kernel.name() == name).ok_or(())
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Buf as _;

    use super::*;
    use crate::tsplib::parse_instance;

    static RUNNING: AtomicBool = AtomicBool::new(false);

    fn berlin52() -> Problem {
        Problem::new(parse_instance(include_bytes!("../../../../../data/berlin52.tsp")).unwrap())
    }

    fn arguments(seed: u64, kicks: u32) -> KernelArguments {
        KernelArguments { seed, kicks }
    }

    #[test]
    fn kernels_work_on_every_tour_of_a_batch() {
        let problem = berlin52();
        let run = |kernel: Kernel, batch: &Bytes| {
            kernel.run(&problem, batch.clone(), arguments(1, 20), &RUNNING).unwrap()
        };
        let lengths = |batch: &Bytes| {
            let mut lengths = run(Kernel::TourLength, batch);
            (0..3).map(|_| lengths.get_i64_le()).collect::<Vec<_>>()
        };
        let start = TourBatch::new(vec![(0..52).collect(); 3]).encode();
        assert_eq!(lengths(&start), [22_205; 3]);
        let built = run(Kernel::Construct, &start);
        let improved = run(Kernel::LocalSearch, &built);
        assert!(lengths(&built).iter().all(|&length| length < 15_000), "{:?}", lengths(&built));
        for (better, worse) in lengths(&improved).iter().zip(lengths(&built)) {
            assert!((7542..worse).contains(better));
        }
        let built = TourBatch::decode(built, 52).unwrap();
        assert_ne!(built.tours()[0], built.tours()[1], "every tour has a stream of its own");
    }

    #[test]
    fn buffers_of_anything_else_are_refused() {
        let problem = berlin52();
        for bad in [vec![vec![0; 52]], vec![(1..53).collect()], vec![(0..51).collect()]] {
            let bad = TourBatch::new(bad).encode();
            for kernel in Kernel::ALL {
                assert!(kernel.run(&problem, bad.clone(), arguments(1, 1), &RUNNING).is_err(), "{kernel}");
            }
        }
    }

    #[test]
    fn names_round_trip() {
        for kernel in Kernel::ALL {
            assert_eq!(kernel.to_string().parse(), Ok(kernel));
        }
        assert_eq!("melt".parse::<Kernel>(), Err(()));
    }
}
