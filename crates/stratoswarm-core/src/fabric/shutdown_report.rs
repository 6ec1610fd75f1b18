use super::{ChannelReport, Gone, HeldHandle};

/// What a [shutdown](crate::Fabric::shutdown) came to.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").group("workers").open()?;
/// jobs.send(Job(1)).await?; // and no worker ever comes
/// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
/// assert!(!report.is_clean());
/// assert_eq!((&*report.channels[0].name, report.channels[0].undelivered), ("jobs", 1));
/// assert_eq!(report.held[0].kind, "Channel", "`jobs` itself");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Each channel, in the order of the closing.
    pub channels: Vec<ChannelReport>,
    /// The handles that still existed.
    pub held: Vec<HeldHandle>,
    /// The channels that had gone before it, since the last one.
    pub gone: Gone,
}

impl ShutdownReport {
    /// Whether all was drained: nothing undelivered, nothing in flight, no permit out; nor was anything undelivered in the
    /// channels that had gone before. Handles may still be held.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let within = std::time::Duration::from_millis(5);
    /// let fabric = Fabric::new();
    /// let mut worker = fabric.channel::<Job>("jobs").open()?.join("workers");
    /// fabric.get::<Job>("jobs").ok_or("none")?.send(Job(1)).await?;
    /// let in_work = worker.recv().await;
    /// assert!(!fabric.shutdown(within).await.is_clean(), "a job is still in flight");
    /// drop(in_work);
    /// assert!(fabric.shutdown(within).await.is_clean());
    /// # Ok(()) }
    /// ```
    pub fn is_clean(&self) -> bool {
        let clean = |channel: &ChannelReport| {
            channel.undelivered == 0 && channel.in_flight == 0 && channel.permits == 0
        };
        self.gone.undelivered == 0 && self.channels.iter().all(clean)
    }
}
