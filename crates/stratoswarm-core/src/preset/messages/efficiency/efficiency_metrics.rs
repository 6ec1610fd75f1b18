use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The figures of the machine. One that is not known is absent, never invented.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::EfficiencyMetrics;
///
/// let known = EfficiencyMetrics { memory_used_bytes: Some(6), memory_total_bytes: Some(8), ..Default::default() };
/// assert_eq!(known.cpu_load, None, "not known, so absent");
/// let free = known.memory_total_bytes.zip(known.memory_used_bytes).map(|(total, used)| total - used);
/// assert_eq!(free, Some(2));
/// assert_eq!(serde_json::from_str::<EfficiencyMetrics>(&serde_json::to_string(&known)?)?, known);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
