use std::time::Duration;

use serde::{Deserialize, Serialize};

crate::protocol! {
    /// How well the machine is used.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum EfficiencyMessage => EfficiencyCall {
        /// What are the figures?
        QueryMetrics -> EfficiencyMetrics,
        /// What a device did.
        EfficiencyUpdate,
        /// What would be better?
        RecommendOptimization -> Advice,
    }
}

/// Asks for the machine's figures; answered with [`EfficiencyMetrics`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryMetrics {}

/// Tells what a device did in a stretch of time. Not answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EfficiencyUpdate {
    /// The device's number.
    pub device: u32,
    /// How long it was computing, all its lanes together.
    pub busy: Duration,
    /// How long it could have been: the stretch of time times its lanes.
    pub available: Duration,
    /// How many bytes of its memory are in use.
    pub memory_used_bytes: u64,
}

/// Asks what to change; answered with [`Advice`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecommendOptimization {}

/// The figures of the machine. One that is not known is absent, never invented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EfficiencyMetrics {
    /// How many processor cores there are.
    pub cpu_cores: Option<u32>,
    /// How busy they are, 0 to 1.
    pub cpu_load: Option<f64>,
    /// How much processor time this process has used.
    pub process_cpu: Option<Duration>,
    /// How busy the device is, 0 to 1, as last told.
    pub gpu_load: Option<f64>,
    /// How many bytes of the device's memory are in use, as last told.
    pub gpu_memory_used_bytes: Option<u64>,
    /// Bytes of main memory in use.
    pub memory_used_bytes: Option<u64>,
    /// Bytes of main memory in all.
    pub memory_total_bytes: Option<u64>,
}

/// What to change, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// How many tasks should be computed at once.
    pub parallel_tasks: u32,
    /// How many bytes of memory the work may take.
    pub memory_budget_bytes: u64,
    /// Why, in words.
    pub reason: String,
}
