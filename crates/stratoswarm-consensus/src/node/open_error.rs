use super::Stopped;

/// A node could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It has not reached the head of the log in time.
    #[error("the head of the log was not reached in time; read up to index {index}")]
    TimedOut {
        /// How far it has read.
        index: u64,
    },
    /// It has stopped on its way.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
