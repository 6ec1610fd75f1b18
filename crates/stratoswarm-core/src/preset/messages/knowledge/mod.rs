//! What is known, and may be asked for: the channel `knowledge`.

mod knowledge_entry;
mod knowledge_fault;
mod knowledge_match;
mod knowledge_message;
mod matches;
mod query;
mod retrieve;
mod store;
mod stored_version;

pub use knowledge_entry::KnowledgeEntry;
pub use knowledge_fault::KnowledgeFault;
pub use knowledge_match::KnowledgeMatch;
pub use knowledge_message::{KnowledgeCall, KnowledgeMessage};
pub use matches::Matches;
pub use query::Query;
pub use retrieve::Retrieve;
pub use store::Store;
pub use stored_version::StoredVersion;
