//! Who may use which resources: the channel `governor`.

mod available_resources;
mod governor_fault;
mod governor_message;
mod grant;
mod query_available;
mod release_allocation;
mod request_allocation;

pub use available_resources::AvailableResources;
pub use governor_fault::GovernorFault;
pub use governor_message::{GovernorCall, GovernorMessage};
pub use grant::Grant;
pub use query_available::QueryAvailable;
pub use release_allocation::ReleaseAllocation;
pub use request_allocation::RequestAllocation;
