use crate::preset::messages::resources::Shown;
use serde::{Deserialize, Serialize};

use crate::preset::messages::{AllocationId, Resources};

/// Why a governor refused.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{AgentId, GovernorCall, GovernorFault, RequestAllocation, Resources};
/// # let registry = ChannelRegistry::new();
/// let mut governor = registry.governor().join("governors");
/// tokio::spawn(async move {
///     if let Some(GovernorCall::RequestAllocation(it, reply)) = governor.recv().await.map(GovernorCall::from) {
///         reply.send(Err(GovernorFault::Insufficient { requested: it.resources, free: Resources::default() }));
///     }
/// });
/// let resources = Resources { memory_bytes: 4096, ..Resources::default() };
/// let refused = registry.governor().request(RequestAllocation { agent: AgentId::random(), resources }).await?;
/// let Err(GovernorFault::Insufficient { requested, free }) = refused else { panic!("{refused:?}") };
/// assert_eq!(requested.memory_bytes - free.memory_bytes, 4096, "to be freed first");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum GovernorFault {
    /// There is not enough.
    #[error("{} asked for, {} free", Shown(requested), Shown(free))]
    Insufficient {
        /// What was asked for.
        requested: Resources,
        /// What was free.
        free: Resources,
    },
    /// There is no such allocation: never granted, or released before.
    #[error("unknown allocation {allocation}")]
    UnknownAllocation {
        /// The allocation.
        allocation: AllocationId,
    },
}
