use serde::{Deserialize, Serialize};

use super::{AvailableResources, GovernorFault, Grant, QueryAvailable, ReleaseAllocation, RequestAllocation};
use crate::preset::messages::Done;

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
    pub enum GovernorMessage as "stratoswarm.governor" => GovernorCall {
        /// May I have this?
        RequestAllocation -> Result<Grant, GovernorFault>,
        /// I do not need it any more.
        ReleaseAllocation -> Result<Done, GovernorFault> as Critical,
        /// How much is free?
        QueryAvailable -> AvailableResources,
    }
}
