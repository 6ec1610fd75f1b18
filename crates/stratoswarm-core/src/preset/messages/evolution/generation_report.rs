use serde::{Deserialize, Serialize};

/// What a generation came to.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{EvolutionCall, GenerationReport, PopulationId, Step}};
/// # let registry = ChannelRegistry::new();
/// let mut engine = registry.evolution().join("engines");
/// tokio::spawn(async move {
///     if let Some(EvolutionCall::Step(_, reply)) = engine.recv().await.map(EvolutionCall::from) {
///         reply.send(Ok(GenerationReport { generation: 9, survivors: 0, best_fitness: 0.5, improved: false }));
///     }
/// });
/// let step = Step { population: PopulationId::random(), offspring: Vec::new() };
/// let report = registry.evolution().request(step).await??;
/// assert!(!report.improved && report.survivors == 0, "generation {} brought nothing", report.generation);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationReport {
    /// The population's generation, counted from 1.
    pub generation: u64,
    /// How many of the offspring found a place.
    pub survivors: u32,
    /// The best fitness in the population now.
    pub best_fitness: f64,
    /// Is it better than before?
    pub improved: bool,
}
