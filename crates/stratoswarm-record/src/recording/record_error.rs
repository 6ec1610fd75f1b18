use std::{io, path::PathBuf, sync::Arc};

/// A recording ended before it was to end: its file could not be written. What was written before can be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the recording ended early, as {} cannot be written: {source}", path.display())]
#[non_exhaustive]
pub struct RecordError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: Arc<io::Error>,
}
