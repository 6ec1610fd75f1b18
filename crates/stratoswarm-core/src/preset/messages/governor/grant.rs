use serde::{Deserialize, Serialize};

use crate::preset::messages::{AllocationId, Resources};

/// An allocation, valid until it is released.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{AllocationId, Done, GovernorCall, Grant, ReleaseAllocation, Resources};
/// # let registry = ChannelRegistry::new();
/// let grant = Grant { allocation: AllocationId::random(), resources: Resources::default() }; // as it was answered
/// let mut governor = registry.governor().join("governors");
/// tokio::spawn(async move {
///     if let Some(GovernorCall::ReleaseAllocation(_, reply)) = governor.recv().await.map(GovernorCall::from) {
///         reply.send(Ok(Done {}));
///     }
/// });
/// let back = ReleaseAllocation { allocation: grant.allocation };
/// assert_eq!(registry.governor().request(back).await?, Ok(Done {}));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// By this it is released.
    pub allocation: AllocationId,
    /// What it holds.
    pub resources: Resources,
}
