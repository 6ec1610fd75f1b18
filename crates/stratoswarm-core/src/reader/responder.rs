use std::{
    fmt,
    future::Future,
    panic::{Location, RefUnwindSafe, UnwindSafe},
    task::{Context, Poll, ready},
};

use tokio::time::Instant;

use super::StreamResponder;
use crate::{
    engine::InFlightGuard,
    request::{AnswerTo, AnyResponder, ReplyOutcome, Verdict},
    stats::{Caller, WaitKind},
    sync::poll_proceed,
    timers::Timer,
    waiting::WaitId,
};

/// Answers one request.
///
/// For a message that was only sent there is a responder, too, so that a handler need not tell the cases apart: nobody
/// waits for it, and [`send`](Self::send) hands the reply back.
///
/// Dropping a responder without a reply tells the caller [`Unanswered`](crate::RequestError::Unanswered), unless
/// another group may still answer. In a group that acknowledges the reply does so, and a responder that is dropped gives the
/// message back, to be delivered again: its caller waits on.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Fabric, Message, ReplyOutcome};
///
/// #[derive(Clone)]
/// struct Double(u64);
/// impl Message for Double { type Reply = u64; }
///
/// let channel = Fabric::new().channel::<Double>("double").open()?;
/// let mut worker = channel.join("workers");
/// let serving = async {
///     if let Some(delivery) = worker.recv().await {
///         let (Double(n), reply) = delivery.into_parts();
///         assert_eq!(reply.send(2 * n), ReplyOutcome::Received);
///     }
/// };
/// let (answer, ()) = tokio::join!(async { channel.request(Double(21)).await }, serving);
/// assert_eq!(answer, Ok(42));
/// # Ok(()) }
/// ```
#[must_use = "dropping a Responder tells the caller its request was not answered"]
pub struct Responder<R> {
    cell: Option<AnswerTo<R>>,
    /// What `poll_closed` waits by, once it was polled.
    watching: Option<Box<Watching>>,
    /// What is owed to a group that acknowledges.
    owed: AnyResponder,
    guard: InFlightGuard,
}

impl<R> Responder<R> {
    /// A responder that nobody waits for.
    ///
    /// # Examples
    /// ```
    /// use stratoswarm_core::{Responder, ReplyOutcome};
    ///
    /// fn handle(n: u64, reply: Responder<u64>) -> ReplyOutcome<u64> { reply.send(2 * n) }
    ///
    /// // A handler's test needs no channel.
    /// assert_eq!(handle(21, Responder::detached()), ReplyOutcome::NotAsked(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn detached() -> Self {
        Self::new(None, AnyResponder::none(), InFlightGuard::none())
    }

    pub(crate) fn new(cell: Option<AnswerTo<R>>, owed: AnyResponder, guard: InFlightGuard) -> Self {
        Self { cell, watching: None, owed, guard }
    }

    /// Brings the reply to the caller, or back: see [`ReplyOutcome`].
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, ReplyOutcome};
    /// # use stratoswarm_core::examples::Double;
    /// # let doubles = Fabric::new().channel::<Double>("doubles").open()?;
    /// let mut worker = doubles.join("workers");
    /// let mut asking = doubles.request(Double(21));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let (Double(n), reply) = worker.try_recv()?.into_parts();
    /// assert_eq!(reply.send(2 * n), ReplyOutcome::Received);
    /// assert_eq!(asking.await, Ok(42));
    ///
    /// let mut asking = doubles.request(Double(4));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let (Double(n), reply) = worker.try_recv()?.into_parts();
    /// drop(asking); // the caller gives up
    /// assert_eq!(reply.send(2 * n), ReplyOutcome::TooLate(8));
    /// # Ok(()) }
    /// ```
    pub fn send(mut self, reply: R) -> ReplyOutcome<R> {
        let outcome = match self.cell.take() {
            Some(cell) => cell.answer(reply),
            None => ReplyOutcome::NotAsked(reply),
        };
        self.owed.settle(Verdict::Ack);
        outcome
    }

    /// Answers with a stream; see [`Channel::request_stream`](crate::Channel::request_stream). To a caller that waits for one
    /// reply, its first item is that.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message};
    /// # #[derive(Clone)] struct Count(u64); impl Message for Count { type Reply = u64; }
    /// # let counts = Fabric::new().channel::<Count>("counts").open()?;
    /// let mut worker = counts.join("workers");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = worker.recv().await {
    ///         let (Count(most), reply) = delivery.into_parts();
    ///         let mut out = reply.into_stream();
    ///         for n in 1..=most {
    ///             if out.send(n).await.is_err() { break } // the caller has gone
    ///         }
    ///     }
    /// });
    /// let mut numbers = counts.request_stream(Count(3));
    /// let mut sum = 0;
    /// while let Some(number) = numbers.recv().await { sum += number?; }
    /// assert_eq!(sum, 6);
    /// # Ok(()) }
    /// ```
    pub fn into_stream(mut self) -> StreamResponder<R> {
        if let Some(watching) = self.watching.take()
            && let Some(cell) = &self.cell
        {
            watching.end(cell);
        }
        let guard = std::mem::replace(&mut self.guard, InFlightGuard::none());
        StreamResponder::new(self.cell.take(), std::mem::take(&mut self.owed), guard)
    }

    /// Whether somebody asked, and still waits.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Double;
    /// let doubles = Fabric::new().channel::<Double>("doubles").open()?;
    /// let mut worker = doubles.join("workers");
    /// let mut asking = doubles.request(Double(21));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let (_, reply) = worker.try_recv()?.into_parts();
    /// assert!(reply.is_wanted());
    /// drop(asking);
    /// assert!(!reply.is_wanted(), "spare the work");
    /// # Ok(()) }
    /// ```
    pub fn is_wanted(&self) -> bool {
        self.cell.as_ref().is_some_and(|cell| !cell.is_closed())
    }

    /// Whether nobody waits for the reply any more: the caller has gone or has a reply, or the deadline has passed.
    /// False for a message that was only sent.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Double;
    /// let doubles = Fabric::new().channel::<Double>("doubles").open()?;
    /// let mut worker = doubles.join("workers");
    /// let mut asking = doubles.request(Double(21));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let (_, reply) = worker.try_recv()?.into_parts();
    /// assert!(!reply.is_closed());
    /// drop(asking);
    /// assert!(reply.is_closed());
    /// doubles.send(Double(4)).await?;
    /// assert!(!worker.try_recv()?.into_parts().1.is_closed(), "nobody asked, so nobody gave up");
    /// # Ok(()) }
    /// ```
    pub fn is_closed(&self) -> bool {
        self.cell.as_ref().is_some_and(|cell| cell.is_closed())
    }

    /// Waits until nobody waits for the reply any more; for ever for a message that was only sent.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Double;
    /// let doubles = Fabric::new().channel::<Double>("doubles").open()?;
    /// let mut worker = doubles.join("workers");
    /// let mut asking = doubles.request(Double(21)).timeout(Duration::from_secs(1));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let (Double(n), mut reply) = worker.try_recv()?.into_parts();
    /// let long_work = async { tokio::time::sleep(Duration::from_secs(60)).await; 2 * n };
    /// let outcome = tokio::select! { answer = long_work => Some(answer), () = reply.closed() => None };
    /// assert_eq!(outcome, None, "stopped when the caller gave up");
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> + Send + '_
    where
        R: Send,
    {
        let at = Location::caller();
        async move {
            let Some(cell) = &self.cell else { return std::future::pending().await };
            Watch::new(cell, at).over().await;
        }
    }

    /// Polls for what [`closed`](Self::closed) waits for. Only the waker of the last call is woken.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Double;
    /// let doubles = Fabric::new().channel::<Double>("doubles").open()?;
    /// let mut worker = doubles.join("workers");
    /// let mut asking = doubles.request(Double(21));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let (_, mut reply) = worker.try_recv()?.into_parts();
    /// let giving_up = tokio::spawn(std::future::poll_fn(move |cx| reply.poll_closed(cx)));
    /// drop(asking);
    /// giving_up.await?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(cell) = &self.cell else { return Poll::Pending };
        let at = Location::caller();
        self.watching.get_or_insert_with(|| Box::new(Watching::new(at))).poll(cell, cx)
    }

    /// When the caller gives up; none if never, or for a message that was only sent.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use tokio::time::Instant;
    /// # use stratoswarm_core::{Fabric, Responder};
    /// # use stratoswarm_core::examples::Double;
    /// let doubles = Fabric::new().channel::<Double>("doubles").open()?;
    /// let mut worker = doubles.join("workers");
    /// let mut asking = doubles.request(Double(21)).timeout(Duration::from_secs(5));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let (_, reply) = worker.try_recv()?.into_parts();
    /// let left = reply.deadline().ok_or("none")? - Instant::now();
    /// assert!(left <= Duration::from_secs(5), "as long as there is for the work");
    /// assert_eq!(Responder::<u64>::detached().deadline(), None);
    /// # Ok(()) }
    /// ```
    pub fn deadline(&self) -> Option<Instant> {
        self.cell.as_ref().and_then(|cell| cell.deadline())
    }
}

