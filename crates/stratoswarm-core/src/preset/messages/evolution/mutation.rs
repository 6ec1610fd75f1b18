use serde::{Deserialize, Serialize};

use super::Individual;

/// Makes offspring of parents, by crossover and mutation; answered with [`Offspring`](super::Offspring).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{EvolutionCall, Individual, Mutation, Offspring}};
/// # let registry = ChannelRegistry::new();
/// let mut engine = registry.evolution().join("engines");
/// tokio::spawn(async move {
///     if let Some(EvolutionCall::Mutation(it, reply)) = engine.recv().await.map(EvolutionCall::from) {
///         reply.send(Ok(Offspring { genomes: vec![it.parents[0].genome.clone(); it.count as usize] }));
///     }
/// });
/// let parents = vec![Individual { genome: "ab".into(), fitness: 0.5 }];
/// let children = registry.evolution().request(Mutation { parents, count: 3, rate: 0.0, seed: 1 }).await??;
/// assert_eq!(children.genomes.len(), 3);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mutation {
    /// The parents: each child has two neighbours of this list, the last and the first among them. One parent alone
    /// has mutated copies of itself.
    pub parents: Vec<Individual>,
    /// How many children.
    pub count: u32,
    /// The probability that a child is mutated after the crossover, 0 to 1.
    pub rate: f64,
    /// What the operators' chance follows from.
    pub seed: u64,
}
