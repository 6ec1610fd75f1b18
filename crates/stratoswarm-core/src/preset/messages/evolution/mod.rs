//! Operations of the evolution: the channel `evolution`.

mod evaluate_fitness;
mod evolution_fault;
mod evolution_message;
mod fitness_values;
mod generation_report;
mod get_best;
mod individual;
mod mutation;
mod offspring;
mod parents;
mod selection;
mod selection_strategy;
mod step;

pub use evaluate_fitness::EvaluateFitness;
pub use evolution_fault::EvolutionFault;
pub use evolution_message::{EvolutionCall, EvolutionMessage};
pub use fitness_values::FitnessValues;
pub use generation_report::GenerationReport;
pub use get_best::GetBest;
pub use individual::Individual;
pub use mutation::Mutation;
pub use offspring::Offspring;
pub use parents::Parents;
pub use selection::Selection;
pub use selection_strategy::SelectionStrategy;
pub use step::Step;
