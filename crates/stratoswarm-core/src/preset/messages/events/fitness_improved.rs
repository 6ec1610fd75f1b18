use serde::{Deserialize, Serialize};

use crate::preset::messages::AgentId;

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
