use std::ops::BitOr;

/// What of a log keeps messages from the short ways, in one number, so that one look tells that there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const NONE: Self = Self(0);
    /// A recorder holds senders back.
    pub(super) const TAPED: Self = Self(1);
    /// Some reader holds senders back otherwise than by the capacity, or not at all: the most that wait may be more than it.
    pub(super) const UNEVEN: Self = Self(1 << 1);
    /// Some messages are sampled.
    pub(super) const SAMPLED: Self = Self(1 << 2);

    /// Whether there is any.
    #[inline(always)]
    pub(super) fn any(self) -> bool {
        self.0 != 0
    }

    /// Whether there is any of these.
    #[inline(always)]
    pub(super) fn has(self, marks: Self) -> bool {
        self.0 & marks.0 != 0
    }

    pub(super) fn set(&mut self, marks: Self, there: bool) {
        self.0 = if there { self.0 | marks.0 } else { self.0 & !marks.0 };
    }
}

impl BitOr for Marks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
