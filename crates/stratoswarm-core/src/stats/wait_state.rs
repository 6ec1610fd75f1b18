use std::fmt;

/// How far somebody is who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum WaitState {
    /// Waits, for what its [kind](crate::WaitKind) says.
    Waiting,
    /// Was granted a place and has not used it: its future is woken and not polled yet. If that lasts, nobody polls it, and
    /// it keeps the place from others.
    Granted,
    /// Has a place, as a permit.
    Held,
    /// A request that waits for a group to exist.
    Unserved,
    /// A request that was accepted, and that no handler has yet.
    Queued,
    /// A request that a handler has.
    Handled,
}

impl fmt::Display for WaitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Granted => "granted a place",
            Self::Held => "holds a place",
            Self::Unserved => "waiting for a group",
            Self::Queued => "queued",
            Self::Handled => "being handled",
        })
    }
}
