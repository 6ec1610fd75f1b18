use serde::{Deserialize, Serialize};

use super::{AgentId, AllocationId, Done, Resources, resources::Shown};

crate::protocol! {
    /// Who may use how much.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::ChannelRegistry;
    /// # use stratoswarm_core::messages::{AvailableResources, GovernorCall, QueryAvailable, Resources};
    /// # let registry = ChannelRegistry::new();
    /// let mut governor = registry.governor().join("governors");
    /// tokio::spawn(async move {
    ///     let total = Resources { cpu_millicores: 2000, ..Resources::default() };
    ///     while let Some(delivery) = governor.recv().await {
    ///         match GovernorCall::from(delivery) {
    ///             GovernorCall::QueryAvailable(_, reply) => {
    ///                 reply.send(AvailableResources { free: total, total, allocations: 0 });
    ///             }
    ///             other => drop(other), // its caller is told that it was not answered
    ///         }
    ///     }
    /// });
    /// assert_eq!(registry.governor().request(QueryAvailable {}).await?.free.cpu_millicores, 2000);
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum GovernorMessage => GovernorCall {
        /// May I have this?
        RequestAllocation -> Result<Grant, GovernorFault>,
        /// I do not need it any more.
        ReleaseAllocation -> Result<Done, GovernorFault>,
        /// How much is free?
        QueryAvailable -> AvailableResources,
    }
}

/// Asks for resources; answered with a [`Grant`], or with the reason of the refusal.
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

/// Gives an allocation back; answered with [`Done`].
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

/// Asks what is free; answered with [`AvailableResources`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_core::messages::{AvailableResources, GovernorCall, QueryAvailable, Resources};
/// # const TOTAL: Resources = Resources { cpu_millicores: 4000, memory_bytes: 1 << 30, gpu_memory_bytes: 0 };
/// # let registry = ChannelRegistry::new();
/// let mut governor = registry.governor().join("governors");
/// tokio::spawn(async move {
///     if let Some(GovernorCall::QueryAvailable(_, reply)) = governor.recv().await.map(GovernorCall::from) {
///         reply.send(AvailableResources { free: TOTAL, total: TOTAL, allocations: 0 });
///     }
/// });
/// assert_eq!(registry.governor().request(QueryAvailable {}).await?.free, TOTAL);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryAvailable {}

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

/// What a governor has to give. Its books balance: free and granted make the total.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{AvailableResources, Resources};
///
/// let cores = |count: u64| Resources { cpu_millicores: 1000 * count, ..Resources::default() };
/// let mut books = AvailableResources { free: cores(4), total: cores(4), allocations: 0 };
/// books.free.cpu_millicores -= 1500; // a grant
/// books.allocations += 1;
/// assert_eq!(books.total.cpu_millicores - books.free.cpu_millicores, 1500, "what is granted");
/// assert_eq!(serde_json::from_str::<AvailableResources>(&serde_json::to_string(&books)?)?, books);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AvailableResources {
    /// What is free.
    pub free: Resources,
    /// What there is in all.
    pub total: Resources,
    /// How many allocations are held.
    pub allocations: u64,
}

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
