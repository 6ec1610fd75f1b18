/// What became of a reply.
///
/// Not a `Result` and not `#[must_use]`: a caller that gave up is no fault of the handler, and a reflex `?` would turn
/// it into a dead worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent<R> {
    /// The caller has it.
    Received,
    /// The message was only sent; nobody asked.
    NotAsked(R),
    /// The caller gave up, or another group was faster.
    TooLate(R),
}
