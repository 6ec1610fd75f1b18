use serde::{Deserialize, Serialize};

use crate::preset::messages::TaskId;

/// Where a task runs.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{Placement, Resources, ScheduleTask, SchedulerCall, TaskId}};
/// # let registry = ChannelRegistry::new();
/// let mut scheduler = registry.scheduler().join("schedulers");
/// tokio::spawn(async move {
///     if let Some(SchedulerCall::ScheduleTask(it, reply)) = scheduler.recv().await.map(SchedulerCall::from) {
///         reply.send(Ok(Placement { task: it.task, device: 0, stream: 3 }));
///     }
/// });
/// let (task, requirements) = (TaskId::random(), Resources::default());
/// let place = registry.scheduler().request(ScheduleTask { task, requirements }).await??;
/// assert_eq!((place.task, place.device, place.stream), (task, 0, 3));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// The task.
    pub task: TaskId,
    /// The device.
    pub device: u32,
    /// The stream of that device.
    pub stream: u32,
}
