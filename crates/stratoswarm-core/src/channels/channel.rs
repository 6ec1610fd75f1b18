use std::{fmt, panic::Location, sync::Arc, task::Poll, time::Duration};

use super::{
    Ask, GroupOptions, LossySubscriber, Message, OwnedPermit, Permit, Receiver, Requesting, Reserving,
    Sending, Shared, Subscriber, WeakChannel, block_on, closed, reserving::Place,
};
use crate::{
    accounts::ChannelInfo,
    engine::{Admission, Durability, Effects, Slot},
    error::{Closed, JoinError, SendError, TrySendError},
    sync::poll_proceed,
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
/// wait, and are served in the order they came; nobody overtakes them.
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
    shared: Arc<Shared<M>>,
    /// Its number in the list of handles; none for a fabric's own.
    handle: Option<u64>,
}

impl<M: Message> Channel<M> {
    /// A handle that is listed in the report of a shutdown while it exists. The caller has counted it as a sender.
    pub(crate) fn listed(shared: Arc<Shared<M>>, at: &'static Location<'static>) -> Self {
        let handle = Some(shared.list("Channel", None, at));
        Self { shared, handle }
    }

    /// A fabric's own handle.
    pub(crate) fn unlisted(shared: Arc<Shared<M>>) -> Self {
        shared.add_sender();
        Self { shared, handle: None }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        &self.shared
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
    #[inline]
    pub fn try_send(&self, message: M) -> Result<(), TrySendError<M>> {
        let mut log = self.shared.log.lock();
        if log.admits_now() {
            log.push(Slot::plain(message));
            if log.has_followers() {
                self.shared.pushed(log);
            }
            return Ok(());
        }
        let mut effects = Effects::new();
        let sent = match log.admit(&mut effects) {
            Admission::Full => Err(TrySendError::Full(message)),
            Admission::Closed => Err(TrySendError::Closed(message)),
            Admission::Granted => {
                log.push(Slot::plain(message));
                log.note_depth();
                log.pushed(1, &mut effects);
                Ok(())
            }
        };
        self.shared.settle(log, effects);
        sent
    }

    /// Blocks this thread until there is room, and sends.
    ///
    /// # Errors
    /// The channel is closed; the message comes back.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do. Plain threads and `spawn_blocking` are fine.
    #[track_caller]
    pub fn blocking_send(&self, message: M) -> Result<(), SendError<M>> {
        block_on(self.send(message))
    }

    /// Sends all of `batch`, from its front, as room comes; many under one lock.
    ///
    /// Order is kept; it is not atomic: other senders' messages may come in between.
    ///
    /// # Errors
    /// The channel is closed; what was not accepted is still in `batch`.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, what was not accepted is still in `batch`.
    #[track_caller]
    pub fn send_many<'a>(
        &'a self,
        batch: &'a mut Vec<M>,
    ) -> impl Future<Output = Result<(), Closed>> + Send + 'a {
        let from = Location::caller();
        async move {
            let mut sending = SendMany { shared: &self.shared, waiting: None };
            std::future::poll_fn(|cx| {
                let budget = std::task::ready!(poll_proceed(cx));
                let polled = sending.poll(batch, from, cx);
                if polled.is_ready() {
                    budget.made_progress();
                }
                polled
            })
            .await
        }
    }

    /// Waits for room and keeps a place.
    ///
    /// # Errors
    /// The channel is closed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, nothing is kept.
    ///
    /// # Examples
    /// See [`Permit`].
    #[track_caller]
    pub fn reserve(&self) -> Reserving<'_, M> {
        Reserving::new(self, Location::caller())
    }

    /// Keeps a place, if there is room and no earlier sender waits for it.
    ///
    /// # Errors
    /// [`Full`](TrySendError::Full) or [`Closed`](TrySendError::Closed).
    pub fn try_reserve(&self) -> Result<Permit<'_, M>, TrySendError<()>> {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let admission = log.admit(&mut effects);
        if admission == Admission::Granted {
            log.permit();
        }
        self.shared.settle(log, effects);
        match admission {
            Admission::Granted => Ok(Permit::new(self)),
            Admission::Full => Err(TrySendError::Full(())),
            Admission::Closed => Err(TrySendError::Closed(())),
        }
    }

    /// Waits for room and keeps a place, in a permit that owns this handle.
    ///
    /// # Errors
    /// The channel is closed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, nothing is kept; the handle is dropped with it.
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<M>, Closed>> + Send {
        let from = Location::caller();
        async move {
            {
                let mut place = Place::new(&self.shared, from);
                std::future::poll_fn(|cx| {
                    let budget = std::task::ready!(poll_proceed(cx));
                    let reserved = std::task::ready!(place.poll(cx));
                    budget.made_progress();
                    Poll::Ready(reserved)
                })
                .await?;
            }
            Ok(OwnedPermit::new(self))
        }
    }

    /// Sends a request and waits for its reply. The future is a builder, too: `.timeout(..)`, `.deadline(..)`.
    ///
    /// Without either, the channel's default timeout holds. The deadline covers all: waiting for room, queue, handler
    /// and reply. It is never early, and at most one tick of the clock in use (1 ms for tokio's) late.
    ///
    /// With several groups, each handles the request, and the first reply wins: side effects run once per group.
    ///
    /// # Errors
    /// [`RequestError`](crate::RequestError) says how far it came. What a handler has to object is part of the reply.
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
    /// let silence = pings.request(Ping).timeout(Duration::from_millis(5)).await;
    /// assert!(matches!(silence, Err(RequestError::Expired { stage: Stage::Queued, members: 0, .. })));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    #[inline]
    pub fn request<A: Ask<M>>(&self, ask: A) -> Requesting<'_, M, A> {
        Requesting::new(self, ask, false, Location::caller())
    }

    /// As [`request`](Self::request), but does not wait for room.
    ///
    /// # Errors
    /// Those of `request`, and [`Full`](crate::RequestError::Full).
    #[track_caller]
    #[inline]
    pub fn try_request<A: Ask<M>>(&self, ask: A) -> Requesting<'_, M, A> {
        Requesting::new(self, ask, true, Location::caller())
    }

    /// Joins a group, which is made if there is none: each message goes to one of its members.
    ///
    /// A group keeps its place when its last member leaves: senders then wait until somebody joins again, rather than
    /// lose work ([`GroupOptions::ephemeral`] and [`remove_group`](Self::remove_group) are for other wishes). Joining
    /// a closed channel drains it.
    #[track_caller]
    pub fn join(&self, group: &str) -> Receiver<M> {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let joined = log.join(group, Durability::Durable, false, &mut effects);
        self.shared.settle(log, effects);
        Receiver::new(Arc::clone(&self.shared), joined, group, Location::caller())
    }

    /// Joins a group with options.
    pub fn group<'a>(&'a self, name: &'a str) -> GroupOptions<'a, M> {
        GroupOptions::new(self, name)
    }

    /// Declares a group before its first member: messages are kept for it from now on.
    pub(crate) fn declare_group(&self, name: &str) {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        log.open_group(name, Durability::Durable, false, &mut effects);
        self.shared.settle(log, effects);
    }

    pub(super) fn try_member(
        &self,
        group: &str,
        durability: Option<Durability>,
        from_oldest: bool,
        name: Option<&str>,
        at: &'static Location<'static>,
    ) -> Result<Receiver<M>, JoinError> {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        if let (Some(asked), Some(existing)) = (durability, log.durability(group))
            && asked != existing
        {
            return Err(JoinError::Conflict);
        }
        let joined = log.join(group, durability.unwrap_or(Durability::Durable), from_oldest, &mut effects);
        self.shared.settle(log, effects);
        Ok(Receiver::new(Arc::clone(&self.shared), joined, name.unwrap_or(group), at))
    }

    /// A new reader that gets every message and that senders wait for, from the next message on.
    #[track_caller]
    pub fn subscribe(&self) -> Subscriber<M> {
        Subscriber::new(&self.shared, false, Location::caller())
    }

    /// A new reader that nobody waits for and that is told what it missed, from the next message on.
    ///
    /// For its sake up to `capacity` messages (65,536 at most) are remembered that the others have taken already.
    #[track_caller]
    pub fn tap(&self) -> LossySubscriber<M> {
        LossySubscriber::new(&self.shared, Location::caller())
    }

    /// Removes a group with what only it had not taken; how many messages that is. Requests among them are told
    /// [`Unanswered`](crate::RequestError::Unanswered), and its members get `None`. 0 if there is no such group.
    pub fn remove_group(&self, name: &str) -> usize {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let left = log.remove_group(name, &mut effects);
        self.shared.settle(log, effects);
        left
    }

    /// Closes the channel, for all handles: nothing more is accepted, senders that wait get their message back,
    /// readers drain what is there. Permits stay valid. Closing twice is no fault.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Waits until the channel is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub async fn closed(&self) {
        closed(&self.shared).await;
    }

    /// Whether nothing more is accepted.
    pub fn is_closed(&self) -> bool {
        self.shared.log.lock().is_closed()
    }

    /// How many messages are accepted and not yet taken by the slowest lossless reader. Permits do not count.
    pub fn len(&self) -> usize {
        self.shared.log.lock().len() as usize
    }

    /// Whether [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages may wait.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// The name it was opened with.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// How long its requests wait for their reply if they say nothing else; none: for ever.
    pub fn default_timeout(&self) -> Option<Duration> {
        self.shared.default_timeout
    }

    /// The figures at this moment.
    pub fn info(&self) -> ChannelInfo {
        self.shared.info()
    }

    /// Whether both are handles of one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakChannel<M> {
        WeakChannel::new(Arc::downgrade(&self.shared))
    }
}

