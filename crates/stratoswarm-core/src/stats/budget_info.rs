use super::BudgetShare;

/// The figures of a [`Budget`](crate::Budget), or of the bytes of one channel, at one moment.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Budget, Fabric};
/// # let fabric = Fabric::new();
/// let memory = Budget::new("memory", 100);
/// let small = fabric.channel::<bytes::Bytes>("small").budget(&memory, 10).open()?;
/// let large = fabric.channel::<bytes::Bytes>("large").budget(&memory, 0).open()?;
/// large.send(vec![0; 85].into()).await?;
/// let mut stuck = large.send(vec![0; 6].into()); // 90 bytes are for both
/// assert!(futures::poll!(&mut stuck).is_pending());
/// small.send(vec![0; 10].into()).await?;
///
/// let info = memory.info();
/// assert_eq!((&*info.name, info.used, info.capacity), ("memory", 95, 100));
/// let waiting: Vec<_> = info.channels.iter().map(|share| (&*share.channel, share.used, share.waiting)).collect();
/// assert_eq!(waiting, [("small", 10, 0), ("large", 85, 1)]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BudgetInfo {
    /// Its name; of a channel's own bound, that of the channel.
    pub name: String,
    /// How many bytes there are.
    pub capacity: usize,
    /// How many are charged. Of messages larger than `capacity`, and with permits, it may be more.
    pub used: usize,
    /// By channel.
    pub channels: Vec<BudgetShare>,
}
