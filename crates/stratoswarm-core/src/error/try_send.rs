use std::fmt;

/// The message was not accepted; here it is.
///
/// # Examples
/// ```
/// # use stratoswarm_core::{Fabric, TrySendError};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// jobs.try_send(Job(1))?;
/// let refused = jobs.try_send(Job(2)).unwrap_err();
/// assert!(matches!(refused, TrySendError::Full(_)));
/// assert_eq!(refused.into_inner(), Job(2), "to be sent later, or somewhere else");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrySendError<M> {
    /// No room, or senders that came earlier wait for it.
    #[error("channel full")]
    Full(M),
    /// The channel is closed.
    #[error("channel closed")]
    Closed(M),
}

impl<M> TrySendError<M> {
    /// The message.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let near = fabric.channel::<Job>("near").capacity(1).open()?;
    /// let far = fabric.channel::<Job>("far").open()?;
    /// for n in 1..=3 {
    ///     near.try_send(Job(n)).or_else(|refused| far.try_send(refused.into_inner()))?;
    /// }
    /// assert_eq!((near.len(), far.len()), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_inner(self) -> M {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }
}

impl<M> fmt::Debug for TrySendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Full(_) => "Full",
            Self::Closed(_) => "Closed",
        };
        f.debug_tuple(name).finish_non_exhaustive()
    }
}
