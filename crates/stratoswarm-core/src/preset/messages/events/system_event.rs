use serde::{Deserialize, Serialize};

use super::{AgentSpawned, Error, FitnessImproved, GpuUtilization, MemoryPressure};
use crate::{Message, NoReply};

/// What happens in a swarm, for whoever wants to know.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{AgentId, AgentSpawned, SystemEvent}};
/// # let registry = ChannelRegistry::new();
/// let mut events = registry.events().subscribe();
/// registry.events().send(AgentSpawned { agent: AgentId::from_u128(7) }.into())?;
/// match events.recv().await {
///     Some(Ok(SystemEvent::AgentSpawned(spawned))) => assert_eq!(spawned.agent, AgentId::from_u128(7)),
///     other => panic!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SystemEvent {
    /// An agent has begun.
    AgentSpawned(AgentSpawned),
    /// An agent has found something better than it had.
    FitnessImproved(FitnessImproved),
    /// How busy a device was.
    GpuUtilization(GpuUtilization),
    /// Memory is getting short.
    MemoryPressure(MemoryPressure),
    /// Something went wrong.
    Error(Error),
}

impl Message for SystemEvent {
    type Reply = NoReply;
}

crate::wire!(SystemEvent as "stratoswarm.events");

impl From<AgentSpawned> for SystemEvent {
    fn from(event: AgentSpawned) -> Self {
        Self::AgentSpawned(event)
    }
}

impl From<FitnessImproved> for SystemEvent {
    fn from(event: FitnessImproved) -> Self {
        Self::FitnessImproved(event)
    }
}

impl From<GpuUtilization> for SystemEvent {
    fn from(event: GpuUtilization) -> Self {
        Self::GpuUtilization(event)
    }
}

impl From<MemoryPressure> for SystemEvent {
    fn from(event: MemoryPressure) -> Self {
        Self::MemoryPressure(event)
    }
}

impl From<Error> for SystemEvent {
    fn from(event: Error) -> Self {
        Self::Error(event)
    }
}
