use stratoswarm_core::VerdictKind;

/// How bad it is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Nothing is told of it, and nobody waits for room.
    None,
    /// Senders wait for room, which is as it should be where readers are slower than they.
    Blocked,
    /// A verdict is about it, of one that moves.
    Slow,
    /// A verdict is about it, of something that does not move.
    Stuck,
}

impl Trouble {
    /// That of a verdict; one that is not known is taken to be the worst.
    pub(super) fn of(kind: Option<VerdictKind>) -> Self {
        if kind.is_none_or(VerdictKind::is_stuck) { Self::Stuck } else { Self::Slow }
    }

    /// Its mark beside a name.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::None | Self::Blocked => " ",
            Self::Slow => "?",
            Self::Stuck => "!",
        }
    }
}
