use std::time::Duration;

use stratoswarm_core::{Broadcast, Channel, ChannelInfo, Closed, Outcomes, Priority, RecorderOptions, Wire};

use super::reply_encoding;
use crate::replay::{Asking, Expected};

/// What can be recorded: a [`Channel`] or a [`Broadcast`] whose messages can leave the process.
///
/// It cannot be implemented elsewhere.
pub trait Recordable: Sealed {}

impl<M: Wire> Recordable for Channel<M> {}

impl<M: Wire> Recordable for Broadcast<M> {}

/// What is done with it here.
pub trait Sealed: Clone + Send + 'static {
    /// What travels in it.
    type Message: Wire;

    #[doc(hidden)]
    fn options(&self) -> RecorderOptions<'_, Self::Message>;

    #[doc(hidden)]
    fn facts(&self) -> ChannelInfo;

    /// What becomes of its messages, so many of that at a time; none if it is not traced.
    #[doc(hidden)]
    fn outcomes_of(&self, depth: usize, replies: bool) -> Option<Outcomes>;

    /// Sends a message once more, with what it had beside it.
    #[doc(hidden)]
    fn send_again(
        &self,
        message: Self::Message,
        beside: Beside,
    ) -> impl Future<Output = Result<(), Closed>> + Send;
}

/// What a message had beside it.
#[derive(Debug)]
pub struct Beside {
    pub(crate) class: Priority,
    /// How long it was to live, or its caller to wait.
    pub(crate) left: Option<Duration>,
    pub(crate) is_request: bool,
    /// What its reply is compared with.
    pub(crate) expected: Option<Expected>,
}

impl<M: Wire> Sealed for Channel<M> {
    type Message = M;

    fn options(&self) -> RecorderOptions<'_, M> {
        self.record()
    }

    fn facts(&self) -> ChannelInfo {
        self.info()
    }

    fn outcomes_of(&self, depth: usize, replies: bool) -> Option<Outcomes> {
        let outcomes = self.outcomes().depth(depth);
        if replies { outcomes.replies(reply_encoding::of).open().ok() } else { outcomes.open().ok() }
    }

    async fn send_again(&self, message: M, beside: Beside) -> Result<(), Closed> {
        let Beside { class, left, is_request, expected } = beside;
        if is_request {
            return Asking { channel: self.clone(), message, class, left, expected }.ask().await;
        }
        let send = self.send(message).priority(class);
        let sent = match left {
            Some(left) => send.ttl(left).await,
            None => send.await,
        };
        sent.map_err(|_| Closed)
    }
}

impl<M: Wire> Sealed for Broadcast<M> {
    type Message = M;

    fn options(&self) -> RecorderOptions<'_, M> {
        self.record()
    }

    fn facts(&self) -> ChannelInfo {
        self.info()
    }

    fn outcomes_of(&self, _: usize, _: bool) -> Option<Outcomes> {
        None // its readers are lossy
    }

    async fn send_again(&self, message: M, _: Beside) -> Result<(), Closed> {
        self.send(message).map(drop).map_err(|_| Closed)
    }
}
