use std::{fmt, ops::Deref};

use tokio::time::Instant;

use super::{Ack, RawResponder, Responder};
use crate::{
    engine::{InFlightGuard, Taken},
    message::Message,
    request::{AnyCell, AnyResponder, ReplyOutcome, Verdict},
    tasks::TaskNumber,
    trace::{TraceContext, TracingGroup},
};

/// A message as a member of a group gets it: with its sequence number and, if it is a request, its responder.
///
/// It dereferences to the message. While it lives, or the [`Responder`] made of it, the message counts as in flight: a
/// shutdown waits for it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Fabric, Message, NoReply};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Tick(u32);
/// impl Message for Tick { type Reply = NoReply; }
///
/// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
/// let mut worker = ticks.join("workers");
/// ticks.send(Tick(7)).await?;
/// let delivery = worker.recv().await.ok_or("closed")?;
/// assert_eq!((delivery.seq(), delivery.is_request(), delivery.0), (0, false, 7));
/// assert_eq!(delivery.into_message(), Tick(7));
/// # Ok(()) }
/// ```
#[must_use = "a dropped request is told that it was not answered"]
pub struct Delivery<M: Message> {
    taken: Taken<M>,
}

impl<M: Message> Delivery<M> {
    #[inline(always)]
    pub(super) fn plain(message: M, number: u64, guard: InFlightGuard) -> Self {
        Self { taken: Taken { message, request: AnyResponder::none(), number, guard } }
    }

    #[inline(always)]
    pub(super) fn new(taken: Taken<M>) -> Self {
        Self { taken }
    }

    pub(super) fn taken_mut(&mut self) -> &mut Taken<M> {
        &mut self.taken
    }

