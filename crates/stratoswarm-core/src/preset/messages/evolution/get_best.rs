use serde::{Deserialize, Serialize};

use crate::preset::messages::PopulationId;

/// Asks for the fittest individual; answered with an [`Individual`](super::Individual).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{EvolutionCall, GetBest, Individual}};
/// # let registry = ChannelRegistry::new();
/// let mut engine = registry.evolution().join("engines");
/// tokio::spawn(async move {
///     if let Some(EvolutionCall::GetBest(_, reply)) = engine.recv().await.map(EvolutionCall::from) {
///         reply.send(Ok(Individual { genome: "ab".into(), fitness: 0.5 }));
///     }
/// });
/// let best = registry.evolution().request(GetBest { population: None }).await??; // of all populations
/// assert_eq!(&*best.genome, b"ab");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetBest {
    /// Of this population; of all where there is none.
    pub population: Option<PopulationId>,
}
