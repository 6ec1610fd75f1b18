use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Tells what a device did in a stretch of time. Not answered.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{EfficiencyCall, EfficiencyUpdate}};
/// # use std::time::Duration;
/// # let registry = ChannelRegistry::new();
/// let mut monitor = registry.efficiency().join("monitors");
/// let (busy, available) = (Duration::from_secs(3), Duration::from_secs(4));
/// let update = EfficiencyUpdate { device: 0, busy, available, memory_used_bytes: 1 << 20 };
/// registry.efficiency().send(update.into()).await?; // not answered, so sent
/// let Some(EfficiencyCall::EfficiencyUpdate(told)) = monitor.recv().await.map(EfficiencyCall::from) else {
///     panic!("no update")
/// };
/// assert_eq!(told.busy.div_duration_f64(told.available), 0.75);
/// # Ok(()) }
/// ```
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
