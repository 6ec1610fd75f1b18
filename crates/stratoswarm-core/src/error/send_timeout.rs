use std::fmt;

/// The message was not accepted in time, or will never be; here it is.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// # use stratoswarm_core::{Fabric, SendTimeoutError};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// jobs.send(Job(1)).await?;
/// let refused = jobs.send_timeout(Job(2), Duration::from_secs(1)).await.unwrap_err();
/// assert!(matches!(refused, SendTimeoutError::Timeout(_)));
/// assert_eq!(refused.into_inner(), Job(2));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendTimeoutError<M> {
    /// There was no room in time.
    #[error("timed out waiting for room")]
    Timeout(M),
    /// The channel is closed.
    #[error("channel closed")]
    Closed(M),
}

impl<M> SendTimeoutError<M> {
    /// The message.
    pub fn into_inner(self) -> M {
        match self {
            Self::Timeout(message) | Self::Closed(message) => message,
        }
    }
}

impl<M> fmt::Debug for SendTimeoutError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Timeout(_) => "Timeout",
            Self::Closed(_) => "Closed",
        };
        f.debug_tuple(name).finish_non_exhaustive()
    }
}
