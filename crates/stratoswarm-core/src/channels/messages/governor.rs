use serde::{Deserialize, Serialize};

use super::{AgentId, AllocationId, Done, Resources, resources::Shown};

crate::protocol! {
    /// Who may use how much.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestAllocation {
    /// Who asks.
    pub agent: AgentId,
    /// For how much.
    pub resources: Resources,
}

/// Gives an allocation back; answered with [`Done`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseAllocation {
    /// The allocation, as granted.
    pub allocation: AllocationId,
}

/// Asks what is free; answered with [`AvailableResources`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryAvailable {}

/// An allocation, valid until it is released.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// By this it is released.
    pub allocation: AllocationId,
    /// What it holds.
    pub resources: Resources,
}

/// What a governor has to give. Its books balance: free and granted make the total.
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
