use serde::{Deserialize, Serialize};

/// Asks for the machine's figures; answered with [`EfficiencyMetrics`](super::EfficiencyMetrics).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{EfficiencyCall, EfficiencyMetrics, QueryMetrics}};
/// # let registry = ChannelRegistry::new();
/// let mut monitor = registry.efficiency().join("monitors");
/// tokio::spawn(async move {
///     if let Some(EfficiencyCall::QueryMetrics(_, reply)) = monitor.recv().await.map(EfficiencyCall::from) {
///         reply.send(EfficiencyMetrics { cpu_cores: Some(2), ..Default::default() });
///     }
/// });
/// assert_eq!(registry.efficiency().request(QueryMetrics {}).await?.cpu_cores, Some(2));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryMetrics {}
