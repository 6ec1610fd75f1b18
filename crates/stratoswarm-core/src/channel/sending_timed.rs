use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::FusedFuture;

use super::Sending;
use crate::{
    error::SendError,
    handle::{Lifetime, block_on},
    message::{Message, Priority},
    reader::Delivery,
    request::{AnyResponder, TraceCell},
    trace::TraceContext,
};

/// The future of a [`send`](crate::Channel::send) with a time until when the message is good: [`Sending::ttl`],
/// [`Sending::within`].
///
/// It waits for room as long as any other; what expires is the message that was accepted.
///
/// # Cancel safety
/// Dropped before it is ready, the message was not sent, ever.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// # use stratoswarm_core::{Fabric, Priority};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// let worker = jobs.join("workers");
/// jobs.send(Job(1)).ttl(Duration::from_millis(5)).await?; // takes the only place
/// jobs.send(Job(2)).await?; // and gives it up, whether or not somebody takes messages
/// assert_eq!(jobs.len(), 1);
/// # drop(worker);
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct SendingTimed<'a, M: Message> {
    sending: Sending<'a, M>,
    lifetime: Lifetime,
    /// Where what it is sent for belongs in a trace.
    parent: Option<TraceContext>,
}

impl<'a, M: Message> SendingTimed<'a, M> {
    pub(super) fn new(sending: Sending<'a, M>) -> Self {
        let lifetime = Lifetime { after: sending.default_ttl(), until: None };
        Self { sending, lifetime, parent: None }
    }

    /// See [`Sending::priority`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.sending = self.sending.priority(priority);
        self
    }

    /// See [`Sending::ttl`].
    pub fn ttl(mut self, after: Duration) -> Self {
        self.lifetime.after = Some(after);
        self
    }

    /// See [`Sending::within`].
    pub fn within<N: Message>(mut self, parent: &Delivery<N>) -> Self {
        self.lifetime.until = self.lifetime.until.into_iter().chain(parent.deadline()).min();
        self.parent = parent.trace().or(self.parent);
        self
    }

    /// See [`Sending::blocking`].
    ///
    /// # Errors
    /// The channel is closed; the message comes back.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    #[track_caller]
    pub fn blocking(self) -> Result<(), SendError<M>> {
        block_on(self)
    }
}

impl<M: Message> SendingTimed<'_, M> {
    /// Polls with something beside the message that its expiry is part of.
    pub(super) fn poll_with(
        &mut self,
        beside: impl FnOnce(AnyResponder) -> AnyResponder,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<M>>> {
        let Self { sending, lifetime, parent } = self;
        sending.poll_with(*parent, |context| beside(TraceCell::beside(context, lifetime.expiry())), cx)
    }

    /// Takes the message of one that is over then.
    pub(super) fn take_message(&mut self) -> Option<M> {
        self.sending.take_message()
    }
}

impl<M: Message> Unpin for SendingTimed<'_, M> {}

impl<M: Message> Future for SendingTimed<'_, M> {
    type Output = Result<(), SendError<M>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().poll_with(|expiry| expiry, cx)
    }
}

impl<M: Message> FusedFuture for SendingTimed<'_, M> {
    fn is_terminated(&self) -> bool {
        self.sending.is_terminated()
    }
}

impl<M: Message> fmt::Debug for SendingTimed<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendingTimed").field("channel", &self.sending.channel_name()).finish_non_exhaustive()
    }
}
