use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Keeps a value under a key, replacing the one before; answered with its [`StoredVersion`](super::StoredVersion).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{KnowledgeCall, KnowledgeFault, Store}};
/// # let registry = ChannelRegistry::new();
/// let mut store = registry.knowledge().join("stores");
/// tokio::spawn(async move {
///     if let Some(KnowledgeCall::Store(it, reply)) = store.recv().await.map(KnowledgeCall::from) {
///         reply.send(Err(KnowledgeFault::Full { needed_bytes: it.value.len() as u64, limit_bytes: 2 }));
///     }
/// });
/// let refused = registry.knowledge().request(Store { key: "tour/best".to_owned(), value: "0123".into() }).await?;
/// assert_eq!(refused, Err(KnowledgeFault::Full { needed_bytes: 4, limit_bytes: 2 }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// The key, by convention a path with slashes.
    pub key: String,
    /// The value.
    pub value: Bytes,
}
