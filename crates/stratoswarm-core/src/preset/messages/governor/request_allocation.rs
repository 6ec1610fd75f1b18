use serde::{Deserialize, Serialize};

use crate::preset::messages::{AgentId, Resources};

/// Asks for resources; answered with a [`Grant`](super::Grant), or with the reason of the refusal.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{AgentId, AllocationId, GovernorCall, Grant, RequestAllocation, Resources};
/// # let registry = ChannelRegistry::new();
/// let mut governor = registry.governor().join("governors");
/// tokio::spawn(async move {
///     if let Some(GovernorCall::RequestAllocation(asked, reply)) = governor.recv().await.map(GovernorCall::from) {
///         reply.send(Ok(Grant { allocation: AllocationId::random(), resources: asked.resources }));
///     }
/// });
/// let resources = Resources { cpu_millicores: 500, ..Resources::default() };
/// let asked = RequestAllocation { agent: AgentId::random(), resources };
/// assert_eq!(registry.governor().request(asked).await??.resources, resources);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestAllocation {
    /// Who asks.
    pub agent: AgentId,
    /// For how much.
    pub resources: Resources,
}
