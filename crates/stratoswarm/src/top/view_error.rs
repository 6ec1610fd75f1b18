/// Why nothing is shown, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// What is asked for is not there, or cannot be shown here.
    #[error("{0}")]
    Refused(String),
    /// It is there and does not tell, or what it told cannot be written.
    #[error("{0}")]
    Failed(String),
}
