use serde::{Deserialize, Serialize};

/// Asks what is free; answered with [`AvailableResources`](super::AvailableResources).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{AvailableResources, GovernorCall, QueryAvailable, Resources};
/// # const TOTAL: Resources = Resources { cpu_millicores: 4000, memory_bytes: 1 << 30, gpu_memory_bytes: 0 };
/// # let registry = ChannelRegistry::new();
/// let mut governor = registry.governor().join("governors");
/// tokio::spawn(async move {
///     if let Some(GovernorCall::QueryAvailable(_, reply)) = governor.recv().await.map(GovernorCall::from) {
///         reply.send(AvailableResources { free: TOTAL, total: TOTAL, allocations: 0 });
///     }
/// });
/// assert_eq!(registry.governor().request(QueryAvailable {}).await?.free, TOTAL);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryAvailable {}
