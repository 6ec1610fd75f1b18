use super::Stopped;

/// A read saw nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The log did not answer by the deadline. [`read_local`](crate::Consensus::read_local) sees what is here.
    #[error("the log did not answer by the deadline")]
    TimedOut,
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
