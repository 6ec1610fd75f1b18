use serde::{Deserialize, Serialize};

/// Asks for all keys that begin alike; answered with [`Matches`](super::Matches).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{KnowledgeCall, Matches, Query}};
/// # let registry = ChannelRegistry::new();
/// let mut store = registry.knowledge().join("stores");
/// tokio::spawn(async move {
///     if let Some(KnowledgeCall::Query(query, reply)) = store.recv().await.map(KnowledgeCall::from) {
///         reply.send(Ok(Matches { matches: Vec::new(), truncated: query.limit == 0 }));
///     }
/// });
/// let query = Query { prefix: "tour/".to_owned(), limit: 10 };
/// assert!(registry.knowledge().request(query).await??.matches.is_empty());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// What the keys begin with; empty for all of them.
    pub prefix: String,
    /// The most matches to answer with.
    pub limit: u32,
}
