use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether senders wait for readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ChannelKind {
    /// They do: a [`Channel`](crate::Channel).
    Channel,
    /// They never do: a [`Broadcast`](crate::Broadcast).
    Broadcast,
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Channel => "channel",
            Self::Broadcast => "broadcast",
        })
    }
}
