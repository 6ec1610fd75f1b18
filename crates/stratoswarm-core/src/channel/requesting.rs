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

use futures_core::FusedFuture;
use tokio::time::Instant;

use super::{
    Channel,
    limit::Limit,
    request_trace::RequestTrace,
    toll::try_enter,
    turn::{By, Turn},
};
use crate::{
    chaos::Moment,
    engine::{Admission, Effects, LaneIndex, Log},
    error::{RequestError, Stage},
    handle::{Shared, block_on},
    message::{Ask, Message, Priority},
    reader::Delivery,
    request::{AnyCell, AnyResponder, Reply, ReplyCell, TraceCell},
    stats::{Caller, WaitKind},
    sync::{MutexGuard, atomic::Ordering, poll_proceed},
    timers::Timer,
    trace::StepKind,
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
/// # use stratoswarm_core::{Fabric, TryRecvError};
/// # use stratoswarm_core::examples::Ping;
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
    /// None once it is sent, or cannot be.
    message: Option<M>,
    channel: &'a Channel<M>,
    limit: Limit,
    parent: Option<Instant>,
    /// Where it belongs in a trace, if its channel is traced.
    trace: Option<Box<RequestTrace>>,
    progress: Progress,
    cell: Option<Arc<ReplyCell<A::Reply>>>,
    started: Option<Instant>,
    turn: Turn,
    timer: Timer,
    only_try: bool,
    from: &'static Location<'static>,
    ask: PhantomData<fn(A)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Not polled yet.
    New,
    /// Waiting for room, or for a group.
    Sending,
    /// Accepted, under this number of this lane.
    Sent(LaneIndex, u64),
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
            limit: Limit::of_channel(channel.default_timeout()),
            parent: None,
            trace: None,
            progress: Progress::New,
            cell: None,
            started: None,
            turn: Turn::new(),
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
    /// # use stratoswarm_core::{Fabric, RequestError};
    /// # use stratoswarm_core::examples::Ping;
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
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Ping;
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
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Ping;
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
        if let Some(parent) = parent.trace() {
            self.trace = Some(Box::new(RequestTrace { parent: Some(parent), begun: None }));
        }
        self
    }

    /// The class of traffic of this request, whatever [`Message::priority`] says.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, Priority};
    /// # #[derive(Clone)] struct Ping(u32); impl Message for Ping { type Reply = (); }
    /// let pings = Fabric::new().channel::<Ping>("pings").lane(Priority::Critical, 4).open()?;
    /// let mut worker = pings.join("workers");
    /// let (mut bulk, mut urgent) = (pings.request(Ping(1)), pings.request(Ping(2)).priority(Priority::Critical));
    /// assert!(futures::poll!(&mut bulk).is_pending() && futures::poll!(&mut urgent).is_pending());
    /// assert_eq!(worker.try_recv()?.0, 2, "before what was asked earlier");
    /// # Ok(()) }
    /// ```
    pub fn priority(mut self, priority: Priority) -> Self {
        self.turn.set_class(priority);
        self
    }

    /// No time was left at the first poll.
    #[cold]
    fn too_late(&mut self) -> RequestError {
        self.progress = Progress::Over;
        let log = self.channel.shared().log.lock();
        let (closed, served) = (log.is_closed(), log.has_group());
        drop(log);
        match (closed, served) {
            (true, _) => RequestError::Closed,
            (false, true) => self.expired(Stage::Sending),
            (false, false) => self.expired(Stage::Unserved),
        }
    }

    /// Blocks this thread until the reply, in place of being polled.
    ///
    /// # Errors
    /// Those of [`Channel::request`].
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, RequestError};
    /// # use stratoswarm_core::examples::Ping;
    /// # use std::time::Duration;
    /// let pings = Fabric::new().channel::<Ping>("pings").group("workers").open()?;
    /// let silence = pings.request(Ping).timeout(Duration::from_millis(5)).blocking();
    /// assert!(matches!(silence, Err(RequestError::Expired { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn blocking(self) -> Result<A::Reply, RequestError> {
        block_on(self)
    }

    /// The deadline, as of the first poll.
    fn start(&mut self) -> Option<Instant> {
        if matches!((self.limit, self.parent), (Limit::Never, None)) {
            return None;
        }
        let now = Instant::now();
        self.started = Some(now);
        self.limit.deadline(self.parent, now)
    }

    #[cold]
    fn expired(&mut self, stage: Stage) -> RequestError {
        let waited = self.started.map_or(Duration::ZERO, |started| started.elapsed());
        self.channel.shared().counters.expire(stage);
        let members = self.channel.shared().log.lock().members();
        tracing::debug!(channel = self.channel.name(), %stage, ?waited, members, "request expired");
        RequestError::Expired { stage, waited, members }
    }

    /// The first poll: most often the request is accepted at once.
    #[inline(always)]
    fn poll_new(&mut self, cx: &mut Context<'_>) -> Poll<Result<A::Reply, RequestError>> {
        let deadline = self.start();
        if deadline.is_some_and(|deadline| self.started.is_some_and(|now| deadline <= now)) {
            return Poll::Ready(Err(self.too_late()));
        }
        let shared = self.channel.shared();
        // It knows the waker: whatever happens to the request from now on wakes this task.
        let caller = Caller::here(WaitKind::Request, self.from);
        let cell = ReplyCell::new(deadline, shared.address(), caller, cx.waker().clone());
        #[cfg(feature = "chaos")]
        let cell = cell.late_if(deadline.is_some() && shared.chaos().is_late(&shared.name));
        let cell = Arc::new(cell);
        self.cell = Some(Arc::clone(&cell));
        self.progress = Progress::Sending;
        let mut log = shared.log.lock();
        if log.has_group()
            && log.admit_fast()
            && let Some(message) = self.message.take()
        {
            let number = log.push_request(message, AnyResponder::first(Arc::clone(&cell) as _));
            self.progress = Progress::Sent(0, number);
            if log.has_listeners() {
                shared.after_push(log);
            }
        } else {
            self.send_slow(log, cx)?;
        }
        // In the list of those that wait; whatever happened meanwhile has woken this task.
        self.timer.watch(deadline.zip(self.started), Arc::clone(&cell) as _, cx);
        if shared.has_ended() {
            cell.close(); // a shutdown may have gone through the list before
            return self.poll_reply(cx);
        }
        Poll::Pending
    }

    /// The long way in: there may be no room, or no group. An error if it cannot be.
    #[cold]
    #[inline(never)]
    fn send_slow(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        cx: &mut Context<'_>,
    ) -> Result<(), RequestError> {
        if self.channel.shared().has_tracer() && self.trace.as_ref().is_none_or(|trace| trace.begun.is_none())
        {
            drop(log);
            self.begin_trace();
            log = self.channel.shared().log.lock();
        }
        let mut effects = Effects::new();
        let entered = self.enter(&mut log, cx, &mut effects);
        self.channel.shared().unlock_and_apply(log, effects);
        if entered.is_err() {
            self.progress = Progress::Over;
        } else if self.progress == Progress::Sending {
            self.turn.arm(cx);
        }
        entered
    }

    #[cold]
    fn begin_trace(&mut self) {
        let trace = self.trace.get_or_insert_default();
        trace.begun = Some(self.channel.shared().begin_trace(StepKind::Request, trace.parent));
    }

    /// Brings the request in, or waits.
    fn enter(
        &mut self,
        log: &mut Log<M>,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) -> Result<(), RequestError> {
        if log.is_closed() {
            self.turn.end(log, effects);
            return Err(RequestError::Closed);
        }
        let Some(message) = &self.message else { return Ok(()) };
        let lane = self.turn.find_lane(log, || message.priority());
        if !log.has_group() {
            if self.only_try {
                return Err(RequestError::Unserved);
            }
            let caller = || Caller::here(WaitKind::Request, self.from);
            self.turn.wait_for_group(log, self.channel.address(), caller, cx, effects);
            return Ok(());
        }
        let shared = self.channel.shared();
        let paid = if self.only_try {
            match try_enter(shared, log, lane, message, effects) {
                Ok(paid) => paid,
                Err(Admission::Closed) => return Err(RequestError::Closed),
                Err(_) => return Err(RequestError::Full),
            }
        } else {
            let by = By { handle: self.channel.address(), at: self.from };
            match self.turn.poll_paid(shared, log, message, None, WaitKind::Request, by, cx, effects) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(_)) => return Err(RequestError::Closed),
                Poll::Ready(Ok(paid)) => paid,
            }
        };
        if let (Some(message), Some(cell)) = (self.message.take(), &self.cell) {
            let context = self.trace.as_ref().and_then(|trace| trace.context());
            let responder = TraceCell::beside(context, AnyResponder::first(Arc::clone(cell) as _));
            let request = paid.beside_request(responder);
            let number = log.push_request_in(lane, message, request, self.channel.sender(), effects);
            self.progress = Progress::Sent(lane, number);
            log.after_push(1, effects);
        }
        Ok(())
    }

    /// A later poll.
    fn poll_again(&mut self, cx: &mut Context<'_>) -> Poll<Result<A::Reply, RequestError>> {
        let reply = self.poll_reply(cx);
        if reply.is_ready() {
            return reply;
        }
        let Some(cell) = &self.cell else { return Poll::Pending };
        if let Some(deadline) = cell.deadline()
            && self.timer.poll_listed(deadline, || Arc::clone(cell) as _, cx).is_ready()
        {
            return Poll::Ready(Err(self.give_up()));
        }
        if self.progress == Progress::Sending {
            let shared = self.channel.shared();
            self.send_slow(shared.log.lock(), cx)?;
        }
        Poll::Pending
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<A::Reply, RequestError>> {
        let Some(cell) = &self.cell else { return Poll::Pending };
        let reply = ready!(cell.poll_reply(cx));
        let shared = self.channel.shared();
        let counters = &shared.counters;
        let (counter, outcome) = match reply {
            Reply::Answered(reply) => (&counters.answered, Ok(reply)),
            Reply::Unanswered => (&counters.unanswered, Err(RequestError::Unanswered)),
            Reply::Evicted => (&counters.unanswered, Err(RequestError::Evicted)),
            Reply::WrongReplyType => (&counters.unanswered, Err(RequestError::WrongReplyType)),
            Reply::Dead(attempts) => (&counters.unanswered, Err(RequestError::DeadLettered { attempts })),
            Reply::Expired => return Poll::Ready(Err(self.give_up())),
            Reply::Closed => {
                if self.withdraw(false).is_accepted() {
                    counters.unanswered.fetch_add(1, Ordering::Relaxed);
                }
                return Poll::Ready(Err(RequestError::Closed));
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.progress = Progress::Over;
        Poll::Ready(outcome)
    }

    /// The deadline has passed.
    #[cold]
    fn give_up(&mut self) -> RequestError {
        let stage = self.withdraw(true);
        self.expired(stage)
    }

    /// Takes the request back as far as possible; how far it had come.
    fn withdraw(&mut self, expired: bool) -> Stage {
        let shared = self.channel.shared();
        match std::mem::replace(&mut self.progress, Progress::Over) {
            Progress::Sending => {
                if self.turn.cancel(shared) {
                    Stage::Unserved
                } else {
                    Stage::Sending
                }
            }
            Progress::Sent(lane, number) => {
                let handling = self.cell.as_ref().is_some_and(|cell| cell.give_up(expired));
                shared.release(lane, number); // also where one group has it, and another has not
                if handling { Stage::Handling } else { Stage::Queued }
            }
            Progress::New | Progress::Over => Stage::Handling,
        }
    }
}

impl<M: Message, A: Ask<M>> Unpin for Requesting<'_, M, A> {}

impl<M: Message, A: Ask<M>> Future for Requesting<'_, M, A> {
    type Output = Result<A::Reply, RequestError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let budget = ready!(poll_proceed(cx));
        let before = this.progress;
        if before == Progress::New && !this.only_try {
            ready!(this.turn.hold(this.channel.shared(), Moment::Request, cx));
        }
        let polled = match before {
            Progress::New => this.poll_new(cx),
            Progress::Over => return Poll::Pending, // polled after it was ready
            _ => this.poll_again(cx),
        };
        if let Poll::Ready(outcome) = &polled {
            this.timer.disarm();
            budget.made_progress();
            if let Some(trace) = this.trace.take() {
                trace.end(outcome.as_ref());
            }
        } else if before != this.progress && matches!(this.progress, Progress::Sent(..)) {
            budget.made_progress();
        }
        polled
    }
}

impl<M: Message, A: Ask<M>> Drop for Requesting<'_, M, A> {
    fn drop(&mut self) {
        let abandoned = matches!(self.progress, Progress::Sent(..));
        if !matches!(self.progress, Progress::Over | Progress::New) {
            self.withdraw(false);
        }
        if let Some(trace) = self.trace.take() {
            trace.cancel();
        }
        if abandoned {
            self.channel.shared().counters.abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<M: Message, A: Ask<M>> FusedFuture for Requesting<'_, M, A> {
    fn is_terminated(&self) -> bool {
        self.progress == Progress::Over
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
    pub(super) fn release(&self, lane: LaneIndex, number: u64) {
        self.with(|log, effects| log.release(lane, number, effects));
    }
}
