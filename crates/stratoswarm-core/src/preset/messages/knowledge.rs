use bytes::Bytes;
use serde::{Deserialize, Serialize};

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
    pub enum KnowledgeMessage => KnowledgeCall {
        /// Keep a value.
        Store -> Result<StoredVersion, KnowledgeFault>,
        /// Give a value back.
        Retrieve -> Result<Option<KnowledgeEntry>, KnowledgeFault>,
        /// Which keys are there?
        Query -> Result<Matches, KnowledgeFault>,
    }
}

/// Keeps a value under a key, replacing the one before; answered with its [`StoredVersion`].
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

/// Asks for the value of a key; answered with a [`KnowledgeEntry`], or none if nothing was stored.
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

/// Asks for all keys that begin alike; answered with [`Matches`].
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

/// One key that matches.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{KnowledgeEntry, KnowledgeMatch};
///
/// let entry = KnowledgeEntry { value: "0123".into(), version: 2 };
/// let found = KnowledgeMatch { key: "tour/best".to_owned(), entry };
/// assert_eq!(found.key.strip_prefix("tour/"), Some("best"));
/// assert_eq!(serde_json::from_str::<KnowledgeMatch>(&serde_json::to_string(&found)?)?, found);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeMatch {
    /// The key.
    pub key: String,
    /// Its value and version.
    pub entry: KnowledgeEntry,
}

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
