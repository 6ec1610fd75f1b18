/// The numbers that a kernel is launched with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelArguments {
    /// Random seed; every tour of the batch has a stream of random numbers of its own.
    pub seed: u64,
    /// How often the local search kicks every tour.
    pub kicks: u32,
}
