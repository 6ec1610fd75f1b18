use serde::{Deserialize, Serialize};

use crate::preset::messages::Resources;

/// What a scheduler has placed.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{Resources, SchedulerStatus};
///
/// let bytes = |memory_bytes| Resources { memory_bytes, ..Resources::default() };
/// let status = SchedulerStatus { placed_tasks: 3, reserved: bytes(600), capacity: bytes(1000) };
/// assert_eq!(status.capacity.memory_bytes - status.reserved.memory_bytes, 400, "for more tasks");
/// assert_eq!(serde_json::from_str::<SchedulerStatus>(&serde_json::to_string(&status)?)?, status);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchedulerStatus {
    /// Tasks that have a place.
    pub placed_tasks: u64,
    /// What they need together.
    pub reserved: Resources,
    /// What there is in all.
    pub capacity: Resources,
}
