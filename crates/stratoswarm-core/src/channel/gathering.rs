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
    asking::{Asking, Progress},
    limit::Limit,
    limit_calls::limit_calls,
};
use crate::{
    engine::Log,
    error::{RequestError, Stage},
    handle::block_on,
    message::{Ask, Message, Priority},
    reader::Delivery,
    request::{GatherCell, GatherEnd, GatherRule, Gathered},
    sync::{
        atomic::{AtomicU64, Ordering},
        poll_proceed,
    },
};

/// The future of [`Channel::request_all`], and the builder of its options.
///
/// # Cancel safety
/// Dropped before it is accepted, it was not sent. Dropped later, no handler gets it any more; those that have it already
/// learn it by [`Responder::is_closed`](crate::Responder::is_closed).
///
/// # Cost
/// One allocation, one for the names of its groups, and one for each group that takes it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message};
/// # #[derive(Clone)] struct Load; impl Message for Load { type Reply = u32; }
/// let loads = Fabric::new().channel::<Load>("loads").open()?;
/// let (mut left, mut right) = (loads.join("left"), loads.join("right"));
/// let mut asking = loads.request_all(Load);
/// assert!(loads.is_empty(), "nothing happens before it is polled");
/// assert!(futures::poll!(&mut asking).is_pending());
/// right.try_recv()?.reply(70);
/// left.try_recv()?.reply(30);
/// let gathered = asking.await?;
/// assert_eq!(gathered.replies, [("right".to_owned(), 70), ("left".to_owned(), 30)], "as they came");
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Gathering<'a, M: Message, A: Ask<M>> {
    asking: Asking<'a, M>,
    cell: Option<Arc<GatherCell<A::Reply>>>,
    need: Need,
    /// What has come by the deadline will do.
    until_deadline: bool,
    ask: PhantomData<fn(A)>,
}

/// How many replies are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    All,
    First(usize),
    Quorum(usize),
}

impl<'a, M: Message, A: Ask<M>> Gathering<'a, M, A> {
    pub(super) fn new(channel: &'a Channel<M>, ask: A, from: &'static Location<'static>) -> Self {
        let asking = Asking::new(channel, ask.into_message(), from);
        Self { asking, cell: None, need: Need::All, until_deadline: false, ask: PhantomData }
    }

    /// Is ready with the reply number `count`. What comes later is too late, and the groups that have not answered by then
    /// are missing: those that have not taken it still get it. Fails with [`NoQuorum`](RequestError::NoQuorum) at once when so
    /// many cannot come any more; and without asking anybody, if there are not so many groups.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, ReplyOutcome, RequestError};
    /// # #[derive(Clone)] struct Vote; impl Message for Vote { type Reply = bool; }
    /// let votes = Fabric::new().channel::<Vote>("votes").open()?;
    /// let (mut north, mut south) = (votes.join("north"), votes.join("south"));
    /// let mut asking = votes.request_all(Vote).quorum(1);
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// assert_eq!(south.try_recv()?.reply(true), ReplyOutcome::Received);
    /// assert_eq!(north.try_recv()?.reply(true), ReplyOutcome::TooLate(true));
    /// assert_eq!(asking.await?.missing, ["north"]);
    /// let many = votes.request_all(Vote).quorum(3).await;
    /// assert_eq!(many, Err(RequestError::NoQuorum { got: 0, wanted: 3 }));
    /// # Ok(()) }
    /// ```
    pub fn quorum(mut self, count: usize) -> Self {
        self.need = Need::Quorum(count);
        self
    }

    /// Is ready with the reply number `count`, as [`quorum`](Self::quorum); but also with fewer, once no more can come.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message};
    /// # #[derive(Clone)] struct Find; impl Message for Find { type Reply = u32; }
    /// let finds = Fabric::new().channel::<Find>("finds").open()?;
    /// let (mut fast, mut slow) = (finds.join("fast"), finds.join("slow"));
    /// let mut asking = finds.request_all(Find).first(2);
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// fast.try_recv()?.reply(7);
    /// drop(slow.try_recv()?); // will not answer
    /// assert_eq!(asking.await?.replies, [("fast".to_owned(), 7)]);
    /// # Ok(()) }
    /// ```
    pub fn first(mut self, count: usize) -> Self {
        self.need = Need::First(count);
        self
    }

    /// What has come by the deadline is the result, however little. It is ready before if enough came, or no more can come.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::{Fabric, Message};
    /// # #[derive(Clone)] struct Load; impl Message for Load { type Reply = u32; }
    /// let loads = Fabric::new().channel::<Load>("loads").open()?;
    /// let (mut left, right) = (loads.join("left"), loads.join("right"));
    /// tokio::spawn(async move { left.recv().await.map(|load| load.reply(30)) });
    /// let gathered = loads.request_all(Load).until_deadline().timeout(Duration::from_millis(200)).await?;
    /// assert_eq!(gathered.replies, [("left".to_owned(), 30)]);
    /// assert_eq!(gathered.missing, ["right"]);
    /// # drop(right);
    /// # Ok(()) }
    /// ```
    pub fn until_deadline(mut self) -> Self {
        self.until_deadline = true;
        self
    }

    limit_calls!("asking = pings.request_all(Ping)", "asking.await");

