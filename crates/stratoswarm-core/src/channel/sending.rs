use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::FusedFuture;

use super::{
    Channel, SendingTimed, Settling,
    toll::Weighed,
    turn::{By, Turn},
};
use crate::{
    chaos::Moment,
    engine::{Effects, Log},
    error::SendError,
    handle::{Account, Shared, block_on, weigh},
    message::{Message, Priority},
    reader::Delivery,
    request::{AnyResponder, SettleCell, TraceCell},
    stats::WaitKind,
    sync::{MutexGuard, poll_proceed},
    trace::{StepKind, TraceContext},
};

/// The future of [`Channel::send`].
///
/// # Cancel safety
/// Dropped before it is ready, the message was not sent, ever; a place it had been granted goes to the next sender.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, TryRecvError};
/// # use stratoswarm_core::examples::Job;
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
    channel: &'a Channel<M>,
    turn: Turn,
    from: &'static Location<'static>,
}

impl<'a, M: Message> Sending<'a, M> {
    #[inline(always)]
    pub(super) fn new(channel: &'a Channel<M>, message: M, from: &'static Location<'static>) -> Self {
        Self { message: Some(message), channel, turn: Turn::new(), from }
    }

    /// The class of traffic of this message, whatever [`Message::priority`] says.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Priority};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").lane(Priority::Critical, 4).open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send(Job(1)).await?;
    /// jobs.send(Job(2)).priority(Priority::Critical).await?;
    /// assert_eq!(worker.try_recv()?.0, 2, "before what was sent earlier");
    /// # Ok(()) }
    /// ```
    pub fn priority(mut self, priority: Priority) -> Self {
        self.turn.set_class(priority);
        self
    }

    /// Waits, once it is sent, until each group that [acknowledges](crate::GroupOptions::ack) has settled the message: of those
    /// that are there when it is accepted. Others do not count; without any it is ready at once.
    ///
    /// # Cancel safety
    /// Dropped before the message is sent, it is not sent, ever. Dropped later, it changes nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{AckPolicy, Fabric, Settlement};
    /// # use stratoswarm_core::examples::Job;
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

