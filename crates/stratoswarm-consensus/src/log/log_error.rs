/// A log could not be read, or a snapshot not be kept or read: worth another try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct LogError {
    why: String,
}

impl LogError {
    /// With a reason.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}
