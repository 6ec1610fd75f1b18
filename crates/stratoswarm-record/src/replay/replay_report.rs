use std::time::Duration;

/// What became of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayReport {
    /// How many messages were sent.
    pub sent: u64,
    /// How much later than it was due the latest of them was accepted, as where a channel was full.
    pub latest_by: Duration,
}
