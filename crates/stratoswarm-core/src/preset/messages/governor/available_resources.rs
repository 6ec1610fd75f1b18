use serde::{Deserialize, Serialize};

use crate::preset::messages::Resources;

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
