use serde::{Deserialize, Serialize};

use super::Individual;
use crate::preset::messages::PopulationId;

/// One generation passes: the offspring compete with the population's members for its places. Answered with a
/// [`GenerationReport`](super::GenerationReport).
///
/// A population comes into being with its first step.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{EvolutionCall, GenerationReport, Individual, PopulationId, Step};
/// # fn report(offspring: &[Individual]) -> GenerationReport {
/// #     let best_fitness = offspring.iter().map(|it| it.fitness).fold(0.0, f64::max);
/// #     GenerationReport { generation: 1, survivors: offspring.len() as u32, best_fitness, improved: true }
/// # }
/// # let registry = ChannelRegistry::new();
/// let mut engine = registry.evolution().join("engines");
/// tokio::spawn(async move {
///     if let Some(EvolutionCall::Step(step, reply)) = engine.recv().await.map(EvolutionCall::from) {
///         reply.send(Ok(report(&step.offspring)));
///     }
/// });
/// let offspring = vec![Individual { genome: "ab".into(), fitness: 0.5 }];
/// let step = Step { population: PopulationId::random(), offspring };
/// assert_eq!(registry.evolution().request(step).await??.best_fitness, 0.5);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The population.
    pub population: PopulationId,
    /// The newcomers, measured.
    pub offspring: Vec<Individual>,
}
