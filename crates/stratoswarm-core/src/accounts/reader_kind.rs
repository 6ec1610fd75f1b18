use std::fmt;

use serde::{Deserialize, Serialize};

/// What sort of cursor a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ReaderKind {
    /// A group, of which one member gets each message.
    Group,
    /// A subscriber, which gets each message.
    Subscriber,
    /// A lossy subscriber, which is told what it missed.
    Lossy,
}

impl fmt::Display for ReaderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Group => "group",
            Self::Subscriber => "subscriber",
            Self::Lossy => "lossy subscriber",
        })
    }
}