    /// The message's place in the channel: 0 for the first ever accepted. The same at every reader.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let (mut builder, mut tester) = (jobs.join("builders"), jobs.join("testers"));
    /// for n in [40, 41] { jobs.try_send(Job(n))?; }
    /// assert_eq!((builder.try_recv()?.seq(), builder.try_recv()?.seq()), (0, 1));
    /// assert_eq!(tester.try_recv()?.seq(), 0, "the same place in every group");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seq(&self) -> u64 {
        self.taken.number
    }

    /// Whether a caller waits for a reply.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Ping;
    /// let pings = Fabric::new().channel::<Ping>("pings").open()?;
    /// let mut worker = pings.join("workers");
    /// pings.send(Ping).await?;
    /// assert!(!worker.try_recv()?.is_request());
    /// let mut asking = pings.request(Ping);
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// assert!(worker.try_recv()?.is_request());
    /// # Ok(()) }
    /// ```
    pub fn is_request(&self) -> bool {
        self.taken.request.is_request()
    }

    /// When its caller gives up, or the message expires; none for a request without deadline, or a message that is good for
    /// ever.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Ping;
    /// # use std::time::Duration;
    /// use tokio::time::Instant;
    ///
    /// let pings = Fabric::new().channel::<Ping>("pings").open()?;
    /// let mut worker = pings.join("workers");
    /// let at = Instant::now() + Duration::from_secs(5);
    /// let mut asking = pings.request(Ping).deadline(at);
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// assert_eq!(worker.try_recv()?.deadline(), Some(at));
    /// pings.send(Ping).await?;
    /// assert_eq!(worker.try_recv()?.deadline(), None, "nobody waits");
    /// # Ok(()) }
    /// ```
    pub fn deadline(&self) -> Option<Instant> {
        self.taken.request.cell().and_then(|cell| cell.deadline())
    }

    /// Where it belongs in a trace, if its [fabric has a tracer](crate::FabricBuilder::tracer): the span of its handling, which is
    /// over when the delivery is dropped, or the responder or [`Ack`] made of it. None for what is not traced, as a send that is
    /// not sampled.
    pub fn trace(&self) -> Option<TraceContext> {
        self.taken.request.cell().and_then(AnyCell::trace)
    }

    /// It is handed out as one of a batch: its handling begins, if it belongs to a trace.
    pub(super) fn begin_trace(&mut self, tracing: &TracingGroup) {
        self.taken.begin_trace(Some(tracing));
    }

    /// A tracked task has got it to do.
    pub(crate) fn set_holder(&self, task: TaskNumber) {
        if let Some(cell) = self.taken.request.cell() {
            cell.set_holder(task);
        }
    }

    /// Which delivery of the message it is, in a group that [acknowledges](crate::GroupOptions::ack): 1 for the first, and
    /// always in other groups.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{AckPolicy, Fabric};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(worker.try_recv()?.attempt(), 1); // dropped, and so given back
    /// assert_eq!(worker.try_recv()?.attempt(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attempt(&self) -> u32 {
        self.taken.request.cell().map_or(1, AnyCell::attempt)
    }

    /// The message, and the obligation to settle it. In a group that does not acknowledge nothing comes of what the [`Ack`]
    /// is told. A caller that waits for a reply gets none by it.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{AckPolicy, Fabric, Settled};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
    /// jobs.try_send(Job(1))?;
    /// let (job, ack) = worker.try_recv()?.into_acked();
    /// assert_eq!((job, ack.ack()), (Job(1), Settled::Done));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_acked(self) -> (M, Ack) {
        let Taken { message, request, guard, .. } = self.taken;
        (message, Ack::new(request, guard))
    }

    /// A further share in what is owed for it, if something is.
    pub(crate) fn share(&self) -> Option<AnyResponder> {
        self.taken.request.share()
    }

    /// The message alone. A caller that waits for a reply is told [`Unanswered`](crate::RequestError::Unanswered). In a group
    /// that acknowledges this does: the message is yours now.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, RequestError};
    /// # use stratoswarm_core::examples::Double as Square;
    /// let squares = Fabric::new().channel::<Square>("squares").open()?;
    /// let mut worker = squares.join("workers");
    /// let mut asking = squares.request(Square(3));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let Square(n) = worker.try_recv()?.into_message(); // the responder is dropped
    /// assert_eq!(n, 3);
    /// assert_eq!(asking.await, Err(RequestError::Unanswered));
    /// # Ok(()) }
    /// ```
    pub fn into_message(self) -> M {
        self.taken.request.settle(Verdict::Ack);
        self.taken.message
    }

    /// The message and its responder, for messages with one reply type.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, ReplyOutcome};
    /// # use stratoswarm_core::examples::Double as Square;
    /// let squares = Fabric::new().channel::<Square>("squares").open()?;
    /// let mut worker = squares.join("workers");
    /// let mut asking = squares.request(Square(3));
    /// assert!(futures::poll!(&mut asking).is_pending());
    /// let (Square(n), reply) = worker.try_recv()?.into_parts();
    /// assert_eq!(reply.send(n * n), ReplyOutcome::Received);
    /// assert_eq!(asking.await, Ok(9));
    /// # Ok(()) }
    /// ```
    pub fn into_parts(self) -> (M, Responder<M::Reply>)
    where
        M::Reply: Send,
    {
        let (message, raw) = self.into_raw_parts();
        (message, raw.typed())
    }

    /// Answers the request, and drops the message. What became of the reply: nobody waits for one to a message that was only
    /// sent.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Double as Square;
    /// let squares = Fabric::new().channel::<Square>("squares").open()?;
    /// let mut worker = squares.join("workers");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = worker.recv().await {
    ///         let square = delivery.0 * delivery.0;
    ///         delivery.reply(square);
    ///     }
    /// });
    /// assert_eq!(squares.request(Square(3)).await, Ok(9));
    /// # Ok(()) }
    /// ```
    pub fn reply(self, reply: M::Reply) -> ReplyOutcome<M::Reply>
    where
        M::Reply: Send,
    {
        self.into_parts().1.send(reply)
    }

    /// The message and its responder of a reply type that is yet to be said; see [`protocol!`](crate::protocol).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Ask, Fabric, Message, NoReply};
    /// # #[derive(Clone)] enum Query { Count, Name } impl Message for Query { type Reply = NoReply; }
    /// # struct Count; impl Ask<Query> for Count { type Reply = u64; fn into_message(self) -> Query { Query::Count } }
    /// # struct Name; impl Ask<Query> for Name { type Reply = String; fn into_message(self) -> Query { Query::Name } }
    /// let queries = Fabric::new().channel::<Query>("queries").open()?;
    /// let mut worker = queries.join("workers");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = worker.recv().await {
    ///         match delivery.into_raw_parts() {
    ///             (Query::Count, raw) => drop(raw.typed::<u64>().send(7)),
    ///             (Query::Name, raw) => drop(raw.typed::<String>().send("seven".to_owned())),
    ///         }
    ///     }
    /// });
    /// assert_eq!(queries.request(Count).await?, 7);
    /// assert_eq!(queries.request(Name).await?, "seven");
    /// # Ok(()) }
    /// ```
    pub fn into_raw_parts(self) -> (M, RawResponder) {
        let Taken { message, request, guard, .. } = self.taken;
        (message, RawResponder::new(request, guard))
    }
}

impl<M: Message> Deref for Delivery<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.taken.message
    }
}

impl<M: Message + fmt::Debug> fmt::Debug for Delivery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.taken.message)
            .field("seq", &self.seq())
            .field("is_request", &self.is_request())
            .finish_non_exhaustive()
    }
}
