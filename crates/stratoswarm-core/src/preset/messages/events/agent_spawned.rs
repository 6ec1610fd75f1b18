use serde::{Deserialize, Serialize};

use crate::preset::messages::AgentId;

/// An agent has begun.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{AgentId, AgentSpawned}};
/// # let registry = ChannelRegistry::new();
/// let mut events = registry.events().subscribe();
/// let spawned = AgentSpawned { agent: AgentId::random() };
/// assert_eq!(registry.events().send(spawned.clone().into())?, 1, "one follows the events");
/// assert_eq!(events.recv().await, Some(Ok(spawned.into())));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentSpawned {
    /// The agent.
    pub agent: AgentId,
}
