use std::time::Duration;

use tokio::time::Instant;

/// When a request gives up.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    Never,
    After(Duration),
    At(Instant),
}

impl Limit {
    #[inline(always)]
    pub(super) fn of_channel(default: Option<Duration>) -> Self {
        default.map_or(Self::Never, Self::After)
    }

    /// The deadline of a request that begins now; at most that of its parent.
    #[inline]
    pub(super) fn deadline(self, parent: Option<Instant>, now: Instant) -> Option<Instant> {
        let own = match self {
            Self::Never => None,
            Self::At(at) => Some(at),
            Self::After(after) => now.checked_add(after), // a time beyond the clock's end is no deadline
        };
        match (own, parent) {
            (Some(own), Some(parent)) => Some(own.min(parent)),
            (own, parent) => own.or(parent),
        }
    }
}
