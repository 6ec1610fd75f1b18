use serde::{Deserialize, Serialize};

/// What became of a task whose place was to be given up.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CancelOutcome, CancelTask, SchedulerCall, TaskId}};
/// # let registry = ChannelRegistry::new();
/// let mut scheduler = registry.scheduler().join("schedulers");
/// tokio::spawn(async move {
///     if let Some(SchedulerCall::CancelTask(_, reply)) = scheduler.recv().await.map(SchedulerCall::from) {
///         reply.send(CancelOutcome::Unknown);
///     }
/// });
/// let outcome = registry.scheduler().request(CancelTask { task: TaskId::random() }).await?;
/// assert_eq!(outcome, CancelOutcome::Unknown, "never placed, which is no fault");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CancelOutcome {
    /// It had a place, which is free now.
    Cancelled,
    /// It had none: never placed, or given up before.
    Unknown,
}
