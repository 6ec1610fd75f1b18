use std::fmt;

use super::{Stopped, Undecided};

/// A proposal was not, or perhaps not, committed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError<R> {
    /// Nobody knows yet. [`fate`](Undecided::fate) will.
    #[error("it is not known by the deadline whether the proposal is committed")]
    Unknown(Undecided<R>),
    /// It was stored too late: no node has applied it, and none will.
    #[error("the proposal was stored too late, and is not applied")]
    Never,
    /// Another command was applied after the index that was stated: this one was not, and will not be.
    #[error("another command was applied at index {last}")]
    Changed {
        /// The last command's index.
        last: u64,
    },
    /// Too many proposals of this node are not decided. It was not sent.
    #[error("too many proposals of this node are not decided yet; this one was not sent")]
    NotSent,
    /// The log is full, and has not stored it.
    #[error("the log is full")]
    Full,
    /// The log takes no entry of this size.
    #[error("an entry of {bytes} bytes is more than the {limit} that the log takes")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// What the log takes.
        limit: usize,
    },
    /// The command could not be encoded.
    #[error("the command cannot be encoded: {why}")]
    Unencodable {
        /// Why.
        why: String,
    },
    /// It was applied, or not, in a stretch of the log that was purged before this node read it, `applied` if that is known.
    #[error("the part of the log that has the response was purged before this node read it")]
    Purged {
        /// Whether it is known to have been applied.
        applied: bool,
    },
    /// The node has stopped: whether it was committed, the log knows.
    #[error(transparent)]
    Stopped(Stopped),
}

impl<R> fmt::Debug for ProposeError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProposeError({self})")
    }
}
