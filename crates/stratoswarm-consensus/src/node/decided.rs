use std::sync::Arc;

use stratoswarm_core::{Message, NoReply};

use crate::At;

/// A command that was decided and applied, as a message: see [`Consensus::subscribe`](crate::Consensus::subscribe).
#[derive(Debug)]
#[non_exhaustive]
pub struct Decided<C> {
    /// Where and when.
    pub at: At,
    /// The command.
    pub command: Arc<C>,
}

impl<C> Clone for Decided<C> {
    fn clone(&self) -> Self {
        Self { at: self.at, command: Arc::clone(&self.command) }
    }
}

impl<C: Send + Sync + 'static> Message for Decided<C> {
    type Reply = NoReply;
}
