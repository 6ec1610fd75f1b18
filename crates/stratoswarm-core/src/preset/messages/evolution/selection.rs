use serde::{Deserialize, Serialize};

use super::SelectionStrategy;
use crate::preset::messages::PopulationId;

/// Chooses parents from a population; answered with [`Parents`](super::Parents).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{EvolutionCall, EvolutionFault, PopulationId, Selection, SelectionStrategy};
/// # let registry = ChannelRegistry::new();
/// let mut engine = registry.evolution().join("engines");
/// tokio::spawn(async move {
///     if let Some(EvolutionCall::Selection(it, reply)) = engine.recv().await.map(EvolutionCall::from) {
///         reply.send(Err(EvolutionFault::UnknownPopulation { population: it.population }));
///     }
/// });
/// let population = PopulationId::from_u128(7); // took no step yet
/// let choice = Selection { population, strategy: SelectionStrategy::Elitist, count: 2, seed: 1 };
/// let refused = registry.evolution().request(choice).await?;
/// assert_eq!(refused, Err(EvolutionFault::UnknownPopulation { population }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// The population to choose from.
    pub population: PopulationId,
    /// How to choose.
    pub strategy: SelectionStrategy,
    /// How many to choose.
    pub count: u32,
    /// What the choice's chance follows from.
    pub seed: u64,
}
