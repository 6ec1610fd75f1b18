use crate::ReadError;

/// A replay could not begin, or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The recording has no channel of this name.
    #[error("channel {channel:?} is not in the recording")]
    NotRecorded {
        /// The channel's name.
        channel: String,
    },
    /// The messages of the channel are of another type than those that were recorded.
    #[error("channel {channel:?} takes {here}, and {recorded} was recorded")]
    OtherType {
        /// The channel's name.
        channel: String,
        /// The name of the type that was recorded.
        recorded: String,
        /// The name of the type of its messages.
        here: &'static str,
    },
    /// Two channels have the same name.
    #[error("two channels are called {channel:?}")]
    SameName {
        /// The name.
        channel: String,
    },
    /// Replies were to be compared, and the recording has none of these channels.
    #[error(
        "the recording has no replies of {channels}: only those of channels that were opened `traced()` are recorded"
    )]
    NoReplies {
        /// The channels' names.
        channels: String,
    },
    /// What begins no path into a reply: those are empty, or begin with `/`.
    #[error(
        "{path:?} is no path into a reply: one begins with '/', such as \"/at\", or \"jobs:/at\" of one channel"
    )]
    Path {
        /// The path.
        path: String,
    },
    /// A speed that is none.
    #[error("a replay cannot be {times} times as fast: more than 0 is possible")]
    Pace {
        /// What was asked for.
        times: f64,
    },
    /// The channel takes no more messages.
    #[error("channel {channel:?} is closed, at number {number} of the recording")]
    Closed {
        /// The channel's name.
        channel: String,
        /// The number of the message that could not be sent.
        number: u64,
    },
    /// The recording cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
