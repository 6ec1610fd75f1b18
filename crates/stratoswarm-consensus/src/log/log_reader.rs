use super::{LogError, LogFuture, Read};

/// Reads a [`Log`](crate::Log) in its order.
pub trait LogReader: Send {
    /// The next entries, at least one, or where they begin if those are purged. Waits while there is none.
    ///
    /// After an error the node asks for another reader a second later, from where this one was.
    ///
    /// # Cancel safety
    /// A dropped call has taken nothing.
    fn next(&mut self) -> LogFuture<'_, Result<Read, LogError>>;
}
