use serde::{Deserialize, Serialize};

/// How busy a device was since the event before.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{GpuUtilization, SystemEvent}};
/// # let registry = ChannelRegistry::new();
/// let mut events = registry.events().subscribe();
/// for utilization in [0.25, 0.75] {
///     registry.events().send(GpuUtilization { device: 0, utilization }.into())?;
/// }
/// let mut busiest = 0.0_f64;
/// while let Ok(Ok(SystemEvent::GpuUtilization(it))) = events.try_recv() { busiest = busiest.max(it.utilization); }
/// assert_eq!(busiest, 0.75);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GpuUtilization {
    /// The device.
    pub device: u32,
    /// The part of its time that it computed, 0 to 1.
    pub utilization: f64,
}
