use std::{fmt, panic::Location, sync::Arc, time::Duration};

use super::{
    GroupOptions, OutcomesOptions, RecorderOptions, Requesting, Sending, SubscriberOptions, WeakChannel,
    sending_many::SendingMany, toll::try_enter,
};
use crate::{
    engine::{Admission, Durability, Effects, End, Log, Start},
    error::{Closed, RequestError, SendError, SendTimeoutError, TrySendError},
    handle::{Handle, HandleKind, Shared, block_on, ended},
    message::{Ask, Message},
    reader::{LossySubscriber, Receiver, Subscriber},
    request::{AnyResponder, TraceCell},
    stats::{ChannelInfo, SenderInfo},
    sync::MutexGuard,
    timers,
    trace::{StepKind, TraceContext},
};

/// A bounded channel: the sending side, and the place where readers come from.
///
/// Opened by [`Fabric::channel`](crate::Fabric::channel). Clones are handles of the same channel, which closes when the
/// last of them is gone (the fabric's own counts, too); readers do not keep it open.
///
/// # Delivery
/// Each group gets each message once, at one of its members ([`join`](Self::join)); each subscriber gets each message
/// ([`subscribe`](Self::subscribe)); a tap gets what it is fast enough for ([`tap`](Self::tap)). Messages are in one
/// order for all, that of their acceptance. While no group and no subscriber exists, messages are kept for the first.
///
/// # Backpressure
/// At most `capacity` messages are accepted and not yet taken by the slowest lossless reader, exactly. Further senders
/// wait, and are granted places in the order of their first poll; nobody overtakes them.
///
/// # Closing
/// [`close`](Self::close), or the [shutdown](crate::Fabric::shutdown) of the fabric. Nothing more is accepted then;
/// readers drain what is there.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Fabric, Message};
///
/// #[derive(Clone)]
/// struct Price { sku: &'static str }
/// impl Message for Price { type Reply = u64; }
///
/// let fabric = Fabric::new();
/// let prices = fabric.channel::<Price>("prices").capacity(64).open()?;
/// let mut sellers = prices.join("sellers");
/// tokio::spawn(async move {
///     while let Some(delivery) = sellers.recv().await {
///         let (price, reply) = delivery.into_parts();
///         reply.send(100 * price.sku.len() as u64);
///     }
/// });
/// assert_eq!(prices.request(Price { sku: "a-1" }).await?, 300);
/// # Ok(()) }
/// ```
pub struct Channel<M: Message> {
    handle: Handle<M>,
}

impl<M: Message> Channel<M> {
    pub(crate) fn new(handle: Handle<M>) -> Self {
        Self { handle }
    }

