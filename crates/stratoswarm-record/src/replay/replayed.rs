use std::time::Duration;

/// A message that was sent once more.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// Its channel.
    pub channel: String,
    /// The number that it had there when it was recorded.
    pub number: u64,
    /// How long after the first message of the recording it was logged.
    pub at: Duration,
}
