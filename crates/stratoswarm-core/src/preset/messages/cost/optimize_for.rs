use serde::{Deserialize, Serialize};

use super::OptimizationGoal;

/// Asks how work should be cut into tasks; answered with a [`CostPlan`](super::CostPlan).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostPlan, OptimizationGoal, OptimizeFor}};
/// # let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// tokio::spawn(async move {
///     if let Some(CostCall::OptimizeFor(wish, reply)) = model.recv().await.map(CostCall::from) {
///         reply.send(CostPlan { tasks_per_step: 4, effort_per_task: (wish.problem_size / 4) as u32 });
///     }
/// });
/// let wish = OptimizeFor { goal: OptimizationGoal::Quality, problem_size: 200 };
/// assert_eq!(registry.cost().request(wish).await?.effort_per_task, 50);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptimizeFor {
    /// What matters most.
    pub goal: OptimizationGoal,
    /// How large the problem is, in elements.
    pub problem_size: u64,
}