    /// How long the message is good for, from its acceptance on, instead of the channel's
    /// [`ttl`](crate::ChannelBuilder::ttl). After that no group and no subscriber is handed it; each counts it as expired, and
    /// its place is free. One that is handed out by then is not called back.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send(Job(1)).ttl(Duration::from_secs(1)).await?;
    /// jobs.send(Job(2)).await?;
    /// tokio::time::advance(Duration::from_secs(1)).await;
    /// assert_eq!(worker.try_recv()?.0, 2);
    /// assert_eq!(jobs.info().readers[0].skipped.expired, 1);
    /// # Ok(()) }
    /// ```
    pub fn ttl(self, after: Duration) -> SendingTimed<'a, M> {
        SendingTimed::new(self).ttl(after)
    }

    /// The message is good no longer than that which it is sent for: until the deadline of `parent`, or its own
    /// [`ttl`](Self::ttl), whichever is earlier.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let (jobs, steps) = (fabric.channel::<Job>("jobs").open()?, fabric.channel::<Job>("steps").open()?);
    /// let mut worker = jobs.join("workers");
    /// let mut helper = steps.join("helpers");
    /// jobs.send(Job(1)).ttl(Duration::from_secs(1)).await?;
    /// let job = worker.try_recv()?;
    /// steps.send(Job(2)).within(&job).await?;
    /// assert_eq!(helper.try_recv()?.deadline(), job.deadline());
    /// # Ok(()) }
    /// ```
    pub fn within<N: Message>(self, parent: &Delivery<N>) -> SendingTimed<'a, M> {
        SendingTimed::new(self).within(parent)
    }

    /// Blocks this thread until it is sent, in place of being polled.
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

    /// Sends, and says by what the groups tell how they settle it; by nothing, if none acknowledges.
    pub(super) fn poll_settled(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Arc<SettleCell>>, SendError<M>>> {
        ready!(self.turn.hold(self.channel.shared(), Moment::Send, cx));
        let Some(message) = &self.message else { return Poll::Pending }; // polled after it was ready
        let (by, shared) = (self.by(), self.shared());
        let mut effects = Effects::new();
        let mut log = shared.log.lock();
        let lane = self.turn.find_lane(&log, || message.priority());
        let turn = self.turn.poll_paid(shared, &mut log, message, None, WaitKind::Send, by, cx, &mut effects);
        let taken = if turn.is_ready() { self.message.take() } else { None };
        let polled = match (turn, taken) {
            (Poll::Ready(Ok(paid)), Some(message)) => {
                let cell = log.owe(lane);
                let beside = paid.beside(&mut log, shared.expiry());
                log.push_in(lane, message, beside, self.channel.sender(), &mut effects);
                log.after_push(1, &mut effects);
                Poll::Ready(Ok(cell))
            }
            (Poll::Ready(Err(_)), Some(message)) => Poll::Ready(Err(SendError(message))),
            _ => Poll::Pending,
        };
        shared.unlock_and_apply(log, effects);
        if polled.is_pending() {
            self.turn.arm(cx);
        }
        polled
    }

    /// Polls with something else beside the message than the channel's own; where it is traced, as sent within `parent`.
    pub(super) fn poll_with(
        &mut self,
        parent: Option<TraceContext>,
        beside: impl FnOnce(Option<TraceContext>) -> AnyResponder,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<M>>> {
        let budget = ready!(poll_proceed(cx));
        ready!(self.turn.hold(self.channel.shared(), Moment::Send, cx));
        let polled = if self.shared().has_tracer() {
            self.poll_traced(parent, beside, cx)
        } else {
            self.poll_in_lane(self.shared().log.lock(), None, || beside(None), cx)
        };
        if polled.is_ready() {
            budget.made_progress();
        }
        polled
    }

    #[inline(always)]
    fn shared(&self) -> &'a Shared<M> {
        self.channel.shared()
    }

    fn by(&self) -> By {
        By { handle: self.channel.address(), at: self.from }
    }

    pub(super) fn default_ttl(&self) -> Option<Duration> {
        self.shared().traffic.ttl
    }

    pub(super) fn channel_name(&self) -> &str {
        &self.shared().name
    }

    /// The way of a message that is to be looked at: into its lane, with its expiry, and charged where bytes are bounded.
    #[inline(never)]
    fn poll_in_lane(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        weighed: Option<Weighed>,
        expiry: impl FnOnce() -> AnyResponder,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<M>>> {
        let Some(message) = &self.message else { return Poll::Pending }; // polled after it was ready
        let (by, shared, lane) = (self.by(), self.shared(), self.turn.find_lane(&log, || message.priority()));
        let mut effects = Effects::new();
        let turn =
            self.turn.poll_paid(shared, &mut log, message, weighed, WaitKind::Send, by, cx, &mut effects);
        let taken = if turn.is_ready() { self.message.take() } else { None };
        let polled = match (turn, taken) {
            (Poll::Ready(Ok(paid)), Some(message)) => {
                let beside = paid.beside(&mut log, expiry());
                log.push_in(lane, message, beside, self.channel.sender(), &mut effects);
                if log.has_listeners() {
                    log.after_push(1, &mut effects);
                }
                Poll::Ready(Ok(()))
            }
            (Poll::Ready(Err(_)), Some(message)) => Poll::Ready(Err(SendError(message))),
            _ => Poll::Pending,
        };
        shared.unlock_and_apply(log, effects);
        if polled.is_pending() {
            self.turn.arm(cx);
        }
        polled
    }

    /// The way of a message that is traced: what says where it belongs is put beside it, if it is sampled.
    #[cold]
    #[inline(never)]
    fn poll_traced(
        &mut self,
        parent: Option<TraceContext>,
        beside: impl FnOnce(Option<TraceContext>) -> AnyResponder,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<M>>> {
        if self.message.is_none() {
            return Poll::Pending; // polled after it was ready
        }
        let shared = self.shared();
        let mut span = match self.turn.take_span() {
            None if self.turn.is_new() => shared.begin_trace(StepKind::Send, parent),
            span => span,
        };
        let context = span.as_ref().map(|span| span.context()).filter(TraceContext::is_sampled);
        let polled = self.poll_in_lane(shared.log.lock(), None, || beside(context), cx);
        match (&polled, &mut span) {
            (Poll::Pending, _) => self.turn.keep_span(span),
            (Poll::Ready(Err(_)), Some(span)) => span.fail("closed"),
            _ => {}
        }
        polled
    }

    /// The short way into its lane, for a message that nothing lies beside; whether it went.
    #[inline]
    fn enter_lane(&mut self, log: &mut Log<M>) -> bool {
        let shared = self.shared();
        let Some(message) = self.message.as_ref().filter(|_| shared.is_bare) else { return false };
        if !self.turn.is_new() {
            return false;
        }
        let lane = self.turn.find_lane(log, || message.priority());
        log.enter_lane(lane, &mut self.message)
    }

    /// The first poll of a message whose bytes are bounded: most often it is charged and accepted at once.
    fn poll_new_charged(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        account: &Account,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<M>>> {
        let Some(message) = &self.message else { return Poll::Pending }; // polled after it was ready
        let (shared, lane) = (self.shared(), self.turn.find_lane(&log, || message.priority()));
        if !self.turn.is_new() {
            return self.poll_in_lane(log, None, || shared.expiry(), cx);
        }
        let bytes = weigh(message);
        let weighed = if shared.is_bare && account.try_take(bytes) {
            if log.enter_charged(lane, &mut self.message, |charges| account.beside(charges, bytes)) {
                if log.has_listeners() {
                    shared.after_push(log);
                }
                return Poll::Ready(Ok(()));
            }
            Weighed::charged(bytes, account.charged(bytes))
        } else {
            Weighed::new(bytes)
        };
        self.poll_in_lane(log, Some(weighed), || shared.expiry(), cx)
    }

    /// Takes the message back, if it was not sent.
    pub(super) fn take_back(mut self) -> Option<M> {
        self.take_message()
    }

    /// The same of one that is over then.
    pub(super) fn take_message(&mut self) -> Option<M> {
        self.message.take()
    }

    /// The way where the channel has lanes, as one has whose messages expire, or are charged.
    #[inline(never)]
    fn poll_laned(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError<M>>> {
        let shared = self.shared();
        if shared.has_tracer() {
            drop(log);
            return self.poll_traced(None, |context| TraceCell::beside(context, shared.expiry()), cx);
        }
        if let Some(account) = shared.account() {
            return self.poll_new_charged(log, account, cx);
        }
        if self.enter_lane(&mut log) {
            if log.has_listeners() {
                shared.after_push(log);
            }
            return Poll::Ready(Ok(()));
        }
        self.poll_in_lane(log, None, || shared.expiry(), cx)
    }

    #[cold]
    #[inline(never)]
    fn poll_in_line(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        cx: &mut Context<'_>,
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
                self.shared().after_push(log);
            }
            return Poll::Ready(Ok(()));
        }
        let (by, mut effects) = (self.by(), Effects::new());
        let turn = self.turn.poll(&mut log, 1, WaitKind::Send, by, cx, &mut effects);
        let polled = match (turn, if turn.is_ready() { self.message.take() } else { None }) {
            (Poll::Ready(Ok(_)), Some(message)) => {
                log.push(message);
                log.after_push(1, &mut effects);
                Poll::Ready(Ok(()))
            }
            (Poll::Ready(Err(_)), Some(message)) => Poll::Ready(Err(SendError(message))),
            _ => Poll::Pending,
        };
        self.shared().unlock_and_apply(log, effects);
        if polled.is_pending() {
            self.turn.arm(cx);
        }
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
        let shared = this.shared();
        ready!(this.turn.hold(shared, Moment::Send, cx));
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
        let polled = if log.has_lanes() { this.poll_laned(log, cx) } else { this.poll_in_line(log, cx) };
        if polled.is_ready() {
            budget.made_progress();
        }
        polled
    }
}

impl<M: Message> Drop for Sending<'_, M> {
    #[inline]
    fn drop(&mut self) {
        self.turn.cancel(self.channel.shared());
    }
}

impl<M: Message> FusedFuture for Sending<'_, M> {
    fn is_terminated(&self) -> bool {
        self.message.is_none()
    }
}

impl<M: Message> fmt::Debug for Sending<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("channel", &self.shared().name).finish_non_exhaustive()
    }
}
