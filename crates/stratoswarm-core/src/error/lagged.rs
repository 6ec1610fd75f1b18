/// A lossy reader was too slow: this many messages are gone, exactly here in its order.
///
/// The next message is the oldest that is still there.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// let news = Fabric::new().broadcast::<u32>("news").capacity(1).open()?;
/// let mut reader = news.subscribe();
/// for n in 1..=3 { news.send(n)?; }
/// let Some(Err(lagged)) = reader.recv().await else { panic!("two messages are gone") };
/// assert_eq!(lagged.to_string(), "2 messages missed");
/// assert_eq!(reader.recv().await, Some(Ok(3)), "it goes on behind the gap");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{missed} messages missed")]
#[non_exhaustive]
pub struct Lagged {
    /// How many, at least one.
    pub missed: u64,
}
