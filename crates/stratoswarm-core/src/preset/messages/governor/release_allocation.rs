use serde::{Deserialize, Serialize};

use crate::preset::messages::AllocationId;

/// Gives an allocation back; answered with [`Done`](crate::messages::Done).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{AllocationId, GovernorCall, GovernorFault, ReleaseAllocation};
/// # let registry = ChannelRegistry::new();
/// let mut governor = registry.governor().join("governors");
/// tokio::spawn(async move {
///     if let Some(GovernorCall::ReleaseAllocation(it, reply)) = governor.recv().await.map(GovernorCall::from) {
///         reply.send(Err(GovernorFault::UnknownAllocation { allocation: it.allocation }));
///     }
/// });
/// let allocation = AllocationId::from_u128(7); // never granted
/// let refused = registry.governor().request(ReleaseAllocation { allocation }).await?;
/// assert_eq!(refused, Err(GovernorFault::UnknownAllocation { allocation }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseAllocation {
    /// The allocation, as granted.
    pub allocation: AllocationId,
}
