use serde::{Deserialize, Serialize};

use super::{Resources, TaskId};

crate::protocol! {
    /// Where tasks run.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::ChannelRegistry;
    /// # use stratoswarm_core::messages::{CancelOutcome, CancelTask, Placement};
    /// # use stratoswarm_core::messages::{Resources, ScheduleTask, SchedulerCall, TaskId};
    /// # let registry = ChannelRegistry::new();
    /// let mut scheduler = registry.scheduler().join("schedulers");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = scheduler.recv().await {
    ///         match SchedulerCall::from(delivery) {
    ///             SchedulerCall::ScheduleTask(ScheduleTask { task, .. }, reply) => {
    ///                 reply.send(Ok(Placement { task, device: 0, stream: 0 }));
    ///             }
    ///             SchedulerCall::CancelTask(_, reply) => { reply.send(CancelOutcome::Cancelled); }
    ///             SchedulerCall::QueryStatus(_, reply) => drop(reply),
    ///         }
    ///     }
    /// });
    /// let (task, requirements) = (TaskId::random(), Resources::default());
    /// assert_eq!(registry.scheduler().request(ScheduleTask { task, requirements }).await??.task, task);
    /// assert_eq!(registry.scheduler().request(CancelTask { task }).await?, CancelOutcome::Cancelled);
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum SchedulerMessage => SchedulerCall {
        /// Place a task.
        ScheduleTask -> Result<Placement, SchedulerFault>,
        /// Give a task's place up.
        CancelTask -> CancelOutcome,
        /// What is running?
        QueryStatus -> SchedulerStatus,
    }
}

/// Asks for a place for a task; answered with a [`Placement`].
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

/// Gives a task's place up, whether it has ended or is not wanted any more; answered with a [`CancelOutcome`].
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

/// Asks what is placed; answered with a [`SchedulerStatus`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{QueryStatus, Resources, SchedulerCall, SchedulerStatus}};
/// # const CAPACITY: Resources = Resources { cpu_millicores: 4000, memory_bytes: 1 << 30, gpu_memory_bytes: 0 };
/// # let registry = ChannelRegistry::new();
/// let mut scheduler = registry.scheduler().join("schedulers");
/// tokio::spawn(async move {
///     if let Some(SchedulerCall::QueryStatus(_, reply)) = scheduler.recv().await.map(SchedulerCall::from) {
///         reply.send(SchedulerStatus { placed_tasks: 0, reserved: Resources::default(), capacity: CAPACITY });
///     }
/// });
/// assert_eq!(registry.scheduler().request(QueryStatus {}).await?.capacity, CAPACITY);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryStatus {}

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

/// What a scheduler has placed.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{Resources, SchedulerStatus};
///
/// let bytes = |memory_bytes| Resources { memory_bytes, ..Resources::default() };
/// let status = SchedulerStatus { placed_tasks: 3, reserved: bytes(600), capacity: bytes(1000) };
/// assert_eq!(status.capacity.memory_bytes - status.reserved.memory_bytes, 400, "for more tasks");
/// assert_eq!(serde_json::from_str::<SchedulerStatus>(&serde_json::to_string(&status)?)?, status);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchedulerStatus {
    /// Tasks that have a place.
    pub placed_tasks: u64,
    /// What they need together.
    pub reserved: Resources,
    /// What there is in all.
    pub capacity: Resources,
}

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
    #[error("no place for a task that needs {}", super::resources::Shown(requirements))]
    NoRoom {
        /// What it needs.
        requirements: Resources,
        /// What is free.
        free: Resources,
    },
}
