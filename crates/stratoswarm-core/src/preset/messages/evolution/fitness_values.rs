use serde::{Deserialize, Serialize};

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
