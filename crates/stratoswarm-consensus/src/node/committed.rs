/// A command that was decided and applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed<R> {
    /// Its place in the log.
    pub index: u64,
    /// What the machine said.
    pub response: R,
}
