use super::TraceContext;

/// A step that is under way. It is over when it is dropped; no lock is held then.
pub trait TraceSpan: Send + Sync {
    /// Its place in the trace: what lies beside the message, and what a handler hands on.
    fn context(&self) -> TraceContext;

    /// It came to nothing, for this reason: `closed`, `full`, `expired`, `unanswered`, `unserved`, `cancelled` for a future that was
    /// dropped, and so on.
    fn fail(&mut self, reason: &'static str);
}
