use serde::{Deserialize, Serialize};

/// A value was kept.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{KnowledgeCall, Store, StoredVersion}};
/// # let registry = ChannelRegistry::new();
/// let mut store = registry.knowledge().join("stores");
/// tokio::spawn(async move {
///     if let Some(KnowledgeCall::Store(_, reply)) = store.recv().await.map(KnowledgeCall::from) {
///         reply.send(Ok(StoredVersion { version: 2 }));
///     }
/// });
/// let store = Store { key: "tour/best".to_owned(), value: "0123".into() };
/// let stored = registry.knowledge().request(store).await??;
/// assert!(stored.version > 1, "it replaced an earlier value");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredVersion {
    /// The key's version, counted from 1.
    pub version: u64,
}
