/// A lossy reader was too slow: this many messages are gone, exactly here in its order.
///
/// The next message is the oldest that is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{missed} messages missed")]
#[non_exhaustive]
pub struct Lagged {
    /// How many, at least one.
    pub missed: u64,
}
