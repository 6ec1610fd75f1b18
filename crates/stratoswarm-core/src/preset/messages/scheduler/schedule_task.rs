use serde::{Deserialize, Serialize};

use crate::preset::messages::{Resources, TaskId};

/// Asks for a place for a task; answered with a [`Placement`](super::Placement).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{Resources, ScheduleTask, SchedulerCall, SchedulerFault, TaskId};
/// # let registry = ChannelRegistry::new();
/// let mut scheduler = registry.scheduler().join("schedulers");
/// tokio::spawn(async move {
///     if let Some(SchedulerCall::ScheduleTask(it, reply)) = scheduler.recv().await.map(SchedulerCall::from) {
///         reply.send(Err(SchedulerFault::AlreadyPlaced { task: it.task }));
///     }
/// });
/// let (task, requirements) = (TaskId::random(), Resources { cpu_millicores: 500, ..Resources::default() });
/// let refused = registry.scheduler().request(ScheduleTask { task, requirements }).await?;
/// assert_eq!(refused, Err(SchedulerFault::AlreadyPlaced { task }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduleTask {
    /// The task.
    pub task: TaskId,
    /// What it needs where it is placed.
    pub requirements: Resources,
}
