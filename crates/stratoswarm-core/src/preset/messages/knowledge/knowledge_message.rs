use serde::{Deserialize, Serialize};

use super::{KnowledgeEntry, KnowledgeFault, Matches, Query, Retrieve, Store, StoredVersion};

crate::protocol! {
    /// What the swarm knows: values under keys, each with the version of its last change.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::ChannelRegistry;
    /// # use stratoswarm_core::messages::{KnowledgeCall, KnowledgeEntry, Retrieve, Store, StoredVersion};
    /// # use std::collections::HashMap;
    /// # let registry = ChannelRegistry::new();
    /// let mut store = registry.knowledge().join("stores");
    /// tokio::spawn(async move {
    ///     let mut kept = HashMap::new();
    ///     while let Some(delivery) = store.recv().await {
    ///         match KnowledgeCall::from(delivery) {
    ///             KnowledgeCall::Store(Store { key, value }, reply) => {
    ///                 kept.insert(key, KnowledgeEntry { value, version: 1 });
    ///                 reply.send(Ok(StoredVersion { version: 1 }));
    ///             }
    ///             KnowledgeCall::Retrieve(it, reply) => { reply.send(Ok(kept.get(&it.key).cloned())); }
    ///             KnowledgeCall::Query(_, reply) => drop(reply),
    ///         }
    ///     }
    /// });
    /// registry.knowledge().request(Store { key: "tour/best".to_owned(), value: "0123".into() }).await??;
    /// let entry = registry.knowledge().request(Retrieve { key: "tour/best".to_owned() }).await??;
    /// assert_eq!(entry.map(|entry| entry.value).as_deref(), Some(&b"0123"[..]));
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum KnowledgeMessage as "stratoswarm.knowledge" => KnowledgeCall {
        /// Keep a value.
        Store -> Result<StoredVersion, KnowledgeFault>,
        /// Give a value back.
        Retrieve -> Result<Option<KnowledgeEntry>, KnowledgeFault>,
        /// Which keys are there?
        Query -> Result<Matches, KnowledgeFault>,
    }
}
