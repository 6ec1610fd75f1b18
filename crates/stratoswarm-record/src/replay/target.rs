use std::pin::Pin;

use stratoswarm_core::Wire;

use super::{Expected, ReplayError};
use crate::{
    RecordedMessage,
    recording::{Beside, Recordable},
};

/// What sending comes to.
pub(super) type Sent<'a> = Pin<Box<dyn Future<Output = Result<(), ReplayError>> + Send + 'a>>;

/// A channel that is replayed into.
pub(super) trait Target: Send {
    fn name(&self) -> &str;

    /// The name of its messages' type.
    fn message(&self) -> &'static str;

    /// Sends it once more: as a request, or not.
    fn send<'a>(
        &'a self,
        record: &RecordedMessage<'_>,
        is_request: bool,
        expected: Option<Expected>,
    ) -> Sent<'a>;
}

pub(super) struct Into<C> {
    channel: C,
    name: String,
}

impl<C: Recordable> Into<C> {
    pub(super) fn new(channel: C) -> Self {
        let name = channel.facts().name;
        Self { channel, name }
    }
}

impl<C: Recordable + Sync> Target for Into<C> {
    fn name(&self) -> &str {
        &self.name
    }

    fn message(&self) -> &'static str {
        C::Message::NAME
    }

    fn send<'a>(
        &'a self,
        record: &RecordedMessage<'_>,
        is_request: bool,
        expected: Option<Expected>,
    ) -> Sent<'a> {
        let beside = Beside { class: record.class(), left: record.left(), is_request, expected };
        let (number, message) = (record.number(), record.message::<C::Message>());
        Box::pin(async move {
            let sent = self.channel.send_again(message?, beside).await;
            sent.map_err(|_| ReplayError::Closed { channel: self.name.clone(), number })
        })
    }
}
