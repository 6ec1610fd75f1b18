use serde::{Deserialize, Serialize};

use super::{Advice, EfficiencyMetrics, EfficiencyUpdate, QueryMetrics, RecommendOptimization};

crate::protocol! {
    /// How well the machine is used.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{EfficiencyCall, EfficiencyMetrics, QueryMetrics}};
    /// # let registry = ChannelRegistry::new();
    /// let mut monitor = registry.efficiency().join("monitors");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = monitor.recv().await {
    ///         match EfficiencyCall::from(delivery) {
    ///             EfficiencyCall::QueryMetrics(_, reply) => { reply.send(EfficiencyMetrics::default()); }
    ///             EfficiencyCall::EfficiencyUpdate(_update) => {} // has no responder
    ///             EfficiencyCall::RecommendOptimization(_, reply) => drop(reply),
    ///         }
    ///     }
    /// });
    /// let metrics = registry.efficiency().request(QueryMetrics {}).await?;
    /// assert_eq!(metrics.gpu_load, None, "not told yet");
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum EfficiencyMessage as "stratoswarm.efficiency" => EfficiencyCall {
        /// What are the figures?
        QueryMetrics -> EfficiencyMetrics,
        /// What a device did.
        EfficiencyUpdate,
        /// What would be better?
        RecommendOptimization -> Advice,
    }
}
