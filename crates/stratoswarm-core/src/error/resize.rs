/// A channel's capacity could not be changed.
///
/// # Examples
/// ```
/// # use stratoswarm_core::{Fabric, Priority, ResizeError};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// assert_eq!(jobs.set_capacity(Priority::Normal, 0), Err(ResizeError::ZeroCapacity));
/// assert_eq!(jobs.set_capacity(Priority::Low, 9), Err(ResizeError::NoLane));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResizeError {
    /// A capacity of 0; at least 1 is needed.
    #[error("capacity must be at least 1")]
    ZeroCapacity,
    /// The class has no lane of its own.
    #[error("no lane of this class")]
    NoLane,
}
