use std::fmt;

/// What sort of trouble a [`Verdict`](crate::Verdict) is about.
///
/// # Examples
/// ```
/// use stratoswarm_core::VerdictKind;
/// assert_eq!(VerdictKind::NoMember.to_string(), "NO MEMBER");
/// assert!(VerdictKind::Deadlock.is_stuck() && !VerdictKind::Slow.is_stuck());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum VerdictKind {
    /// Tasks wait for each other, and nothing that they wait for can happen.
    Deadlock,
    /// The same until the deadline of one of their requests.
    StuckUntil,
    /// The same, if tasks that the fabric does not track wait for nothing besides its channels.
    LooksStuck,
    /// One reader holds all others up, and moves.
    Slow,
    /// Senders wait for a task that waits for something outside of the fabric, or that computes without a break.
    Outside,
    /// A place was granted to a future that nobody polls.
    Unpolled,
    /// A group without members holds senders up, or requests.
    NoMember,
    /// Senders wait, and nobody reads: there is no reader, or nobody polls the one that holds them up.
    NoReader,
    /// Requests wait for a group.
    Unserved,
    /// Somebody waits for the end of a channel that handles keep open.
    Leak,
    /// Somebody is parked whom nobody will wake.
    LostWake,
    /// All wait for something to do, and nothing is wrong: told by [`Fabric::quiet`](crate::Fabric::quiet) alone.
    Quiet,
}

impl VerdictKind {
    /// Whether what it is about does not move at all.
    #[must_use]
    pub const fn is_stuck(self) -> bool {
        !matches!(self, Self::Slow | Self::Quiet)
    }
}

impl fmt::Display for VerdictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Deadlock => "DEADLOCK",
            Self::StuckUntil => "STUCK UNTIL",
            Self::LooksStuck => "LOOKS STUCK",
            Self::Slow => "SLOW",
            Self::Outside => "OUTSIDE",
            Self::Unpolled => "UNPOLLED",
            Self::NoMember => "NO MEMBER",
            Self::NoReader => "NO READER",
            Self::Unserved => "UNSERVED",
            Self::Leak => "LEAK",
            Self::LostWake => "LOST WAKE",
            Self::Quiet => "QUIET",
        })
    }
}
