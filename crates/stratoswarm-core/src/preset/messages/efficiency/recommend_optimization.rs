use serde::{Deserialize, Serialize};

/// Asks what to change; answered with [`Advice`](super::Advice).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{Advice, EfficiencyCall, RecommendOptimization}};
/// # let registry = ChannelRegistry::new();
/// let mut monitor = registry.efficiency().join("monitors");
/// tokio::spawn(async move {
///     if let Some(EfficiencyCall::RecommendOptimization(_, reply)) = monitor.recv().await.map(EfficiencyCall::from) {
///         reply.send(Advice { parallel_tasks: 2, memory_budget_bytes: 1 << 30, reason: "two cores".to_owned() });
///     }
/// });
/// let advice = registry.efficiency().request(RecommendOptimization {}).await?;
/// assert_eq!((advice.parallel_tasks, &*advice.reason), (2, "two cores"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecommendOptimization {}
