use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::Instant;

use super::{Ask, Channel, Delivery, Message, Priority, Shared};
use crate::{
    engine::{Admission, Effects, Log, Slot},
    error::{RequestError, Stage},
    requests::{AnyResponder, Reply, ReplyCell},
    sync::{MutexGuard, atomic::Ordering, poll_proceed},
    timers::Timer,
};

/// The future of [`Channel::request`] and [`Channel::try_request`], and the builder of its options.
///
/// # Cancel safety
/// Dropped before it is accepted, it was not sent. Dropped later, no handler gets it any more; one that has it already
/// learns it by [`Responder::is_closed`](crate::Responder::is_closed).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, TryRecvError};
/// # #[derive(Clone)] struct Ping; impl Message for Ping { type Reply = (); }
/// let pings = Fabric::new().channel::<Ping>("pings").open()?;
/// let mut worker = pings.join("workers");
/// let mut asking = pings.request(Ping);
/// assert!(pings.is_empty(), "nothing happens before it is polled");
/// assert!(futures::poll!(&mut asking).is_pending());
/// assert_eq!(pings.len(), 1);
/// drop(asking); // nobody waits any more, so no handler gets it
/// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
#[repr(C)] // the message first, as in the log
pub struct Requesting<'a, M: Message, A: Ask<M>> {
    message: Option<M>,
    channel: &'a Channel<M>,
    limit: Limit,
    parent: Option<Instant>,
    progress: Progress<A::Reply>,
    started: Option<Instant>,
    timer: Timer,
    only_try: bool,
    from: &'static Location<'static>,
    ask: PhantomData<fn(A)>,
}

/// When a request gives up.
#[derive(Clone, Copy)]
enum Limit {
    Never,
    After(Duration),
    At(Instant),
}

enum Progress<R> {
    /// Not accepted yet; waiting for room under this number.
    Sending {
        waiting: Option<u64>,
        cell: Option<Arc<ReplyCell<R>>>,
    },
    /// Accepted, at this position.
    Sent {
        position: u64,
        cell: Arc<ReplyCell<R>>,
    },
    Over,
}

impl<'a, M: Message, A: Ask<M>> Requesting<'a, M, A> {
    #[inline(always)]
    pub(super) fn new(
        channel: &'a Channel<M>,
        ask: A,
        only_try: bool,
        from: &'static Location<'static>,
    ) -> Self {
        Self {
            message: Some(ask.into_message()),
            channel,
            limit: channel.default_timeout().map_or(Limit::Never, Limit::After),
            parent: None,
            progress: Progress::Sending { waiting: None, cell: None },
            started: None,
            timer: Timer::new(),
            only_try,
            from,
            ask: PhantomData,
        }
    }

    /// Gives up this long after the first poll, instead of after the channel's default timeout.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, RequestError};
    /// # #[derive(Clone)] struct Ping; impl Message for Ping { type Reply = (); }
    /// # use std::time::Duration;
    /// # use tokio::time::Instant;
    /// let pings = Fabric::new().channel::<Ping>("pings").open()?; // 30 s, if nothing is stated
    /// let started = Instant::now();
    /// let silence = pings.request(Ping).timeout(Duration::from_secs(2)).await;
    /// assert!(matches!(silence, Err(RequestError::Expired { .. })));
    /// assert!((2..3).contains(&started.elapsed().as_secs()));
    /// # Ok(()) }
    /// ```
    pub fn timeout(mut self, after: Duration) -> Self {
        self.limit = Limit::After(after);
        self
    }

    /// Gives up at this time, instead of after the channel's default timeout.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message};
    /// # #[derive(Clone)] struct Ping; impl Message for Ping { type Reply = (); }
    /// # use std::time::Duration;
    /// use tokio::time::Instant;
    ///
    /// let pings = Fabric::new().channel::<Ping>("pings").open()?;
    /// let at = Instant::now() + Duration::from_secs(2); // for both together
    /// assert!(pings.request(Ping).deadline(at).await.is_err());
    /// assert!(pings.request(Ping).deadline(at).await.is_err(), "no time is left");
    /// assert!(Instant::now() < at + Duration::from_secs(1));
    /// # Ok(()) }
    /// ```
    pub fn deadline(mut self, at: Instant) -> Self {
        self.limit = Limit::At(at);
        self
    }

