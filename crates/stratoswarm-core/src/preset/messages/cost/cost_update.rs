use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Tells what tasks took, so that later quotes are better. Not answered.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostUpdate}};
/// # use std::time::Duration;
/// # let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// let update = CostUpdate { tasks: 8, busy: Duration::from_secs(2) };
/// registry.cost().send(update.into()).await?; // not answered, so sent
/// let Some(CostCall::CostUpdate(told)) = model.recv().await.map(CostCall::from) else { panic!("no update") };
/// assert_eq!(told.busy / told.tasks, Duration::from_millis(250), "for one task");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostUpdate {
    /// How many tasks were done.
    pub tasks: u32,
    /// How much of the device's time they took together.
    pub busy: Duration,
}
