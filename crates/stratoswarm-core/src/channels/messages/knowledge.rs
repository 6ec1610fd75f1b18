use bytes::Bytes;
use serde::{Deserialize, Serialize};

crate::protocol! {
    /// What the swarm knows: values under keys, each with the version of its last change.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// The key, by convention a path with slashes.
    pub key: String,
    /// The value.
    pub value: Bytes,
}

/// Asks for the value of a key; answered with a [`KnowledgeEntry`], or none if nothing was stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retrieve {
    /// The key.
    pub key: String,
}

/// Asks for all keys that begin alike; answered with [`Matches`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// What the keys begin with; empty for all of them.
    pub prefix: String,
    /// The most matches to answer with.
    pub limit: u32,
}

/// A value was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredVersion {
    /// The key's version, counted from 1.
    pub version: u64,
}

/// A value and its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeEntry {
    /// The value.
    pub value: Bytes,
    /// How often the key was stored.
    pub version: u64,
}

/// One key that matches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeMatch {
    /// The key.
    pub key: String,
    /// Its value and version.
    pub entry: KnowledgeEntry,
}

/// The keys that match, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matches {
    /// The first of them, as many as were asked for.
    pub matches: Vec<KnowledgeMatch>,
    /// Were there more?
    pub truncated: bool,
}

/// Why knowledge was not kept or found.
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
