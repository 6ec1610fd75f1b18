use serde::{Deserialize, Serialize};

/// Asks for the value of a key; answered with a [`KnowledgeEntry`](super::KnowledgeEntry), or none if nothing was stored.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{KnowledgeCall, Retrieve}};
/// # let registry = ChannelRegistry::new();
/// let mut store = registry.knowledge().join("stores");
/// tokio::spawn(async move {
///     if let Some(KnowledgeCall::Retrieve(_, reply)) = store.recv().await.map(KnowledgeCall::from) {
///         reply.send(Ok(None));
///     }
/// });
/// let nothing = registry.knowledge().request(Retrieve { key: "tour/worst".to_owned() }).await?;
/// assert_eq!(nothing, Ok(None), "never stored, which is no fault");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retrieve {
    /// The key.
    pub key: String,
}