impl<R> Drop for Responder<R> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            if let Some(watching) = self.watching.take() {
                watching.end(&cell);
            }
            cell.drop_responder();
        }
    }
}

impl<R> fmt::Debug for Responder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("wanted", &self.is_wanted()).finish_non_exhaustive()
    }
}

/// A wait for the moment from which nobody waits for the reply.
pub(super) struct Watching {
    id: Option<WaitId>,
    timer: Timer,
    at: &'static Location<'static>,
}

// It is touched by `&mut` alone, and whole again when a poll is over, whatever panics in another's waker.
impl UnwindSafe for Watching {}
impl RefUnwindSafe for Watching {}

impl Watching {
    pub(super) fn new(at: &'static Location<'static>) -> Self {
        Self { id: None, timer: Timer::new(), at }
    }

    pub(super) fn poll<R>(&mut self, cell: &AnswerTo<R>, cx: &mut Context<'_>) -> Poll<()> {
        let budget = ready!(poll_proceed(cx));
        let at = self.at;
        let answered = cell.poll_closed(&mut self.id, cx, || Caller::here(WaitKind::Closed, at)).is_ready();
        let mut expired = || cell.deadline().is_some_and(|deadline| self.timer.poll(deadline, cx).is_ready());
        if answered || expired() {
            budget.made_progress();
            return Poll::Ready(());
        }
        Poll::Pending
    }

    pub(super) fn end<R>(&self, cell: &AnswerTo<R>) {
        if let Some(id) = self.id {
            cell.forget_watcher(id);
        }
    }
}

/// One that ends with its future.
pub(super) struct Watch<'a, R> {
    cell: &'a AnswerTo<R>,
    watching: Watching,
}

impl<'a, R> Watch<'a, R> {
    pub(super) fn new(cell: &'a AnswerTo<R>, at: &'static Location<'static>) -> Self {
        Self { cell, watching: Watching::new(at) }
    }

    /// Waits until nobody waits for the reply any more.
    pub(super) async fn over(mut self) {
        std::future::poll_fn(|cx| self.watching.poll(self.cell, cx)).await;
    }
}

impl<R> Drop for Watch<'_, R> {
    fn drop(&mut self) {
        self.watching.end(self.cell);
    }
}
