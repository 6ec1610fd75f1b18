use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Measures genomes; answered with [`FitnessValues`](super::FitnessValues).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{EvaluateFitness, EvolutionCall, EvolutionFault}};
/// # let registry = ChannelRegistry::new();
/// let mut engine = registry.evolution().join("engines");
/// tokio::spawn(async move {
///     if let Some(EvolutionCall::EvaluateFitness(_, reply)) = engine.recv().await.map(EvolutionCall::from) {
///         reply.send(Err(EvolutionFault::InvalidGenome { reason: "an odd length".to_owned() }));
///     }
/// });
/// let refused = registry.evolution().request(EvaluateFitness { genomes: vec!["abc".into()] }).await?;
/// assert_eq!(refused.expect_err("no genome").to_string(), "invalid genome: an odd length");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluateFitness {
    /// The genomes to measure.
    pub genomes: Vec<Bytes>,
}
