use std::time::Duration;

use serde::{Deserialize, Serialize};

crate::protocol! {
    /// What work costs, and how to get the most for it. Prices are in units of the model's own choice.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum CostMessage => CostCall {
        /// What would tasks cost?
        QueryCost -> CostQuote,
        /// What tasks did cost.
        CostUpdate,
        /// How should the work be cut?
        OptimizeFor -> CostPlan,
    }
}

/// Asks what tasks would cost; answered with a [`CostQuote`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryCost {
    /// How many tasks.
    pub tasks: u32,
}

/// Tells what tasks took, so that later quotes are better. Not answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostUpdate {
    /// How many tasks were done.
    pub tasks: u32,
    /// How much of the device's time they took together.
    pub busy: Duration,
}

/// Asks how work should be cut into tasks; answered with a [`CostPlan`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptimizeFor {
    /// What matters most.
    pub goal: OptimizationGoal,
    /// How large the problem is, in elements.
    pub problem_size: u64,
}

/// What a plan is to favour.
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

/// What tasks would cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostQuote {
    /// The price of all tasks asked for, in the model's units.
    pub price: f64,
    /// How many tasks the price was learned from; 0 for an estimate.
    pub samples: u64,
}

/// How to cut the work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostPlan {
    /// Tasks per step of an agent.
    pub tasks_per_step: u32,
    /// How hard to try in every task, in units of the work at hand.
    pub effort_per_task: u32,
}
