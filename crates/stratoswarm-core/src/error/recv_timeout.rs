/// No message came in time, or none will come.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use stratoswarm_core::{Fabric, RecvTimeoutError};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// let short = Duration::from_millis(1);
/// assert_eq!(worker.blocking_recv_timeout(short).err(), Some(RecvTimeoutError::Timeout));
/// jobs.close();
/// assert_eq!(worker.blocking_recv_timeout(short).err(), Some(RecvTimeoutError::Closed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecvTimeoutError {
    /// Nothing came in time.
    #[error("timed out waiting for a message")]
    Timeout,
    /// Nothing is there and nothing will come: closed and drained.
    #[error("channel closed")]
    Closed,
}
