use std::any::Any;

use super::HeldHandle;
use crate::{
    accounts::{ChannelInfo, ChannelKind},
    channels::{Broadcast, Channel, Message, Shared},
};

/// A channel of a fabric, its message type erased.
pub(super) struct Entry {
    pub(super) order: i32,
    channel: Box<dyn AnyChannel>,
}

/// What a fabric does with a channel whose message type it does not know.
pub(super) trait AnyChannel: Any + Send + Sync {
    fn info(&self) -> ChannelInfo;
    fn close(&self);
    /// Closed, and all taken that somebody is there for.
    fn is_drained(&self) -> bool;
    /// Closed, and nothing left at all.
    fn is_spent(&self) -> bool;
    /// How many handles read.
    fn readers(&self) -> usize;
    fn held(&self) -> Vec<HeldHandle>;
}

impl Entry {
    pub(super) fn new(order: i32, channel: impl AnyChannel) -> Self {
        Self { order, channel: Box::new(channel) }
    }

    pub(super) fn channel(&self) -> &dyn AnyChannel {
        &*self.channel
    }

    /// The channel, if it is of this type.
    pub(super) fn downcast<C: AnyChannel>(&self) -> Option<&C> {
        let any: &dyn Any = &*self.channel;
        any.downcast_ref()
    }

    /// As an error names it.
    pub(super) fn describe(&self) -> String {
        let info = self.channel.info();
        let mut text = describe(info.kind, info.message, Some(info.capacity));
        if self.order != 0 {
            text.push_str(&format!(", order {}", self.order));
        }
        text
    }
}

/// As an error names a channel.
pub(super) fn describe(kind: ChannelKind, message: &str, capacity: Option<usize>) -> String {
    let capacity = capacity.map_or_else(String::new, |capacity| format!(", capacity {capacity}"));
    format!("{kind} of {message}{capacity}")
}

impl<M: Message> AnyChannel for Channel<M> {
    fn info(&self) -> ChannelInfo {
        self.info()
    }

    fn close(&self) {
        self.close();
    }

    fn is_drained(&self) -> bool {
        is_drained(self.shared())
    }

    fn is_spent(&self) -> bool {
        self.shared().log.lock().is_spent()
    }

    fn readers(&self) -> usize {
        self.shared().log.lock().handles()
    }

    fn held(&self) -> Vec<HeldHandle> {
        self.shared().held()
    }
}

impl<M: Clone + Send + 'static> AnyChannel for Broadcast<M> {
    fn info(&self) -> ChannelInfo {
        self.info()
    }

    fn close(&self) {
        self.close();
    }

    fn is_drained(&self) -> bool {
        is_drained(self.shared())
    }

    fn is_spent(&self) -> bool {
        self.shared().log.lock().is_spent()
    }

    fn readers(&self) -> usize {
        self.shared().log.lock().handles()
    }

    fn held(&self) -> Vec<HeldHandle> {
        self.shared().held()
    }
}

fn is_drained<M>(shared: &Shared<M>) -> bool {
    shared.log.lock().is_drained()
}
