/// A channel could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The name is taken by a channel of another type, kind or options; the text names both.
    #[error("{0}")]
    Conflict(String),
    /// A capacity of 0; at least 1 is needed.
    #[error("capacity must be at least 1")]
    ZeroCapacity,
    /// The fabric was shut down.
    #[error("fabric closed")]
    Closed,
}
