use std::sync::Arc;

use crate::engine::Log;

/// Messages, each with the name of the group that had it to take.
pub(super) type Left<M> = Vec<(Option<String>, M)>;

/// What the user does with one.
type Give<M> = dyn Fn(Option<&str>, M) + Send + Sync;

/// Who gets what nobody came for, and how it is found: the channel itself need not know how to copy a message.
#[derive(Clone)]
pub(crate) struct Undelivered<M> {
    find: fn(&mut Log<M>) -> Left<M>,
    to: Arc<Give<M>>,
}

impl<M: Clone> Undelivered<M> {
    pub(crate) fn new(to: impl Fn(Option<&str>, M) + Send + Sync + 'static) -> Self {
        Self { find: Log::undelivered_messages, to: Arc::new(to) }
    }
}

impl<M> Undelivered<M> {
    pub(super) fn find(&self, log: &mut Log<M>) -> Left<M> {
        (self.find)(log)
    }

    pub(super) fn give(&self, group: Option<&str>, message: M) {
        (self.to)(group, message);
    }
}
