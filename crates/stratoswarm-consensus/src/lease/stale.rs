/// A token is older than one that the resource has seen: its holder has lost the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is older than {seen}, which was seen already")]
pub struct Stale {
    /// The highest token that was seen.
    pub seen: u64,
}
