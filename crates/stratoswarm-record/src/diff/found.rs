use super::Divergence;
use crate::{Recorded, RecordedMessage};

/// A difference, and where in the first recording it is.
pub(super) struct Found {
    pub(super) at: At,
    pub(super) divergence: Divergence,
}

/// Where in a recording something is: by its turn, if it has one, and by how long after the first message it was logged, in
/// nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct At {
    turn: Option<u64>,
    time: u64,
}

impl At {
    pub(super) fn of(recorded: &Recorded, message: &RecordedMessage<'_>) -> Self {
        let time = message.logged().saturating_sub(recorded.begins().unwrap_or(0));
        Self { turn: message.turn(), time }
    }

    /// By turns, where both have one.
    pub(super) fn is_before(self, other: Self) -> bool {
        match (self.turn, other.turn) {
            (Some(one), Some(another)) => one < another,
            _ => self.time < other.time,
        }
    }
}

/// That of the two which is earlier; of equals the first.
pub(super) fn earlier(one: Option<Found>, other: Option<Found>) -> Option<Found> {
    match (one, other) {
        (Some(one), Some(other)) if other.at.is_before(one.at) => Some(other),
        (one, other) => one.or(other),
    }
}