    /// Gives up at the latest when the caller of `parent` does, in whose name it is asked: the earlier of that and of
    /// its own timeout or deadline holds.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message};
    /// # #[derive(Clone)] struct Ping; impl Message for Ping { type Reply = (); }
    /// # use std::time::Duration;
    /// # use tokio::time::Instant;
    /// let fabric = Fabric::new();
    /// let (outer, inner) = (fabric.channel::<Ping>("outer").open()?, fabric.channel::<Ping>("inner").open()?);
    /// let mut worker = outer.join("workers");
    /// let mut asking = outer.request(Ping).timeout(Duration::from_secs(2));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let parent = worker.try_recv()?;
    /// let started = Instant::now();
    /// assert!(inner.request(Ping).timeout(Duration::from_secs(60)).within(&parent).await.is_err());
    /// assert!(started.elapsed() < Duration::from_secs(3), "not longer than the caller of `outer` waits");
    /// # Ok(()) }
    /// ```
    pub fn within<N: Message>(mut self, parent: &Delivery<N>) -> Self {
        self.parent = parent.deadline();
        self
    }

    /// States the class of traffic. Channels have one lane so far: it changes no order.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, Priority};
    /// # #[derive(Clone)] struct Ping; impl Message for Ping { type Reply = (); }
    /// let pings = Fabric::new().channel::<Ping>("pings").open()?;
    /// let mut worker = pings.join("workers");
    /// tokio::spawn(async move { worker.recv().await.map(|ping| ping.into_parts().1.send(())) });
    /// assert_eq!(pings.request(Ping).class(Priority::Critical).await, Ok(()));
    /// # Ok(()) }
    /// ```
    pub fn class(self, class: Priority) -> Self {
        let _ = class;
        self
    }

    /// The deadline, as of the first poll.
    fn start(&mut self) -> Option<Instant> {
        if matches!((self.limit, self.parent), (Limit::Never, None)) {
            return None;
        }
        let now = Instant::now();
        self.started = Some(now);
        let own = match self.limit {
            Limit::Never => None,
            Limit::At(at) => Some(at),
            Limit::After(after) => now.checked_add(after), // a time beyond the clock's end is no deadline
        };
        match (own, self.parent) {
            (Some(own), Some(parent)) => Some(own.min(parent)),
            (own, parent) => own.or(parent),
        }
    }

    fn expired(&mut self, stage: Stage) -> RequestError {
        let waited = self.started.map_or(Duration::ZERO, |started| started.elapsed());
        let members = self.channel.shared().log.lock().members();
        tracing::debug!(channel = self.channel.name(), %stage, ?waited, members, "request expired");
        RequestError::Expired { stage, waited, members }
    }

    /// Tries to bring the request in. Ready once it is accepted, or cannot be.
    fn poll_send(&mut self, cx: &Context<'_>) -> Poll<Result<(), RequestError>> {
        if !matches!(&self.progress, Progress::Sending { cell: Some(_), .. }) {
            let deadline = self.start();
            if deadline.is_some_and(|deadline| self.started.is_some_and(|now| deadline <= now)) {
                self.progress = Progress::Over;
                return Poll::Ready(Err(self.expired(Stage::Sending)));
            }
            let cell = Some(Arc::new(ReplyCell::new(deadline, cx.waker().clone())));
            self.progress = Progress::Sending { waiting: None, cell };
        }
        let shared = self.channel.shared();
        let Progress::Sending { waiting, cell } = &mut self.progress else { return Poll::Pending };
        let mut log = shared.log.lock();
        if waiting.is_none()
            && log.admits_now()
            && log.has_group()
            && let (Some(message), Some(cell)) = (self.message.take(), cell.take())
        {
            let request = AnyResponder::first(Arc::clone(&cell) as _);
            let position = log.push_request(Slot { message, request });
            self.progress = Progress::Sent { position, cell };
            if log.has_followers() {
                shared.pushed(log);
            }
            return Poll::Ready(Ok(()));
        }
        self.poll_send_slow(log, cx)
    }

