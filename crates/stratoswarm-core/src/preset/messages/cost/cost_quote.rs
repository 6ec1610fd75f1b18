use serde::{Deserialize, Serialize};

/// What tasks would cost.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostQuote, QueryCost}};
/// # let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// tokio::spawn(async move {
///     if let Some(CostCall::QueryCost(_, reply)) = model.recv().await.map(CostCall::from) {
///         reply.send(CostQuote { price: 2.5, samples: 0 });
///     }
/// });
/// let quote = registry.cost().request(QueryCost { tasks: 10 }).await?;
/// assert_eq!(quote.samples, 0, "an estimate: nothing was learned yet");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostQuote {
    /// The price of all tasks asked for, in the model's units.
    pub price: f64,
    /// How many tasks the price was learned from; 0 for an estimate.
    pub samples: u64,
}
