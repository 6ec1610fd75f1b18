use serde::{Deserialize, Serialize};

use super::KnowledgeEntry;

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
