use serde::de::DeserializeOwned;
use stratoswarm_core::OutcomeKind;

use crate::{outcome_body::OutcomeBody, tree::Tree};

/// What became of a message of a traced channel, as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedOutcome {
    body: OutcomeBody,
    reply: Option<Tree>,
}

impl RecordedOutcome {
    pub(super) fn new(body: OutcomeBody, whole: Tree) -> Self {
        Self { body, reply: whole.into_field("R") }
    }

    /// The number of the message.
    pub fn number(&self) -> u64 {
        self.body.n
    }

    /// In which group; none of a subscriber.
    pub fn group(&self) -> Option<&str> {
        self.body.g.as_deref()
    }

    /// Which member of its reader had it, by the count of the channel; none where nobody had.
    pub fn member(&self) -> Option<u64> {
        self.body.w
    }

    /// When, by the count that [`RecordedMessage::turn`](crate::RecordedMessage::turn) is of.
    pub fn turn(&self) -> u64 {
        self.body.t
    }

    /// Which delivery it was, 1 the first; 0 before it.
    pub fn attempt(&self) -> u32 {
        self.body.a
    }

    /// What became of it.
    pub fn how(&self) -> OutcomeKind {
        self.body.how
    }

    /// The reply, of this type; none if there is none, or of another.
    pub fn reply<R: DeserializeOwned>(&self) -> Option<R> {
        cbor4ii::serde::from_slice(&self.reply.as_ref()?.encoded()?).ok()
    }

    /// The reply as JSON; none if there is none.
    pub fn reply_json(&self) -> Option<String> {
        self.reply.as_ref().map(Tree::text)
    }
}
