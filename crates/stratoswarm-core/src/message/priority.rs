/// A class of traffic, the most urgent first.
///
/// In a channel with [lanes](crate::ChannelBuilder::lane) a class may have room and order of its own; in others it changes
/// nothing.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Priority};
/// # use stratoswarm_core::examples::Job;
/// let mut waiting = [Priority::Low, Priority::Critical, Priority::default()];
/// waiting.sort();
/// assert_eq!(waiting, [Priority::Critical, Priority::Normal, Priority::Low]);
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// jobs.send(Job(1)).priority(Priority::High).await?;
/// # assert_eq!(jobs.len(), 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Priority {
    /// Must not wait behind anything else: cancel, stop.
    Critical,
    /// Before ordinary work.
    High,
    /// Ordinary work.
    #[default]
    Normal,
    /// Bulk.
    Low,
}