impl<M: Message> Clone for Channel<M> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.shared.add_sender();
        Self::listed(Arc::clone(&self.shared), Location::caller())
    }
}

impl<M: Message> Drop for Channel<M> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle {
            self.shared.unlist(handle);
        }
        self.shared.drop_sender();
    }
}

impl<M: Message> fmt::Debug for Channel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.shared.name)
            .field("capacity", &self.shared.capacity)
            .finish_non_exhaustive()
    }
}

/// Sends a batch as room comes.
struct SendMany<'a, M: Message> {
    shared: &'a Shared<M>,
    waiting: Option<u64>,
}

impl<M: Message> SendMany<'_, M> {
    fn poll(
        &mut self,
        batch: &mut Vec<M>,
        from: &'static Location<'static>,
        cx: &std::task::Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        if batch.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let polled = loop {
            let admission = match self.waiting {
                None => log.admit_many(batch.len(), &mut effects),
                // One place is granted; whether there are more, the next turn tells.
                Some(id) => log.claim(id, cx.waker(), &mut effects).map_granted(1),
            };
            match admission {
                Ok(count) => {
                    self.waiting = None;
                    log.push_many(batch.drain(..count));
                    log.pushed(count as u64, &mut effects);
                    if batch.is_empty() {
                        break Poll::Ready(Ok(()));
                    }
                }
                Err(Admission::Closed) => {
                    self.waiting = None;
                    break Poll::Ready(Err(Closed));
                }
                Err(_) if self.waiting.is_some() => break Poll::Pending,
                Err(_) => self.waiting = Some(log.wait(cx.waker(), from, &mut effects)),
            }
        };
        self.shared.settle(log, effects);
        polled
    }
}

impl<M: Message> Drop for SendMany<'_, M> {
    fn drop(&mut self) {
        if let Some(id) = self.waiting {
            self.shared.cancel_send(id);
        }
    }
}
