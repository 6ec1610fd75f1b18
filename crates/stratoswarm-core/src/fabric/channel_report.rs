use super::ReaderReport;
use crate::stats::ChannelInfo;

/// What a shutdown or a [drain](crate::Channel::drain) found at one channel. The sums are over the lossless readers, which it waits for.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// # let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// for n in 1..=3 { jobs.try_send(Job(n))?; }
/// tokio::spawn(async move { while worker.recv().await.is_some() {} });
/// let report = fabric.shutdown(std::time::Duration::from_secs(5)).await;
/// let jobs = &report.channels[0];
/// assert_eq!((jobs.drained, jobs.in_flight, jobs.undelivered), (3, 0, 0));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ChannelReport {
    /// The channel's name.
    pub name: String,
    /// Messages taken and finished since the shutdown or drain began.
    pub drained: u64,
    /// Messages taken whose `Delivery` or `Responder` still existed at the end.
    pub in_flight: u64,
    /// Messages not taken by a reader that needed them, or kept for a first reader that never came.
    pub undelivered: u64,
    /// Permits that were still out at the end: what they may send comes too late.
    pub permits: usize,
    /// Each reader.
    pub readers: Vec<ReaderReport>,
    /// The figures at the end.
    pub info: ChannelInfo,
}
