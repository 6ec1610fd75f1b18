use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::PopulationId;

crate::protocol! {
    /// The operations of an evolution over populations of individuals.
    ///
    /// What a genome's bytes mean is between the engine and those who ask; a greater fitness is better.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The population.
    pub population: PopulationId,
    /// The newcomers, measured.
    pub offspring: Vec<Individual>,
}

/// Measures genomes; answered with [`FitnessValues`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluateFitness {
    /// The genomes to measure.
    pub genomes: Vec<Bytes>,
}

/// Chooses parents from a population; answered with [`Parents`].
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetBest {
    /// Of this population; of all where there is none.
    pub population: Option<PopulationId>,
}

/// A genome and what it is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Individual {
    /// The genome.
    pub genome: Bytes,
    /// Its fitness; the greater the better.
    pub fitness: f64,
}

/// What a generation came to.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitnessValues {
    /// One value per genome.
    pub values: Vec<f64>,
}

/// The parents chosen; the same individual may be among them twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parents {
    /// The chosen, in the order of their choice.
    pub individuals: Vec<Individual>,
}

/// The children made, not measured yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offspring {
    /// Their genomes.
    pub genomes: Vec<Bytes>,
}

/// Why an evolution engine did not do what it was asked.
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
