use serde::{Deserialize, Serialize};

use crate::preset::messages::{Resources, TaskId};

/// Why a task was not placed.
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
///         reply.send(Err(SchedulerFault::NoRoom { requirements: it.requirements, free: Resources::default() }));
///     }
/// });
/// let requirements = Resources { memory_bytes: 4096, ..Resources::default() };
/// let refused = registry.scheduler().request(ScheduleTask { task: TaskId::random(), requirements }).await?;
/// let Err(SchedulerFault::NoRoom { free, .. }) = refused else { panic!("{refused:?}") };
/// assert!(free.memory_bytes < requirements.memory_bytes);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum SchedulerFault {
    /// The task has a place already.
    #[error("task {task} has a place already")]
    AlreadyPlaced {
        /// The task.
        task: TaskId,
    },
    /// There is no room for what it needs.
    #[error("no place for a task that needs {}", crate::preset::messages::resources::Shown(requirements))]
    NoRoom {
        /// What it needs.
        requirements: Resources,
        /// What is free.
        free: Resources,
    },
}
