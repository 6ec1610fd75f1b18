/// Why bytes are no instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no encoded instance")]
#[non_exhaustive]
pub struct ProblemError;
