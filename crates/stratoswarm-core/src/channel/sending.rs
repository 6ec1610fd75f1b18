use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::FusedFuture;

use super::{Channel, Settling, turn::Turn};
use crate::{
    engine::{Effects, Log},
    error::SendError,
    handle::Shared,
    message::{Message, Priority},
    request::SettleCell,
    stats::WaitKind,
    sync::{MutexGuard, poll_proceed},
};

/// The future of [`Channel::send`].
///
/// # Cancel safety
/// Dropped before it is ready, the message was not sent, ever; a place it had been granted goes to the next sender.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, NoReply, TryRecvError};
/// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
/// use futures::FutureExt;
///
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// let mut worker = jobs.join("workers");
/// jobs.send(Job(1)).await?;
/// assert!(jobs.send(Job(2)).now_or_never().is_none(), "full: it waits, and is dropped");
/// assert_eq!(worker.try_recv()?.0, 1);
/// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty), "the second was not sent");
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
#[repr(C)] // the message first, as in the log
pub struct Sending<'a, M: Message> {
    /// None once it is sent, or came back.
    message: Option<M>,
    shared: &'a Shared<M>,
    turn: Turn,
    from: &'static Location<'static>,
}

impl<'a, M: Message> Sending<'a, M> {
    #[inline(always)]
    pub(super) fn new(channel: &'a Channel<M>, message: M, from: &'static Location<'static>) -> Self {
        Self { message: Some(message), shared: channel.shared(), turn: Turn::new(), from }
    }

    /// States the message's class of traffic for this call. Channels have one lane so far: it changes no order.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, NoReply, Priority};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send(Job(1)).priority(Priority::Low).await?;
    /// jobs.send(Job(2)).priority(Priority::Critical).await?;
    /// assert_eq!(worker.try_recv()?.0, 1, "one lane so far");
    /// # Ok(()) }
    /// ```
    pub fn priority(self, priority: Priority) -> Self {
        let _ = priority;
        self
    }

    /// Waits, once it is sent, until each group that [acknowledges](crate::GroupOptions::ack) has settled the message: of those
    /// that are there when it is accepted. Others do not count; without any it is ready at once.
    ///
    /// # Errors
    /// The channel is closed; the message comes back.
    ///
    /// # Cancel safety
    /// Dropped before the message is sent, it is not sent, ever. Dropped later, it changes nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{AckPolicy, Fabric, Message, NoReply, Settlement};
    /// # #[derive(Clone)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// assert_eq!(jobs.send(Job(1)).settled().await?, Settlement::Acked, "nobody acknowledges");
    /// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = worker.recv().await { delivery.into_acked().1.ack(); }
    /// });
    /// assert_eq!(jobs.send(Job(2)).settled().await?, Settlement::Acked);
    /// # Ok(()) }
    /// ```
    pub fn settled(self) -> Settling<'a, M> {
        Settling::new(self)
    }

    /// Sends, and says by what the groups tell how they settle it; by nothing, if none acknowledges.
    pub(super) fn poll_settled(
        &mut self,
        cx: &Context<'_>,
    ) -> Poll<Result<Option<Arc<SettleCell>>, SendError<M>>> {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let turn = if self.turn.is_new() && log.admit_fast() {
            Poll::Ready(Ok(1))
        } else {
            self.turn.poll(&mut log, 1, WaitKind::Send, self.from, cx, &mut effects)
        };
        let polled = match (turn, if turn.is_ready() { self.message.take() } else { None }) {
            (Poll::Ready(Ok(_)), Some(message)) => {
                let cell = log.push_settled(message);
                log.after_push(1, &mut effects);
                Poll::Ready(Ok(cell))
            }
            (Poll::Ready(Err(_)), Some(message)) => Poll::Ready(Err(SendError(message))),
            _ => Poll::Pending,
        };
        self.shared.unlock_and_apply(log, effects);
        polled
    }

    /// Takes the message back, if it was not sent.
    pub(super) fn take_back(mut self) -> Option<M> {
        self.message.take()
    }

    #[cold]
    #[inline(never)]
    fn poll_slow(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), SendError<M>>> {
        if self.message.is_none() {
            return Poll::Pending; // polled after it was ready
        }
        if self.turn.queue(&mut log, WaitKind::Send, self.from, cx) {
            return Poll::Pending;
        }
        if self.turn.claim(&mut log)
            && let Some(message) = self.message.take()
        {
            log.push(message);
            if log.has_listeners() {
                self.shared.after_push(log);
            }
            return Poll::Ready(Ok(()));
        }
        let mut effects = Effects::new();
        let turn = self.turn.poll(&mut log, 1, WaitKind::Send, self.from, cx, &mut effects);
        let polled = match (turn, if turn.is_ready() { self.message.take() } else { None }) {
            (Poll::Ready(Ok(_)), Some(message)) => {
                log.push(message);
                log.after_push(1, &mut effects);
                Poll::Ready(Ok(()))
            }
            (Poll::Ready(Err(_)), Some(message)) => Poll::Ready(Err(SendError(message))),
            _ => Poll::Pending,
        };
        self.shared.unlock_and_apply(log, effects);
        polled
    }
}

impl<M: Message> Unpin for Sending<'_, M> {}

impl<M: Message> Future for Sending<'_, M> {
    type Output = Result<(), SendError<M>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let budget = ready!(poll_proceed(cx));
        let shared = this.shared;
        let mut log = shared.log.lock();
        if this.turn.is_new()
            && this.message.is_some()
            && log.admit_fast()
            && let Some(message) = this.message.take()
        {
            log.push(message);
            budget.made_progress();
            if log.has_listeners() {
                shared.after_push(log);
            }
            return Poll::Ready(Ok(()));
        }
        let polled = this.poll_slow(log, cx);
        if polled.is_ready() {
            budget.made_progress();
        }
        polled
    }
}

impl<M: Message> Drop for Sending<'_, M> {
    #[inline]
    fn drop(&mut self) {
        self.turn.cancel(self.shared);
    }
}

impl<M: Message> FusedFuture for Sending<'_, M> {
    fn is_terminated(&self) -> bool {
        self.message.is_none()
    }
}

impl<M: Message> fmt::Debug for Sending<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("channel", &self.shared.name).finish_non_exhaustive()
    }
}
