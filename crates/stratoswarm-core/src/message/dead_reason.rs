use std::fmt;

/// Why a group that acknowledges gave a message up.
///
/// # Examples
/// ```
/// # use stratoswarm_core::DeadReason;
/// assert_eq!(DeadReason::MaxDeliver.to_string(), "delivered as often as it may be");
/// assert_eq!(DeadReason::Terminated("no such account".to_owned()).to_string(), "terminated: no such account");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum DeadReason {
    /// Each of as many deliveries as it may have was given back, dropped or lapsed.
    MaxDeliver,
    /// A handler said by [`Ack::term`](crate::Ack::term) that no further delivery can help, and why.
    Terminated(String),
    /// Its time had passed before it was settled.
    Expired,
    /// Its `Clone` panicked, so that it could not be handed out.
    Panicked,
    /// Its group was removed, or went with its last member, or the channel went.
    Removed,
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaxDeliver => f.write_str("delivered as often as it may be"),
            Self::Terminated(why) => write!(f, "terminated: {why}"),
            Self::Expired => f.write_str("expired"),
            Self::Panicked => f.write_str("its clone panicked"),
            Self::Removed => f.write_str("its group was removed"),
        }
    }
}
