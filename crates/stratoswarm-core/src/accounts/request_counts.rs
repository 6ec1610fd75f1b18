use serde::{Deserialize, Serialize};

/// What became of a channel's requests, as their callers saw it.
///
/// `asked` less the others is what is still waiting for its reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestCounts {
    /// Requests accepted by the channel.
    pub asked: u64,
    /// Replies that reached their callers.
    pub answered: u64,
    /// Accepted requests whose deadline passed.
    pub expired: u64,
    /// Accepted requests whose caller dropped the future.
    pub abandoned: u64,
    /// Requests whose last responder was dropped, or was of another type.
    pub unanswered: u64,
}
