/// The places were not reserved.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, ReserveManyError};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(2).open()?;
/// let refused = jobs.reserve_many(3).await.err();
/// assert_eq!(refused, Some(ReserveManyError::TooMany { asked: 3, capacity: 2 }));
/// jobs.close();
/// assert_eq!(jobs.reserve_many(2).await.err(), Some(ReserveManyError::Closed));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReserveManyError {
    /// The channel is closed.
    #[error("channel closed")]
    Closed,
    /// There will never be so much room.
    #[error("{asked} places were asked for, and {capacity} can be had: reserve at most that many at once")]
    TooMany {
        /// How many places were asked for.
        asked: usize,
        /// How many there are: the channel's capacity, and 4,294,967,295 at most.
        capacity: usize,
    },
}
