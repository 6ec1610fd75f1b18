use std::time::Duration;

use crate::Stopped;

/// A lease was not acquired.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// Another holds it.
    #[error("it is held with token {token}")]
    Taken {
        /// The holder's token.
        token: u64,
    },
    /// The log did not answer in time. If it was acquired after all, it ends by its time.
    #[error("the log did not answer in time")]
    TimedOut,
    /// The log refused it: it is full, or takes no entry of this size.
    #[error("the log refused it: {why}")]
    Refused {
        /// Why.
        why: String,
    },
    /// So short a lease would be lost by everybody whenever the log pauses.
    #[error("a lease of {ttl:?} is shorter than {least:?}: any pause of the log would end it")]
    TooShort {
        /// What was asked.
        ttl: Duration,
        /// The shortest there is.
        least: Duration,
    },
    /// The node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
