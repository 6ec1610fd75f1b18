use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A value and its version.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{KnowledgeCall, KnowledgeEntry, Retrieve}};
/// # let registry = ChannelRegistry::new();
/// let mut store = registry.knowledge().join("stores");
/// tokio::spawn(async move {
///     if let Some(KnowledgeCall::Retrieve(_, reply)) = store.recv().await.map(KnowledgeCall::from) {
///         reply.send(Ok(Some(KnowledgeEntry { value: "0123".into(), version: 2 })));
///     }
/// });
/// let key = "tour/best".to_owned();
/// let entry = registry.knowledge().request(Retrieve { key }).await??.ok_or("never stored")?;
/// assert_eq!((&*entry.value, entry.version), (&b"0123"[..], 2));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeEntry {
    /// The value.
    pub value: Bytes,
    /// How often the key was stored.
    pub version: u64,
}
