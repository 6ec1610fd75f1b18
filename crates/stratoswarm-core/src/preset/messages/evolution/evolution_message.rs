use serde::{Deserialize, Serialize};

use super::{
    EvaluateFitness, EvolutionFault, FitnessValues, GenerationReport, GetBest, Individual, Mutation,
    Offspring, Parents, Selection, Step,
};

crate::protocol! {
    /// The operations of an evolution over populations of individuals.
    ///
    /// What a genome's bytes mean is between the engine and those who ask; a greater fitness is better.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::ChannelRegistry;
    /// # use stratoswarm_core::messages::{EvaluateFitness, EvolutionCall, EvolutionFault, FitnessValues, GetBest};
    /// # let registry = ChannelRegistry::new();
    /// let mut engine = registry.evolution().join("engines");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = engine.recv().await {
    ///         match EvolutionCall::from(delivery) {
    ///             EvolutionCall::EvaluateFitness(it, reply) => {
    ///                 let values = it.genomes.iter().map(|genome| genome.len() as f64).collect();
    ///                 reply.send(Ok(FitnessValues { values }));
    ///             }
    ///             EvolutionCall::GetBest(_, reply) => { reply.send(Err(EvolutionFault::Empty)); }
    ///             other => drop(other), // its caller is told that it was not answered
    ///         }
    ///     }
    /// });
    /// let ask = EvaluateFitness { genomes: vec!["ab".into(), "abc".into()] };
    /// assert_eq!(registry.evolution().request(ask).await??.values, [2.0, 3.0]);
    /// assert_eq!(registry.evolution().request(GetBest { population: None }).await?, Err(EvolutionFault::Empty));
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum EvolutionMessage as "stratoswarm.evolution" => EvolutionCall {
        /// One generation passes.
        Step -> Result<GenerationReport, EvolutionFault>,
        /// Measures genomes.
        EvaluateFitness -> Result<FitnessValues, EvolutionFault>,
        /// Chooses parents.
        Selection -> Result<Parents, EvolutionFault>,
        /// Makes offspring.
        Mutation -> Result<Offspring, EvolutionFault>,
        /// Asks for the fittest.
        GetBest -> Result<Individual, EvolutionFault>,
    }
}
