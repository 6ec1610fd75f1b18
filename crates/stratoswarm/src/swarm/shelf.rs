use std::fmt;

use stratoswarm_core::messages::KnowledgeEntry;

/// Where knowledge outlasts a run.
pub trait Shelf: fmt::Debug + Send + Sync + 'static {
    /// What it had when it was opened.
    fn found(&self) -> Vec<(String, KnowledgeEntry)>;

    /// Keeps an entry in the place of what was there; once it returns, nothing that ends the process loses it. It may block.
    ///
    /// # Errors
    /// What the store says; then it may have been kept or not.
    fn put(&self, key: &str, entry: &KnowledgeEntry) -> Result<(), String>;
}
