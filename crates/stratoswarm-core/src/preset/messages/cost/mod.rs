//! What work costs: the channel `cost`.

mod cost_message;
mod cost_plan;
mod cost_quote;
mod cost_update;
mod optimization_goal;
mod optimize_for;
mod query_cost;

pub use cost_message::{CostCall, CostMessage};
pub use cost_plan::CostPlan;
pub use cost_quote::CostQuote;
pub use cost_update::CostUpdate;
pub use optimization_goal::OptimizationGoal;
pub use optimize_for::OptimizeFor;
pub use query_cost::QueryCost;
