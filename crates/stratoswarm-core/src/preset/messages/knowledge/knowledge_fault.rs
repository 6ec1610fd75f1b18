use serde::{Deserialize, Serialize};

/// Why knowledge was not kept or found.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{KnowledgeCall, KnowledgeFault, Retrieve}};
/// # let registry = ChannelRegistry::new();
/// let mut store = registry.knowledge().join("stores");
/// tokio::spawn(async move {
///     if let Some(KnowledgeCall::Retrieve(_, reply)) = store.recv().await.map(KnowledgeCall::from) {
///         reply.send(Err(KnowledgeFault::Storage { reason: "disk full".to_owned() }));
///     }
/// });
/// let fault = registry.knowledge().request(Retrieve { key: "tour/best".to_owned() }).await?.expect_err("it failed");
/// assert!(matches!(fault, KnowledgeFault::Storage { .. }));
/// assert_eq!(fault.to_string(), "the store failed: disk full");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum KnowledgeFault {
    /// The store has no room for the value.
    #[error("no room for {needed_bytes} bytes; at most {limit_bytes} are kept")]
    Full {
        /// What would have been kept in all.
        needed_bytes: u64,
        /// The most that is kept.
        limit_bytes: u64,
    },
    /// The store itself failed.
    #[error("the store failed: {reason}")]
    Storage {
        /// What is known of the cause.
        reason: String,
    },
}
