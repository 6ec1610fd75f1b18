use serde::{Deserialize, Serialize};

/// Asks what tasks would cost; answered with a [`CostQuote`](super::CostQuote).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostQuote, QueryCost}};
/// # let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// tokio::spawn(async move {
///     if let Some(CostCall::QueryCost(query, reply)) = model.recv().await.map(CostCall::from) {
///         reply.send(CostQuote { price: f64::from(query.tasks) * 0.5, samples: 0 });
///     }
/// });
/// assert_eq!(registry.cost().request(QueryCost { tasks: 3 }).await?.price, 1.5);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryCost {
    /// How many tasks.
    pub tasks: u32,
}
