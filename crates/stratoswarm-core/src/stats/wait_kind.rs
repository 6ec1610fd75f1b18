use std::fmt;

/// What somebody waits for, or holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum WaitKind {
    /// `send` or `blocking_send`, for room.
    Send,
    /// `send_many`, for room.
    SendMany,
    /// `send` of a [`Limited`](crate::Limited) handle, for credit.
    Credit,
    /// `reserve`, `reserve_many` or `reserve_owned`, or a sink that is to be ready: for room.
    Reserve,
    /// `request`, for room or for a group.
    Request,
    /// A reader, for a message.
    Receive,
    /// `closed`, for the close.
    Closed,
    /// `readers_gone`, for the last reader to go.
    ReadersGone,
    /// A [`Permit`](crate::Permit) or [`OwnedPermit`](crate::OwnedPermit) that exists, or the place of a sink that is ready.
    Permit,
    /// Whoever sends or asks and has a place: for bytes of the channel's [own bound](crate::ChannelBuilder::max_bytes) or of
    /// its [`Budget`](crate::Budget).
    Budget,
}

impl fmt::Display for WaitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send => "send",
            Self::SendMany => "send_many",
            Self::Credit => "credit",
            Self::Reserve => "reserve",
            Self::Request => "request",
            Self::Receive => "receive",
            Self::Closed => "closed",
            Self::ReadersGone => "readers_gone",
            Self::Permit => "permit",
            Self::Budget => "budget",
        })
    }
}