    /// The long way in: there may be no room, or no group.
    #[cold]
    #[inline(never)]
    fn poll_send_slow(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), RequestError>> {
        let shared = self.channel.shared();
        let Progress::Sending { waiting, cell } = &mut self.progress else { return Poll::Pending };
        if waiting.is_some()
            && let Some(deadline) = cell.as_ref().and_then(|cell| cell.deadline())
            && deadline <= Instant::now()
        {
            return Poll::Pending; // too late, even with a place granted: the timer says so
        }
        let mut effects = Effects::new();
        let mut admission = match *waiting {
            None => log.admit(&mut effects),
            Some(id) => log.claim(id, cx.waker(), &mut effects),
        };
        if admission == Admission::Full && waiting.is_none() && !self.only_try {
            let id = log.wait(cx.waker(), self.from, &mut effects);
            *waiting = Some(id);
            admission = log.claim(id, cx.waker(), &mut effects);
        }
        let polled = match admission {
            Admission::Granted => match (self.message.take(), cell.take()) {
                (Some(message), Some(cell)) => {
                    let request = AnyResponder::first(Arc::clone(&cell) as _);
                    let position = log.push_any_request(Slot { message, request }, &mut effects);
                    if log.has_followers() {
                        log.pushed(1, &mut effects);
                    }
                    self.progress = Progress::Sent { position, cell };
                    Poll::Ready(Ok(()))
                }
                _ => Poll::Pending, // polled after it was ready
            },
            Admission::Closed => {
                self.progress = Progress::Over;
                Poll::Ready(Err(RequestError::Closed))
            }
            Admission::Full if self.only_try => {
                self.progress = Progress::Over;
                Poll::Ready(Err(RequestError::Full))
            }
            Admission::Full => Poll::Pending,
        };
        shared.settle(log, effects);
        polled
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<A::Reply, RequestError>> {
        let Progress::Sent { cell, .. } = &self.progress else { return Poll::Pending };
        let reply = ready!(cell.poll_reply(cx));
        self.progress = Progress::Over;
        let counters = &self.channel.shared().counters;
        let (counter, outcome) = match reply {
            Reply::Answered(reply) => (&counters.answered, Ok(reply)),
            Reply::Unanswered => (&counters.unanswered, Err(RequestError::Unanswered)),
            Reply::WrongReplyType => (&counters.unanswered, Err(RequestError::WrongReplyType)),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(outcome)
    }

    /// The deadline has passed.
    #[cold]
    fn give_up(&mut self) -> RequestError {
        let stage = self.withdraw();
        if stage != Stage::Sending {
            self.channel.shared().counters.expired.fetch_add(1, Ordering::Relaxed);
        }
        self.expired(stage)
    }

    /// Takes the request back as far as possible; how far it had come.
    fn withdraw(&mut self) -> Stage {
        match std::mem::replace(&mut self.progress, Progress::Over) {
            Progress::Sending { waiting, .. } => {
                if let Some(id) = waiting {
                    self.channel.shared().cancel_send(id);
                }
                Stage::Sending
            }
            Progress::Sent { position, cell } => {
                let handling = cell.give_up();
                self.channel.shared().reap(position); // also where one group has it, and another has not
                if handling { Stage::Handling } else { Stage::Queued }
            }
            Progress::Over => Stage::Handling,
        }
    }
}

impl<M: Message, A: Ask<M>> Unpin for Requesting<'_, M, A> {}

impl<M: Message, A: Ask<M>> Future for Requesting<'_, M, A> {
    type Output = Result<A::Reply, RequestError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let budget = ready!(poll_proceed(cx));
        let mut polled = Poll::Pending;
        // A new cell knows the waker: whatever happens to the request from now on wakes this task.
        let known = matches!(this.progress, Progress::Sending { cell: None, .. });
        if matches!(this.progress, Progress::Sending { .. }) {
            match this.poll_send(cx) {
                Poll::Ready(Err(error)) => polled = Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => budget.made_progress(),
                Poll::Pending => {}
            }
        }
        if polled.is_pending() && !known {
            polled = this.poll_reply(cx);
        }
        let deadline = match &this.progress {
            Progress::Sending { cell: Some(cell), .. } | Progress::Sent { cell, .. } => cell.deadline(),
            _ => None,
        };
        if polled.is_pending()
            && let Some(deadline) = deadline
            && this.timer.poll(deadline, cx).is_ready()
        {
            polled = Poll::Ready(Err(this.give_up()));
        }
        if polled.is_ready() {
            this.timer.disarm();
            budget.made_progress();
        }
        polled
    }
}

impl<M: Message, A: Ask<M>> Drop for Requesting<'_, M, A> {
    fn drop(&mut self) {
        let abandoned = matches!(self.progress, Progress::Sent { .. });
        if !matches!(self.progress, Progress::Over) {
            self.withdraw();
        }
        if abandoned {
            self.channel.shared().counters.abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<M: Message, A: Ask<M>> fmt::Debug for Requesting<'_, M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requesting").field("channel", &self.channel.name()).finish_non_exhaustive()
    }
}

impl<M> Shared<M> {
    /// A queued request is over: its place is free.
    #[cold]
    fn reap(&self, position: u64) {
        let mut effects = Effects::new();
        let mut log = self.log.lock();
        log.reap(position, &mut effects);
        self.settle(log, effects);
    }
}
