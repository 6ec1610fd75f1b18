use serde::{Deserialize, Serialize};

use super::Individual;

/// The parents chosen; the same individual may be among them twice.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{EvolutionCall, Individual, Parents};
/// # use stratoswarm_core::messages::{PopulationId, Selection, SelectionStrategy};
/// # fn fittest() -> Individual { Individual { genome: "ab".into(), fitness: 0.5 } }
/// # let registry = ChannelRegistry::new();
/// let mut engine = registry.evolution().join("engines");
/// tokio::spawn(async move {
///     if let Some(EvolutionCall::Selection(it, reply)) = engine.recv().await.map(EvolutionCall::from) {
///         reply.send(Ok(Parents { individuals: vec![fittest(); it.count as usize] }));
///     }
/// });
/// let strategy = SelectionStrategy::Tournament { size: 2 };
/// let choice = Selection { population: PopulationId::random(), strategy, count: 2, seed: 1 };
/// let parents = registry.evolution().request(choice).await??.individuals;
/// assert_eq!(parents[0], parents[1], "chosen twice");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parents {
    /// The chosen, in the order of their choice.
    pub individuals: Vec<Individual>,
}
