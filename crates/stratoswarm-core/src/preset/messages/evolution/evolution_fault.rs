use serde::{Deserialize, Serialize};

use crate::preset::messages::PopulationId;

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
