use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::PopulationId;

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
    pub enum EvolutionMessage => EvolutionCall {
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

/// One generation passes: the offspring compete with the population's members for its places. Answered with a
/// [`GenerationReport`].
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

/// Measures genomes; answered with [`FitnessValues`].
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

/// Chooses parents from a population; answered with [`Parents`].
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

/// How parents are chosen.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::SelectionStrategy;
///
/// let strategy: SelectionStrategy = serde_json::from_str(r#"{ "Tournament": { "size": 3 } }"#)?; // of a settings file
/// let SelectionStrategy::Tournament { size } = strategy else { panic!("{strategy:?}") };
/// assert_eq!(size, 3);
/// assert_eq!(serde_json::to_string(&SelectionStrategy::Elitist)?, r#""Elitist""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SelectionStrategy {
    /// The fittest of some drawn at random.
    Tournament {
        /// How many are drawn, at least one.
        size: u32,
    },
    /// At random, proportional to fitness.
    Roulette,
    /// At random, proportional to the rank by fitness.
    Rank,
    /// The fittest, with no chance in it.
    Elitist,
}

/// Makes offspring of parents, by crossover and mutation; answered with [`Offspring`].
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

/// Asks for the fittest individual; answered with an [`Individual`].
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

/// A genome and what it is worth.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::Individual;
///
/// let measured = [("ab", 0.5), ("cd", 0.75)];
/// let individuals = measured.map(|(genome, fitness)| Individual { genome: genome.into(), fitness });
/// let best = individuals.iter().max_by(|a, b| a.fitness.total_cmp(&b.fitness)).ok_or("nobody")?;
/// assert_eq!(&*best.genome, b"cd");
/// assert_eq!(&serde_json::from_str::<Individual>(&serde_json::to_string(best)?)?, best);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Individual {
    /// The genome.
    pub genome: Bytes,
    /// Its fitness; the greater the better.
    pub fitness: f64,
}

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

/// The fitness of the genomes asked for, in their order.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{EvaluateFitness, FitnessValues, Individual};
///
/// let asked = EvaluateFitness { genomes: vec!["ab".into(), "cd".into()] };
/// let answer = FitnessValues { values: vec![0.5, 0.75] }; // in the order of the genomes
/// let measured: Vec<_> = asked.genomes.into_iter().zip(answer.values)
///     .map(|(genome, fitness)| Individual { genome, fitness })
///     .collect();
/// assert_eq!(measured[1], Individual { genome: "cd".into(), fitness: 0.75 });
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitnessValues {
    /// One value per genome.
    pub values: Vec<f64>,
}

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

/// The children made, not measured yet.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{EvaluateFitness, Offspring};
///
/// let children = Offspring { genomes: vec!["ab".into(), "cd".into()] };
/// let measure = EvaluateFitness { genomes: children.genomes }; // what comes next
/// assert_eq!(serde_json::to_string(&measure)?, r#"{"genomes":[[97,98],[99,100]]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offspring {
    /// Their genomes.
    pub genomes: Vec<Bytes>,
}

/// Why an evolution engine did not do what it was asked.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{EvolutionFault, PopulationId};
///
/// fn is_too_early(fault: &EvolutionFault) -> bool {
///     matches!(fault, EvolutionFault::UnknownPopulation { .. } | EvolutionFault::Empty)
/// }
/// assert!(is_too_early(&EvolutionFault::UnknownPopulation { population: PopulationId::random() }));
/// let fault = EvolutionFault::Unmeasured { reason: "no device".to_owned() };
/// assert!(!is_too_early(&fault));
/// assert_eq!(fault.to_string(), "the fitness cannot be measured: no device");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum EvolutionFault {
    /// The population never took a step.
    #[error("unknown population {population}")]
    UnknownPopulation {
        /// The population.
        population: PopulationId,
    },
    /// There is nobody to choose from.
    #[error("nobody to choose from")]
    Empty,
    /// Bytes that are no genome.
    #[error("invalid genome: {reason}")]
    InvalidGenome {
        /// What is wrong with them.
        reason: String,
    },
    /// The fitness could not be measured.
    #[error("the fitness cannot be measured: {reason}")]
    Unmeasured {
        /// What is known of the cause.
        reason: String,
    },
}