    #[inline(always)]
    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        self.handle.shared()
    }

    /// What tells this handle from others that exist, as long as it does not move.
    /// Who sends by this handle, on a traced channel.
    pub(super) fn sender(&self) -> u32 {
        self.handle.sender()
    }

    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Waits for room and sends.
    ///
    /// # Errors
    /// The channel is closed; the message comes back.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the message was not sent, ever.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32);
    /// # impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// jobs.send(Job(1)).await?;
    /// jobs.close();
    /// let refused = jobs.send(Job(2)).await.unwrap_err();
    /// assert_eq!(refused.0, Job(2));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    #[inline(always)]
    pub fn send(&self, message: M) -> Sending<'_, M> {
        Sending::new(self, message, Location::caller())
    }

    /// Sends, if there is room and no earlier sender waits for it.
    ///
    /// # Errors
    /// [`Full`](TrySendError::Full) or [`Closed`](TrySendError::Closed); the message comes back.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TrySendError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(jobs.try_send(Job(2)), Err(TrySendError::Full(Job(2))));
    /// jobs.close();
    /// assert_eq!(jobs.try_send(Job(3)), Err(TrySendError::Closed(Job(3))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn try_send(&self, message: M) -> Result<(), TrySendError<M>> {
        let shared = self.shared();
        let mut log = shared.log.lock();
        if log.admit_fast() {
            log.push(message);
            if log.has_listeners() {
                shared.after_push(log);
            }
            return Ok(());
        }
        self.try_send_slow(log, message)
    }

    #[cold]
    #[inline(never)]
    fn try_send_slow(&self, log: MutexGuard<'_, Log<M>>, message: M) -> Result<(), TrySendError<M>> {
        if self.shared().has_tracer() {
            drop(log);
            return self.try_send_traced(message);
        }
        self.try_send_in(log, message, || self.shared().expiry())
    }

    /// The same of a message that is traced.
    #[cold]
    fn try_send_traced(&self, message: M) -> Result<(), TrySendError<M>> {
        let shared = self.shared();
        let mut span = shared.begin_trace(StepKind::Send, None);
        let context = span.as_ref().map(|span| span.context()).filter(TraceContext::is_sampled);
        let beside = || TraceCell::beside(context, shared.expiry());
        let sent = self.try_send_in(shared.log.lock(), message, beside);
        if let (Some(span), Err(error)) = (&mut span, &sent) {
            span.fail(if matches!(error, TrySendError::Full(_)) { "full" } else { "closed" });
        }
        sent
    }

    /// Sends with something else beside the message than the channel's own.
    pub(super) fn try_send_with(
        &self,
        message: M,
        beside: impl FnOnce() -> AnyResponder,
    ) -> Result<(), TrySendError<M>> {
        self.try_send_in(self.shared().log.lock(), message, beside)
    }

    fn try_send_in(
        &self,
        mut log: MutexGuard<'_, Log<M>>,
        message: M,
        beside: impl FnOnce() -> AnyResponder,
    ) -> Result<(), TrySendError<M>> {
        let shared = self.shared();
        let mut effects = Effects::new();
        let lane = log.lane_of(|| message.priority());
        let sent = match try_enter(shared, &mut log, lane, &message, &mut effects) {
            Err(Admission::Closed) => Err(TrySendError::Closed(message)),
            Err(_) => Err(TrySendError::Full(message)),
            Ok(paid) => {
                let beside = paid.beside(&mut log, beside());
                log.push_in(lane, message, beside, self.sender(), &mut effects);
                log.after_push(1, &mut effects);
                Ok(())
            }
        };
        shared.unlock_and_apply(log, effects);
        sent
    }

    /// Waits for room, but no longer than `after`, and sends.
    ///
    /// # Errors
    /// [`Timeout`](SendTimeoutError::Timeout) or [`Closed`](SendTimeoutError::Closed); the message comes back.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the message was not sent, ever.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::{Fabric, SendTimeoutError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// jobs.send_timeout(Job(1), Duration::from_secs(1)).await?;
    /// let refused = jobs.send_timeout(Job(2), Duration::from_secs(1)).await;
    /// assert_eq!(refused, Err(SendTimeoutError::Timeout(Job(2))));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn send_timeout(
        &self,
        message: M,
        after: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError<M>>> + Send + '_ {
        let mut sending = self.send(message);
        async move {
            match timers::within(&mut sending, after).await {
                Some(sent) => sent.map_err(|SendError(message)| SendTimeoutError::Closed(message)),
                None => sending.take_back().map_or(Ok(()), |message| Err(SendTimeoutError::Timeout(message))),
            }
        }
    }

    /// Blocks this thread until there is room, but no longer than `after`, and sends.
    ///
    /// # Errors
    /// [`Timeout`](SendTimeoutError::Timeout) or [`Closed`](SendTimeoutError::Closed); the message comes back.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    #[track_caller]
    pub fn blocking_send_timeout(&self, message: M, after: Duration) -> Result<(), SendTimeoutError<M>> {
        block_on(self.send_timeout(message, after))
    }

    /// Blocks this thread until there is room, and sends.
    ///
    /// # Errors
    /// The channel is closed; the message comes back.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do. Plain threads and `spawn_blocking` are fine.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// let mut worker = jobs.join("workers");
    /// let producer = std::thread::spawn(move || (1..=3).try_for_each(|n| jobs.blocking_send(Job(n))));
    /// let mut sum = 0;
    /// while let Some(job) = worker.blocking_recv() { sum += job.0; }
    /// assert_eq!(sum, 6);
    /// # producer.join().expect("the producer ends")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn blocking_send(&self, message: M) -> Result<(), SendError<M>> {
        block_on(self.send(message))
    }

    /// Sends all of `batch`, from its front, as room comes; many under one lock.
    ///
    /// Order is kept; it is not atomic: other senders' messages may come in between.
    ///
    /// # Errors
    /// The channel is closed; what was not accepted is still in `batch`. An empty batch is always sent.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, what was not accepted is still in `batch`.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Closed, Fabric};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut batch = vec![Job(1), Job(2), Job(3)];
    /// jobs.send_many(&mut batch).await?;
    /// assert!(batch.is_empty() && jobs.len() == 3);
    /// jobs.close();
    /// batch.push(Job(4));
    /// assert_eq!(jobs.send_many(&mut batch).await, Err(Closed));
    /// assert_eq!(batch, [Job(4)], "not accepted, so still there");
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn send_many<'a>(
        &'a self,
        batch: &'a mut Vec<M>,
    ) -> impl Future<Output = Result<(), Closed>> + Send + 'a {
        let from = Location::caller();
        async move {
            let mut sending = SendingMany::new(self, batch, from);
            std::future::poll_fn(|cx| sending.poll(cx)).await
        }
    }

    /// Sends a request and waits for its reply. The future is a builder, too: `.timeout(..)`, `.deadline(..)`.
    ///
    /// Without either, the channel's default timeout holds. The deadline covers all: waiting for room, queue, handler
    /// and reply, and is never early.
    ///
    /// With several groups, each handles the request, and the first reply wins: side effects run once per group. While
    /// there is no group at all, it waits for one, takes no place, and nobody waits for it.
    ///
    /// # Errors
    /// [`RequestError`](crate::RequestError) says how far it came. Application errors belong in
    /// the reply type, for example `Result<T, E>`.
    ///
    /// # Cancel safety
    /// Dropped before it is accepted, it was not sent. Dropped later, no handler gets it any more; one that has it
    /// already learns it by [`Responder::is_closed`](crate::Responder::is_closed).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use stratoswarm_core::{Fabric, Message, RequestError, Stage};
    ///
    /// #[derive(Clone)]
    /// struct Ping;
    /// impl Message for Ping { type Reply = (); }
    ///
    /// let pings = Fabric::new().channel::<Ping>("pings").open()?;
    /// let silence = pings.request(Ping).timeout(Duration::from_millis(5)).await; // nobody ever joined
    /// assert!(matches!(silence, Err(RequestError::Expired { stage: Stage::Unserved, members: 0, .. })));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    #[inline]
    pub fn request<A: Ask<M>>(&self, ask: A) -> Requesting<'_, M, A> {
        Requesting::new(self, ask, false, Location::caller())
    }

    /// Sends a request and blocks this thread until its reply, or the channel's default timeout; for another one, see
    /// [`Requesting::blocking`](crate::Requesting::blocking).
    ///
    /// # Errors
    /// Those of [`request`](Self::request).
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message};
    /// # #[derive(Clone)] struct Ping; impl Message for Ping { type Reply = u32; }
    /// let pings = Fabric::new().channel::<Ping>("pings").open()?;
    /// let mut worker = pings.join("workers");
    /// let serving = std::thread::spawn(move || worker.blocking_recv().map(|ping| ping.into_parts().1.send(7)));
    /// assert_eq!(pings.blocking_request(Ping), Ok(7));
    /// # drop(serving);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn blocking_request<A: Ask<M>>(&self, ask: A) -> Result<A::Reply, RequestError> {
        self.request(ask).blocking()
    }

    /// As [`request`](Self::request), but waits neither for room nor for a group; for the reply it does.
    ///
    /// # Errors
    /// Those of `request`, [`Full`](crate::RequestError::Full) and [`Unserved`](crate::RequestError::Unserved).
    ///
    /// # Cancel safety
    /// That of `request`.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, RequestError};
    /// # use stratoswarm_core::examples::Ping;
    /// let pings = Fabric::new().channel::<Ping>("pings").capacity(1).open()?;
    /// assert_eq!(pings.try_request(Ping).await, Err(RequestError::Unserved));
    /// let _worker = pings.join("workers");
    /// pings.send(Ping).await?;
    /// assert_eq!(pings.try_request(Ping).await, Err(RequestError::Full));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    #[inline]
    pub fn try_request<A: Ask<M>>(&self, ask: A) -> Requesting<'_, M, A> {
        Requesting::new(self, ask, true, Location::caller())
    }

    /// Joins a group, which is made if there is none: each message goes to one of its members.
    ///
    /// A group keeps its place when its last member leaves: senders then wait until somebody joins again, rather than
    /// lose work ([`GroupOptions::ephemeral`] and [`remove_group`](Self::remove_group) are for other wishes; a group
    /// that exists is joined as what it is). Joining a closed channel drains it.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let (mut first, mut second) = (jobs.join("workers"), jobs.join("workers"));
    /// for n in 1..=3 { jobs.send(Job(n)).await?; }
    /// assert_eq!(first.recv().await.map(|job| job.0), Some(1));
    /// assert_eq!(second.recv().await.map(|job| job.0), Some(2));
    /// drop((first, second)); // the group stays, and so does the third job
    /// assert_eq!(jobs.join("workers").try_recv()?.0, 3);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn join(&self, group: &str) -> Receiver<M> {
        let at = Location::caller();
        let joined =
            self.shared().with(|log, effects| log.join(group, Durability::Durable, Start::Next, effects));
        Receiver::new(Arc::clone(self.shared()), joined, group, at)
    }

    /// Joins a group with options.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut auditor = jobs.group("auditors").ephemeral().join()?;
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(auditor.try_recv()?.0, 1);
    /// drop(auditor); // the last member: an ephemeral group goes with it
    /// assert!(jobs.info().readers.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn group<'a>(&'a self, name: &'a str) -> GroupOptions<'a, M> {
        GroupOptions::new(self, name)
    }

    /// The same as [`subscribe`](Self::subscribe), with options.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").capacity(1).open()?;
    /// let mut audit = ticks.subscriber().buffer(10).open()?;
    /// ticks.try_send(Tick(1))?;
    /// ticks.try_send(Tick(2))?; // it may be ten behind
    /// assert_eq!(audit.try_recv()?, Tick(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscriber(&self) -> SubscriberOptions<'_, M> {
        SubscriberOptions::new(self)
    }

    /// A new reader that gets every message and that senders wait for, from the next message on.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").capacity(1).open()?;
    /// let mut log = ticks.subscribe();
    /// ticks.try_send(Tick(1))?;
    /// assert!(ticks.try_send(Tick(2)).is_err(), "senders wait for the log");
    /// assert_eq!(log.try_recv()?, Tick(1));
    /// ticks.try_send(Tick(2))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn subscribe(&self) -> Subscriber<M> {
        Subscriber::new(self.shared(), Start::Next, Location::caller())
    }

    /// A new reader that nobody waits for and that is told what it missed, from the next message on.
    ///
    /// For its sake up to `capacity` messages (65,536 at most) are remembered that the others have taken already.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(2).open()?;
    /// let (mut worker, mut tap) = (jobs.join("workers"), jobs.tap());
    /// for n in 1..=5 {
    ///     jobs.try_send(Job(n))?; // no room is kept for the tap
    ///     assert_eq!(worker.try_recv()?.0, n);
    /// }
    /// assert_eq!(tap.try_recv()?.map_err(|lagged| lagged.missed), Err(3));
    /// assert_eq!(tap.try_recv()?, Ok(Job(4)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn tap(&self) -> LossySubscriber<M> {
        LossySubscriber::new(self.shared(), Location::caller())
    }

    /// Records what is admitted, from the next message on: each once, in the order of admission over all lanes, with what was
    /// said of it.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let (mut recorder, mut worker) = (jobs.record().depth(1_000).open()?, jobs.join("workers"));
    /// jobs.try_send(Job(7))?;
    /// worker.try_recv()?;
    /// assert_eq!(recorder.try_recv()??.message, Job(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record(&self) -> RecorderOptions<'_, M> {
        RecorderOptions::new(self.shared())
    }

    /// Removes a group with what only it had not taken; how many messages that is. Requests among them are told
    /// [`Unanswered`](crate::RequestError::Unanswered), and its members get `None`. 0 if there is no such group.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).group("auditors").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(worker.try_recv()?.0, 1);
    /// assert!(jobs.try_send(Job(2)).is_err(), "kept for auditors that never came");
    /// assert_eq!(jobs.remove_group("auditors"), 1);
    /// jobs.try_send(Job(2))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_group(&self, name: &str) -> usize {
        self.shared().with(|log, effects| log.remove_group(name, effects))
    }

    /// Closes the channel, for all handles: nothing more is accepted, senders that wait get their message back,
    /// readers drain what is there. Permits stay valid. Closing twice is no fault.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send(Job(1)).await?;
    /// jobs.close();
    /// assert!(jobs.send(Job(2)).await.is_err());
    /// assert_eq!(worker.recv().await.map(|job| job.0), Some(1));
    /// assert!(worker.recv().await.is_none(), "drained");
    /// # Ok(()) }
    /// ```
    pub fn close(&self) {
        self.shared().close();
    }

    /// Waits until the channel is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let watched = jobs.clone();
    /// let watchdog = tokio::spawn(async move {
    ///     watched.closed().await;
    ///     watched.is_closed()
    /// });
    /// jobs.close();
    /// assert!(watchdog.await?);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + Send + '_ {
        ended(self.shared(), End::Channel, Location::caller())
    }

    /// Waits until nobody reads any more: the last member and subscriber has gone, after there was one; a tap only looks on.
    /// Also ready once the channel is closed.
    ///
    /// For a producer whose work is of no use then. [`closed`](Self::closed) is another thing: it waits for the close.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// let worker = jobs.join("workers");
    /// jobs.send(Job(1)).await?;
    /// drop(worker);
    /// tokio::select! {
    ///     sent = jobs.send(Job(2)) => panic!("there is no room: {sent:?}"),
    ///     () = jobs.readers_gone() => {}
    /// }
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn readers_gone(&self) -> impl Future<Output = ()> + Send + '_ {
        ended(self.shared(), End::Reading, Location::caller())
    }

    /// Whether nothing more is accepted.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.try_send(Job(1))?;
    /// assert!(!jobs.is_closed());
    /// jobs.close();
    /// assert!(jobs.is_closed());
    /// assert_eq!(worker.try_recv()?.0, 1, "closed, but not drained");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_closed(&self) -> bool {
        self.shared().log.lock().is_closed()
    }

    /// How many messages are accepted and not yet taken by the slowest lossless reader. Permits do not count.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(2).open()?;
    /// let permit = jobs.try_reserve()?;
    /// jobs.try_send(Job(1))?;
    /// assert_eq!((jobs.len(), jobs.capacity()), (1, 2));
    /// assert!(jobs.try_send(Job(2)).is_err(), "the permit has the other place");
    /// # drop(permit);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn len(&self) -> usize {
        self.shared().log.lock().len() as usize
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.try_send(Job(1))?;
    /// assert!(!jobs.is_empty());
    /// let in_work = worker.try_recv()?;
    /// assert!(jobs.is_empty(), "taken, though not finished");
    /// # drop(in_work);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages may wait.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(4).open()?;
    /// jobs.try_send(Job(1))?;
    /// let room = jobs.capacity() - jobs.len();
    /// assert_eq!(room, 3);
    /// for n in 0..3 { jobs.try_send(Job(n))?; }
    /// assert!(jobs.try_send(Job(5)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn capacity(&self) -> usize {
        self.shared().current_capacity()
    }

    /// This handle as a [`Sink`](futures_sink::Sink), with the feature `sink`.
    ///
    /// # Examples
    /// See [`ChannelSink`](crate::ChannelSink).
    #[cfg(feature = "sink")]
    #[track_caller]
    pub fn into_sink(self) -> super::ChannelSink<M> {
        super::ChannelSink::new(self, Location::caller())
    }

    /// How many handles that send exist: channels, not permits, and not the fabric's own. Where the channel was opened in a
    /// fabric, that keeps it open, too, until it closes it or goes: the last of these handles does not.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let (more, worker, tap) = (jobs.clone(), jobs.join("workers"), jobs.tap());
    /// assert_eq!((jobs.sender_count(), jobs.receiver_count()), (2, 2));
    /// # drop((more, worker, tap));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sender_count(&self) -> usize {
        self.shared().count_handles(|kind| kind == HandleKind::Channel)
    }

    /// How many readers' handles exist: members of groups, subscribers and taps.
    pub fn receiver_count(&self) -> usize {
        self.shared().count_handles(|kind| kind != HandleKind::Channel)
    }

    /// The name it was opened with.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Channel, Fabric, Message};
    /// # use stratoswarm_core::examples::Job;
    /// fn filling<M: Message>(channel: &Channel<M>) -> String {
    ///     format!("{}: {} of {}", channel.name(), channel.len(), channel.capacity())
    /// }
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(8).open()?;
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(filling(&jobs), "jobs: 1 of 8");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> &str {
        &self.shared().name
    }

    /// How long its requests wait for their reply if they say nothing else; none: for ever.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Ping;
    /// use std::time::Duration;
    /// # let fabric = Fabric::new();
    /// let pings = fabric.channel::<Ping>("pings").open()?;
    /// assert_eq!(pings.default_timeout(), Some(Duration::from_secs(30)), "nothing was stated");
    /// let patient = fabric.channel::<Ping>("patient").no_default_timeout().open()?;
    /// assert_eq!(patient.default_timeout(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn default_timeout(&self) -> Option<Duration> {
        self.shared().default_timeout
    }

    /// The figures at this moment.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// for n in 1..=3 { jobs.try_send(Job(n))?; }
    /// let in_work = worker.try_recv()?;
    /// let info = jobs.info();
    /// assert_eq!((info.sent, info.len, info.high_water), (3, 2, 3));
    /// let workers = &info.readers[0];
    /// assert_eq!((workers.taken, workers.in_flight, workers.left), (1, 1, 2));
    /// # drop(in_work);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn info(&self) -> ChannelInfo {
        self.shared().info()
    }

    /// Whether both are handles of one channel.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// assert!(jobs.same_channel(&jobs.clone()));
    /// let others = fabric.channel::<Job>("others").open()?;
    /// assert!(!jobs.same_channel(&others), "the same type, but another channel");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.shared(), other.shared())
    }

    /// Another handle, with a name, which [`Fabric::snapshot`](crate::Fabric::snapshot), explanations and a shutdown's report show. Its
    /// clones have it, too.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let planner = jobs.named("planner");
    /// # drop(jobs);
    /// assert_eq!(fabric.snapshot().handles[0].name.as_deref(), Some("planner"));
    /// # drop(planner);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use = "the handle has the name, this one has not"]
    pub fn named(&self, name: &str) -> Self {
        let shared = Arc::clone(self.shared());
        Self { handle: Handle::sending(shared, HandleKind::Channel, Some(name), Location::caller()) }
    }

    /// Who has, or had, a handle to send by, if it is [traced](crate::ChannelBuilder::traced); otherwise none.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").traced().open()?;
    /// drop(jobs.named("planner"));
    /// assert_eq!(jobs.senders()[1].name.as_deref(), Some("planner"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn senders(&self) -> Vec<SenderInfo> {
        self.shared().trace().map_or_else(Vec::new, |trace| trace.senders())
    }

    /// Reads what becomes of its messages, if it is [traced](crate::ChannelBuilder::traced), from now on.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, OutcomeKind};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").traced().open()?;
    /// let mut outcomes = jobs.outcomes().open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send(Job(1)).await?;
    /// worker.try_recv()?.into_message();
    /// let mut told = Vec::new();
    /// outcomes.drain(&mut told, 8);
    /// let taken = told.pop().ok_or("nothing")??;
    /// assert_eq!((taken.seq, taken.group.as_deref(), taken.how), (0, Some("workers"), OutcomeKind::Taken));
    /// # Ok(()) }
    /// ```
    pub fn outcomes(&self) -> OutcomesOptions<'_, M> {
        OutcomesOptions::new(self.shared())
    }

    /// A handle that does not keep the channel open.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let (mut worker, retry) = (jobs.join("workers"), jobs.downgrade());
    /// jobs.try_send(Job(1))?;
    /// let job = worker.try_recv()?.into_message();
    /// retry.upgrade().ok_or("closed")?.try_send(job)?; // again, later
    /// drop(jobs); // closes, although the worker could send
    /// assert_eq!(worker.try_recv()?.0, 1);
    /// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn downgrade(&self) -> WeakChannel<M> {
        WeakChannel::new(Arc::downgrade(self.shared()))
    }
}

impl<M: Message> Clone for Channel<M> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self { handle: self.handle.another(HandleKind::Channel, Location::caller()) }
    }
}

impl<M: Message> fmt::Debug for Channel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.shared().name)
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
