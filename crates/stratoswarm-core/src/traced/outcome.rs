use std::sync::Arc;

use super::OutcomeKind;

/// One thing that became of a message of a [traced](crate::ChannelBuilder::traced) channel: a hand-over, or an end. Read by
/// [`Outcomes`](crate::Outcomes).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The number of the message.
    pub seq: u64,
    /// In which group; none of a subscriber.
    pub group: Option<Arc<str>>,
    /// Which of the members of its reader had it, by the count of the channel; none where nobody had.
    pub member: Option<u64>,
    /// When, by the count that [`Origin::turn`](crate::Origin::turn) is of.
    pub turn: u64,
    /// Which delivery it was, 1 the first; 0 before it.
    pub attempt: u32,
    /// What became of it.
    pub how: OutcomeKind,
    /// The reply, where it was [encoded](crate::OutcomesOptions::replies).
    pub reply: Option<Vec<u8>>,
}
