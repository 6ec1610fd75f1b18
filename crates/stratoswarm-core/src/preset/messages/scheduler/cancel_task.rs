use serde::{Deserialize, Serialize};

use crate::preset::messages::TaskId;

/// Gives a task's place up, whether it has ended or is not wanted any more; answered with a [`CancelOutcome`](super::CancelOutcome).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CancelOutcome, CancelTask, SchedulerCall, TaskId}};
/// # let registry = ChannelRegistry::new();
/// let mut scheduler = registry.scheduler().join("schedulers");
/// tokio::spawn(async move {
///     if let Some(SchedulerCall::CancelTask(_, reply)) = scheduler.recv().await.map(SchedulerCall::from) {
///         reply.send(CancelOutcome::Cancelled);
///     }
/// });
/// let task = TaskId::random(); // placed before
/// assert_eq!(registry.scheduler().request(CancelTask { task }).await?, CancelOutcome::Cancelled);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancelTask {
    /// The task.
    pub task: TaskId,
}
