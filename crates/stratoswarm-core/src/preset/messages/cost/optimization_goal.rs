use serde::{Deserialize, Serialize};

/// What a plan is to favour.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{CostPlan, OptimizationGoal};
///
/// fn plan(goal: OptimizationGoal) -> CostPlan {
///     match goal {
///         OptimizationGoal::Latency => CostPlan { tasks_per_step: 1, effort_per_task: 10 },
///         _ => CostPlan { tasks_per_step: 8, effort_per_task: 100 }, // goals to come among them
///     }
/// }
/// assert!(plan(OptimizationGoal::Latency).tasks_per_step < plan(OptimizationGoal::Quality).tasks_per_step);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OptimizationGoal {
    /// The best result in the time there is.
    Quality,
    /// The first result as soon as possible.
    Latency,
    /// The lowest price.
    Price,
}
