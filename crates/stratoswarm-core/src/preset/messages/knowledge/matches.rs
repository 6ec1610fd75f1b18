use serde::{Deserialize, Serialize};

use super::KnowledgeMatch;

/// The keys that match, in their order.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{KnowledgeCall, Matches, Query}};
/// # let registry = ChannelRegistry::new();
/// let mut store = registry.knowledge().join("stores");
/// tokio::spawn(async move {
///     if let Some(KnowledgeCall::Query(_, reply)) = store.recv().await.map(KnowledgeCall::from) {
///         reply.send(Ok(Matches { matches: Vec::new(), truncated: true }));
///     }
/// });
/// let query = Query { prefix: "tour/".to_owned(), limit: 0 };
/// let Matches { matches, truncated } = registry.knowledge().request(query).await??;
/// assert!(matches.is_empty() && truncated, "there are some, but none were asked for");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matches {
    /// The first of them, as many as were asked for.
    pub matches: Vec<KnowledgeMatch>,
    /// Were there more?
    pub truncated: bool,
}
