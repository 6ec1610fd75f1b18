use std::path::PathBuf;

use super::{RecordError, RecordedChannel};

/// What became of a recording.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordingReport {
    /// Each channel, in the order in which they were stated.
    pub channels: Vec<RecordedChannel>,
    /// Its files, the oldest first; those that went as there were too many are not among them.
    pub parts: Vec<PathBuf>,
    /// Why it ended early, if it did.
    pub failure: Option<RecordError>,
}
