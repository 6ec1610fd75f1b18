use crate::message::DeadReason;

/// What became of a message in the groups that acknowledge; see [`Sending::settled`](crate::Sending::settled).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{AckPolicy, DeadReason, Fabric, Settlement};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
/// tokio::spawn(async move {
///     while let Some(delivery) = worker.recv().await {
///         let (job, ack) = delivery.into_acked();
///         if job.0 == 1 { ack.ack() } else { ack.term("too large") };
///     }
/// });
/// assert_eq!(jobs.send(Job(1)).settled().await?, Settlement::Acked);
/// let Settlement::Dead { group, reason } = jobs.send(Job(2)).settled().await? else { return Err("done".into()) };
/// assert_eq!((&*group, reason), ("workers", DeadReason::Terminated("too large".to_owned())));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// Every group that acknowledges has acknowledged it; also if there was none.
    Acked,
    /// A group gave it up; the first one, if several did.
    Dead {
        /// The group's name.
        group: String,
        /// Why.
        reason: DeadReason,
    },
}
