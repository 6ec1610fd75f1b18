use serde::{Deserialize, Serialize};

use super::{CostPlan, CostQuote, CostUpdate, OptimizeFor, QueryCost};

crate::protocol! {
    /// What work costs, and how to get the most for it. Prices are in units of the model's own choice.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostQuote, CostUpdate, QueryCost}};
    /// # use std::time::Duration;
    /// # let registry = ChannelRegistry::new();
    /// let mut model = registry.cost().join("models");
    /// tokio::spawn(async move {
    ///     let mut samples = 0;
    ///     while let Some(delivery) = model.recv().await {
    ///         match CostCall::from(delivery) {
    ///             CostCall::QueryCost(_, reply) => { reply.send(CostQuote { price: 1.0, samples }); }
    ///             CostCall::CostUpdate(update) => samples += u64::from(update.tasks),
    ///             CostCall::OptimizeFor(_, reply) => drop(reply),
    ///         }
    ///     }
    /// });
    /// registry.cost().send(CostUpdate { tasks: 8, busy: Duration::from_secs(1) }.into()).await?;
    /// assert_eq!(registry.cost().request(QueryCost { tasks: 3 }).await?.samples, 8);
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum CostMessage as "stratoswarm.cost" => CostCall {
        /// What would tasks cost?
        QueryCost -> CostQuote,
        /// What tasks did cost.
        CostUpdate,
        /// How should the work be cut?
        OptimizeFor -> CostPlan,
    }
}
