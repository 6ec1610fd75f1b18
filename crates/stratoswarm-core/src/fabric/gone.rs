/// Channels that ended before a shutdown: closed, and then let go of by everybody. Nothing of them is kept but these counts.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let topic = fabric.channel::<Job>("topic").open()?;
/// topic.send(Job(1)).await?; // and nobody comes for it
/// topic.close();
/// drop(topic);
/// assert!(fabric.get::<Job>("topic").is_none());
/// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
/// assert_eq!((report.gone.channels, report.gone.undelivered), (1, 1));
/// assert!(!report.is_clean());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Gone {
    /// How many channels.
    pub channels: u64,
    /// Messages that no reader of theirs took that needed them, and that went with them.
    pub undelivered: u64,
}
