use std::{fmt, future::Future, panic::Location, pin::pin, sync::Arc, task::Poll};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Channel, SendingLimited};
use crate::{
    error::{SendError, TrySendError},
    handle::{block_on, closed_while},
    message::Message,
    request::{AnyResponder, ChargeCell},
    stats::WaitKind,
};

/// A sending handle of which at most so many messages wait at any time, made by [`Channel::with_credit`].
///
/// For a sender that is to have its share of a channel and no more: whoever sends too much fills its own credit, and not the
/// channel that others send into. A message waits from its acceptance until the slowest group or subscriber has taken it;
/// taps do not count. One whose time to live is over waits until a reader passes over it, though its place is free before.
///
/// Clones share the credit.
///
/// # Cost
/// One allocation a message; and readers take such messages by the way of requests.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Limited};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1_000).open()?;
/// let mut worker = jobs.join("workers");
/// let agent: Limited<Job> = jobs.with_credit(2);
/// for n in 1..=2 { agent.send(Job(n)).await?; }
/// assert!(agent.try_send(Job(3)).is_err(), "two of its messages wait");
/// jobs.try_send(Job(4))?; // others are not held up
/// let in_work = worker.recv().await;
/// agent.try_send(Job(3))?; // it is taken, though not finished
/// assert_eq!(agent.waiting(), 2);
/// # drop(in_work); Ok(()) }
/// ```
pub struct Limited<M: Message> {
    channel: Channel<M>,
    credit: Arc<Semaphore>,
    limit: usize,
}

impl<M: Message> Limited<M> {
    fn new(channel: Channel<M>, limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { channel, credit: Arc::new(Semaphore::new(limit)), limit }
    }

    /// Waits for credit, then for room, and sends. The future is a builder, too: `.priority(..)`, `.ttl(..)`. Who waits for
    /// credit is in nobody's way: in the channel's line he is only once he has it.
    ///
    /// # Errors
    /// The channel is closed; the message comes back.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the message was not sent, ever, and its credit is free.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// let agent = jobs.with_credit(1);
    /// let sending = tokio::spawn(async move {
    ///     for n in 1..=3 { agent.send(Job(n)).await?; }
    ///     Ok::<_, stratoswarm_core::SendError<Job>>(())
    /// });
    /// for n in 1..=3 {
    ///     assert_eq!(worker.recv().await.map(|job| job.0), Some(n));
    ///     assert!(jobs.is_empty());
    /// }
    /// sending.await??;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn send(&self, message: M) -> SendingLimited<'_, M> {
        SendingLimited::new(self, message, Location::caller())
    }

    /// Blocks this thread until there are credit and room, and sends.
    ///
    /// # Errors
    /// The channel is closed; the message comes back.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    #[track_caller]
    pub fn blocking_send(&self, message: M) -> Result<(), SendError<M>> {
        block_on(self.send(message))
    }

    /// Sends, if there are credit and room, and no earlier sender waits for either.
    ///
    /// # Errors
    /// [`Full`](TrySendError::Full), also where only the credit is used up, or [`Closed`](TrySendError::Closed); the message
    /// comes back.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TrySendError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let agent = jobs.with_credit(1);
    /// agent.try_send(Job(1))?;
    /// assert_eq!(agent.try_send(Job(2)), Err(TrySendError::Full(Job(2))));
    /// jobs.close();
    /// assert_eq!(agent.try_send(Job(2)), Err(TrySendError::Closed(Job(2))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_send(&self, message: M) -> Result<(), TrySendError<M>> {
        let Some(credit) = self.try_acquire() else {
            let closed = self.channel.is_closed();
            return Err(if closed { TrySendError::Closed(message) } else { TrySendError::Full(message) });
        };
        let expiry = || self.channel.shared().expiry();
        self.channel.try_send_with(message, || charge(&mut Some(credit), expiry()))
    }

    /// How many of its messages may wait.
    pub fn credit(&self) -> usize {
        self.limit
    }

    /// How many of its messages wait, those included that wait for room.
    pub fn waiting(&self) -> usize {
        self.limit - self.credit.available_permits().min(self.limit)
    }

    /// A handle of the channel, without a limit.
    pub fn channel(&self) -> &Channel<M> {
        &self.channel
    }

    /// Credit for one message, if there is some, and so nobody waits for it.
    pub(super) fn try_acquire(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.credit).try_acquire_owned().ok()
    }

    /// Waits for credit for one message; none once the channel is closed.
    pub(super) async fn acquire(&self, from: &'static Location<'static>) -> Option<OwnedSemaphorePermit> {
        let mut acquiring = pin!(Arc::clone(&self.credit).acquire_owned());
        let mut closing = pin!(closed_while(self.channel.shared(), WaitKind::Credit, from));
        std::future::poll_fn(|cx| match closing.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => acquiring.as_mut().poll(cx).map(Result::ok),
        })
        .await
    }
}

/// What lies beside an accepted message that took credit.
pub(super) fn charge(credit: &mut Option<OwnedSemaphorePermit>, expiry: AnyResponder) -> AnyResponder {
    match credit.take() {
        Some(credit) => AnyResponder::first(Arc::new(ChargeCell::new(credit, expiry))),
        None => expiry,
    }
}

impl<M: Message> Clone for Limited<M> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self { channel: self.channel.clone(), credit: Arc::clone(&self.credit), limit: self.limit }
    }
}

impl<M: Message> fmt::Debug for Limited<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("channel", &self.channel.name())
            .field("credit", &self.limit)
            .field("waiting", &self.waiting())
            .finish()
    }
}

impl<M: Message> Channel<M> {
    /// A handle of which at most `messages` messages wait at any time. With 0 it never sends one.
    ///
    /// # Examples
    /// See [`Limited`].
    #[track_caller]
    pub fn with_credit(&self, messages: usize) -> Limited<M> {
        Limited::new(self.clone(), messages)
    }
}
