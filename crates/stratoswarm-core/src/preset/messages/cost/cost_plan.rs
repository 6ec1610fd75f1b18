use serde::{Deserialize, Serialize};

/// How to cut the work.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::CostPlan;
///
/// let plan = CostPlan { tasks_per_step: 4, effort_per_task: 50 };
/// let json = serde_json::to_string(&plan)?;
/// assert_eq!(json, r#"{"tasks_per_step":4,"effort_per_task":50}"#);
/// assert_eq!(serde_json::from_str::<CostPlan>(&json)?, plan);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostPlan {
    /// Tasks per step of an agent.
    pub tasks_per_step: u32,
    /// How hard to try in every task, in units of the work at hand.
    pub effort_per_task: u32,
}
