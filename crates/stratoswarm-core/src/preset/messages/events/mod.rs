//! News of the swarm: the channel `events`.

mod agent_spawned;
mod error;
mod fitness_improved;
mod gpu_utilization;
mod memory_pressure;
mod system_event;

pub use agent_spawned::AgentSpawned;
pub use error::Error;
pub use fitness_improved::FitnessImproved;
pub use gpu_utilization::GpuUtilization;
pub use memory_pressure::MemoryPressure;
pub use system_event::SystemEvent;
