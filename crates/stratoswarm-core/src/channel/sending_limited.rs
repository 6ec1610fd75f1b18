use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::FusedFuture;
use tokio::sync::OwnedSemaphorePermit;

use super::{Limited, Sending, SendingTimed, limited};
use crate::{
    error::SendError,
    handle::block_on,
    message::{Message, Priority},
    reader::Delivery,
};

/// The future of [`Limited::send`], and the builder of its options.
///
/// # Cancel safety
/// Dropped before it is ready, the message was not sent, ever, and its credit is free.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// # use stratoswarm_core::{Fabric, Priority};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").lane(Priority::Critical, 4).open()?;
/// let mut worker = jobs.join("workers");
/// let agent = jobs.with_credit(2);
/// agent.send(Job(1)).ttl(Duration::from_secs(1)).await?;
/// agent.send(Job(2)).priority(Priority::Critical).await?;
/// assert_eq!(worker.try_recv()?.0, 2, "before what was sent earlier");
/// tokio::time::advance(Duration::from_secs(1)).await;
/// assert!(worker.try_recv().is_err(), "it is stale");
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct SendingLimited<'a, M: Message> {
    limited: &'a Limited<M>,
    sending: SendingTimed<'a, M>,
    credit: Credit<'a>,
    from: &'static Location<'static>,
}

enum Credit<'a> {
    /// Not asked for yet.
    New,
    Awaited(Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send + 'a>>),
    /// Here, until the message is sent.
    Here(Option<OwnedSemaphorePermit>),
}

impl<'a, M: Message> SendingLimited<'a, M> {
    pub(super) fn new(limited: &'a Limited<M>, message: M, from: &'static Location<'static>) -> Self {
        let sending = SendingTimed::new(Sending::new(limited.channel(), message, from));
        Self { limited, sending, credit: Credit::New, from }
    }

    /// See [`Sending::priority`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.sending = self.sending.priority(priority);
        self
    }

    /// See [`Sending::ttl`]. One whose time is over keeps its credit until a reader passes over it.
    pub fn ttl(mut self, after: Duration) -> Self {
        self.sending = self.sending.ttl(after);
        self
    }

    /// See [`Sending::within`].
    pub fn within<N: Message>(mut self, parent: &Delivery<N>) -> Self {
        self.sending = self.sending.within(parent);
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

impl<M: Message> Unpin for SendingLimited<'_, M> {}

impl<M: Message> Future for SendingLimited<'_, M> {
    type Output = Result<(), SendError<M>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match &mut this.credit {
                Credit::New => {
                    this.credit = match this.limited.try_acquire() {
                        Some(credit) => Credit::Here(Some(credit)),
                        None => Credit::Awaited(Box::pin(this.limited.acquire(this.from))),
                    };
                }
                Credit::Awaited(acquiring) => {
                    let credit = ready!(acquiring.as_mut().poll(cx));
                    let closed = credit.is_none();
                    this.credit = Credit::Here(credit);
                    if closed {
                        let message = this.sending.take_message();
                        return message.map_or(Poll::Pending, |message| Poll::Ready(Err(SendError(message))));
                    }
                }
                Credit::Here(credit) => {
                    return this.sending.poll_with(|expiry| limited::charge(credit, expiry), cx);
                }
            }
        }
    }
}

impl<M: Message> FusedFuture for SendingLimited<'_, M> {
    fn is_terminated(&self) -> bool {
        self.sending.is_terminated()
    }
}

impl<M: Message> fmt::Debug for SendingLimited<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendingLimited")
            .field("channel", &self.limited.channel().name())
            .finish_non_exhaustive()
    }
}
