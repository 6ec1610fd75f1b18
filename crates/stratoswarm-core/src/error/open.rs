/// A channel could not be opened.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, OpenError};
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").capacity(8).open()?;
/// assert!(matches!(fabric.channel::<Job>("jobs").capacity(9).open(), Err(OpenError::Conflict { .. })));
/// assert_eq!(fabric.channel::<Job>("none").capacity(0).open().err(), Some(OpenError::ZeroCapacity));
/// fabric.shutdown(std::time::Duration::from_secs(1)).await;
/// assert_eq!(fabric.channel::<Job>("late").open().err(), Some(OpenError::Closed));
/// # drop(jobs);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The name is taken by a channel of another type, kind or options.
    #[error("channel {name:?} is open as {open}, asked for as {asked}")]
    Conflict {
        /// The channel's name.
        name: String,
        /// What is open under it.
        open: String,
        /// What was asked for, as far as it was stated.
        asked: String,
    },
    /// A capacity, of the channel or a lane, or a bound of bytes, its own or its budget's, of 0; at least 1 is needed.
    #[error("a capacity, a lane's room and a bound of bytes must be at least 1")]
    ZeroCapacity,
    /// Two options that contradict each other.
    #[error("{option} is incompatible with {with}")]
    Incompatible {
        /// The option, as it is called.
        option: &'static str,
        /// What it contradicts.
        with: &'static str,
    },
    /// What the channels of a [`Budget`](crate::Budget) have to themselves would be more than there is.
    #[error("minima of {minima} bytes together exceed budget {budget:?} of {capacity}")]
    Overcommitted {
        /// The budget's name.
        budget: String,
        /// How many bytes it has.
        capacity: usize,
        /// What all minima would be together.
        minima: usize,
    },
    /// The fabric was shut down.
    #[error("fabric closed")]
    Closed,
}
