/// Nothing to receive at this moment.
///
/// # Examples
/// ```
/// # use stratoswarm_core::{Fabric, TryRecvError};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
/// jobs.close();
/// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TryRecvError {
    /// Nothing is there yet.
    #[error("channel empty")]
    Empty,
    /// Nothing is there and nothing will come: closed and drained.
    #[error("channel closed")]
    Closed,
}
