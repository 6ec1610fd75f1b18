/// A group could not be joined as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The group exists with another policy: it outlives its members and was asked for as ephemeral.
    #[error("group exists with another policy")]
    Conflict,
}
