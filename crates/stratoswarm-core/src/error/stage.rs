use std::fmt;

/// How far a request had come when its deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Waiting for room: the channel was full.
    Sending,
    /// Accepted, not yet taken by any handler.
    Queued,
    /// Taken by a handler, not yet answered.
    Handling,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sending => "waiting for room",
            Self::Queued => "queued",
            Self::Handling => "being handled",
        })
    }
}
