use serde::{Deserialize, Serialize};

/// Memory is getting short.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{MemoryPressure, SystemEvent}};
/// # let registry = ChannelRegistry::new();
/// let mut events = registry.events().subscribe();
/// registry.events().send(MemoryPressure { used_bytes: 90, total_bytes: 100 }.into())?;
/// let Some(Ok(SystemEvent::MemoryPressure(pressure))) = events.recv().await else { panic!("no news") };
/// assert_eq!(pressure.total_bytes - pressure.used_bytes, 10, "time to take less");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryPressure {
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}
