use serde::{Deserialize, Serialize};

use super::AgentId;

/// What happens in a swarm, for whoever wants to know.
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

/// An agent has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentSpawned {
    /// The agent.
    pub agent: AgentId,
}

/// An agent has found something better than it had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitnessImproved {
    /// The agent.
    pub agent: AgentId,
    /// The agent's generation.
    pub generation: u64,
    /// The fitness now.
    pub fitness: f64,
    /// The fitness before; none of the first.
    pub previous: Option<f64>,
}

/// How busy a device was since the event before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GpuUtilization {
    /// The device.
    pub device: u32,
    /// The part of its time that it computed, 0 to 1.
    pub utilization: f64,
}

/// Memory is getting short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryPressure {
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// Something went wrong that is worth telling, beyond the answer to whoever asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Error {
    /// What tells it: a component's name.
    pub component: String,
    /// What went wrong, in words.
    pub message: String,
}

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
