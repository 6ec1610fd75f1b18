use serde::{Deserialize, Serialize};

/// Asks what is placed; answered with a [`SchedulerStatus`](super::SchedulerStatus).
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
