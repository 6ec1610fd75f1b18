use std::time::Duration;

use super::DifferingReply;

/// What became of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayReport {
    /// How many messages were sent.
    pub sent: u64,
    /// How many replies were compared with recorded ones: [`Replies::Compare`](crate::Replies::Compare).
    pub compared_replies: u64,
    /// How many of those were others, or did not come.
    pub differing_replies: u64,
    /// The first 100 of those, in the order in which they came.
    pub differences: Vec<DifferingReply>,
    /// How much later than it was due the latest message was accepted, as where a channel was full.
    pub latest_by: Duration,
}
