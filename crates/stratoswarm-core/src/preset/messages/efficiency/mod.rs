//! How well it goes: the channel `efficiency`.

mod advice;
mod efficiency_message;
mod efficiency_metrics;
mod efficiency_update;
mod query_metrics;
mod recommend_optimization;

pub use advice::Advice;
pub use efficiency_message::{EfficiencyCall, EfficiencyMessage};
pub use efficiency_metrics::EfficiencyMetrics;
pub use efficiency_update::EfficiencyUpdate;
pub use query_metrics::QueryMetrics;
pub use recommend_optimization::RecommendOptimization;
