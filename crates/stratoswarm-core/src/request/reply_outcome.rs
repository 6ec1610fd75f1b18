/// What became of a reply.
///
/// Not a `Result` and not `#[must_use]`: a caller that gave up is no fault of the handler, and a reflex `?` would turn
/// it into a dead worker.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, ReplyOutcome};
/// # use stratoswarm_core::examples::Double;
/// let doubles = Fabric::new().channel::<Double>("doubles").open()?;
/// let mut worker = doubles.join("workers");
/// doubles.send(Double(21)).await?; // sent, not requested
/// let (Double(n), reply) = worker.recv().await.ok_or("closed")?.into_parts();
/// assert_eq!(reply.send(2 * n), ReplyOutcome::NotAsked(42));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyOutcome<R> {
    /// The caller has it.
    Received,
    /// The message was only sent; nobody asked.
    NotAsked(R),
    /// The caller gave up, or another group was faster.
    TooLate(R),
}