    /// Blocks this thread until the result, in place of being polled.
    ///
    /// # Errors
    /// Those of [`Channel::request_all`].
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// # use stratoswarm_core::{Fabric, RequestError};
    /// # use stratoswarm_core::examples::Ping;
    /// let pings = Fabric::new().channel::<Ping>("pings").group("left").group("right").open()?;
    /// let silence = pings.request_all(Ping).timeout(Duration::from_millis(5)).blocking();
    /// assert_eq!(silence, Err(RequestError::NoQuorum { got: 0, wanted: 2 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn blocking(self) -> Result<Gathered<A::Reply>, RequestError> {
        block_on(self)
    }

    fn rule(&self) -> GatherRule {
        let wanted = match self.need {
            Need::All => None,
            Need::First(count) | Need::Quorum(count) => Some(count),
        };
        GatherRule { wanted, strict: matches!(self.need, Need::Quorum(_)) && !self.until_deadline }
    }

    /// The first poll.
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), RequestError> {
        let deadline = self.asking.begin()?;
        let shared = self.asking.shared();
        // It knows the waker: whatever happens to the request from now on wakes this task.
        let cell = Arc::new(GatherCell::new(deadline, shared.address(), self.rule(), cx.waker().clone()));
        self.cell = Some(Arc::clone(&cell));
        self.enter(cx)?;
        // In the list of those that wait. What happened meanwhile is seen at once.
        self.asking.watch(deadline, &cell, cx);
        Ok(())
    }

    fn enter(&mut self, cx: &mut Context<'_>) -> Result<(), RequestError> {
        let Some(cell) = &self.cell else { return Ok(()) };
        let GatherRule { wanted, strict } = self.rule();
        let refuse = |log: &Log<M>| {
            let wanted = wanted.filter(|wanted| strict && *wanted > log.group_count())?;
            Some(RequestError::NoQuorum { got: 0, wanted })
        };
        self.asking.enter(cell, cx, refuse, |log| cell.ask(log.groups_to_ask()))
    }

    fn poll_end(&mut self, cx: &Context<'_>) -> Poll<Result<Gathered<A::Reply>, RequestError>> {
        let Some(cell) = &self.cell else { return Poll::Pending };
        let end = ready!(cell.poll(cx));
        let (count, result) = self.judge(end);
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(result)
    }

    /// The result, and where it counts, if it was accepted.
    fn judge(
        &mut self,
        end: GatherEnd<A::Reply>,
    ) -> (Option<&'a AtomicU64>, Result<Gathered<A::Reply>, RequestError>) {
        let counters = &self.asking.shared().counters;
        let rule = self.rule();
        let too_few = |gathered: &Gathered<_>| {
            let got = gathered.replies.len();
            let wanted = rule.wanted.unwrap_or(got + gathered.missing.len());
            RequestError::NoQuorum { got, wanted }
        };
        match end {
            GatherEnd::Over(gathered) => {
                self.asking.end();
                if rule.strict && rule.wanted.is_some_and(|wanted| gathered.replies.len() < wanted) {
                    return (Some(&counters.unanswered), Err(too_few(&gathered)));
                }
                (Some(&counters.answered), Ok(gathered))
            }
            GatherEnd::Expired(gathered) => {
                if let Some(stage) = self.asking.withdraw() {
                    return (None, Err(self.asking.expired(stage)));
                }
                if self.until_deadline && !gathered.replies.is_empty() {
                    return (Some(&counters.answered), Ok(gathered));
                }
                let handled = self.cell.as_ref().is_some_and(|cell| cell.is_handled());
                counters.expire(if handled { Stage::Handling } else { Stage::Queued });
                (None, if self.until_deadline { Ok(gathered) } else { Err(too_few(&gathered)) })
            }
            GatherEnd::WrongReplyType => {
                self.asking.end();
                (Some(&counters.unanswered), Err(RequestError::WrongReplyType))
            }
            GatherEnd::Closed => {
                let accepted = self.asking.withdraw().is_none();
                (accepted.then_some(&counters.unanswered), Err(RequestError::Closed))
            }
        }
    }
}

impl<M: Message, A: Ask<M>> Unpin for Gathering<'_, M, A> {}

impl<M: Message, A: Ask<M>> Future for Gathering<'_, M, A> {
    type Output = Result<Gathered<A::Reply>, RequestError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let budget = ready!(poll_proceed(cx));
        let before = this.asking.progress();
        match before {
            Progress::Over => return Poll::Pending, // polled after it was ready
            Progress::New => {
                ready!(this.asking.hold(cx));
                if let Err(error) = this.start(cx) {
                    budget.made_progress();
                    return Poll::Ready(Err(error));
                }
            }
            Progress::Sending | Progress::Sent(..) => {}
        }
        let mut polled = this.poll_end(cx);
        if polled.is_pending()
            && before != Progress::New
            && let Some(cell) = &this.cell
        {
            this.asking.look_at_clock(cell, cx);
            let entered = this.enter(cx);
            polled = match entered {
                Ok(()) => this.poll_end(cx),
                Err(error) => Poll::Ready(Err(error)),
            };
        }
        if polled.is_ready() || before != this.asking.progress() {
            budget.made_progress();
        }
        polled
    }
}

impl<M: Message, A: Ask<M>> Drop for Gathering<'_, M, A> {
    fn drop(&mut self) {
        let abandoned = matches!(self.asking.progress(), Progress::Sent(..));
        if abandoned {
            if let Some(cell) = &self.cell {
                cell.give_up();
            }
            self.asking.shared().counters.abandoned.fetch_add(1, Ordering::Relaxed);
        }
        self.asking.withdraw();
    }
}

impl<M: Message, A: Ask<M>> FusedFuture for Gathering<'_, M, A> {
    fn is_terminated(&self) -> bool {
        self.asking.progress() == Progress::Over
    }
}

impl<M: Message, A: Ask<M>> fmt::Debug for Gathering<'_, M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering").field("channel", &self.asking.shared().name).finish_non_exhaustive()
    }
}
