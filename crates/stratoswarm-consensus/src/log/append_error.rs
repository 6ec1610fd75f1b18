/// An entry was not, or perhaps not, stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Stored, or not, or stored later: nobody knows.
    #[error("the log did not say whether it stored the entry")]
    Unacked,
    /// The log is full: certainly not stored.
    #[error("the log is full")]
    Full,
    /// The log takes no entry of this size: certainly not stored.
    #[error("an entry of {bytes} bytes is more than the {limit} that the log takes")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// What the log takes.
        limit: usize,
    },
}
