use serde::{Deserialize, Serialize};

use super::AgentId;

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

/// An agent has found something better than it had.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{AgentId, FitnessImproved, SystemEvent}};
/// # let registry = ChannelRegistry::new();
/// let mut events = registry.events().subscribe();
/// let improved = FitnessImproved { agent: AgentId::random(), generation: 4, fitness: 0.75, previous: Some(0.5) };
/// registry.events().send(improved.into())?;
/// let Some(Ok(SystemEvent::FitnessImproved(news))) = events.recv().await else { panic!("no news") };
/// assert_eq!(news.previous.map(|before| news.fitness - before), Some(0.25));
/// # Ok(()) }
/// ```
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

/// Something went wrong that is worth telling, beyond the answer to whoever asked for it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{Error, SystemEvent}};
/// # let registry = ChannelRegistry::new();
/// let mut events = registry.events().subscribe();
/// let error = Error { component: "store".to_owned(), message: "the disk is full".to_owned() };
/// registry.events().send(error.into())?;
/// let Some(Ok(SystemEvent::Error(error))) = events.recv().await else { panic!("no news") };
/// assert_eq!(format!("{}: {}", error.component, error.message), "store: the disk is full");
/// # Ok(()) }
/// ```
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
