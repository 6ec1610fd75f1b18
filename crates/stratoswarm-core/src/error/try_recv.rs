/// Nothing to receive at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TryRecvError {
    /// Nothing is there yet.
    #[error("channel empty")]
    Empty,
    /// Nothing is there and nothing will come: closed and drained.
    #[error("channel closed")]
    Closed,
}
