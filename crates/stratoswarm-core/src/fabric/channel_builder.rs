use std::{any::type_name, fmt, marker::PhantomData, panic::Location, sync::Arc, time::Duration};

use super::{
    Fabric,
    directory::{Entry, Place, describe},
    owner::Of,
    private::DEFAULT_TIMEOUT,
};
use crate::{
    channel::Channel,
    error::OpenError,
    handle::{Budget, Handle, HandleKind, Shared, Traffic, Undelivered},
    message::{Message, Priority},
    stats::ChannelKind,
};

/// Messages that may wait, where nothing else is said.
const DEFAULT_CAPACITY: usize = 1024;

/// How to open a channel; made by [`Fabric::channel`].
///
/// Options that are not stated match whatever the channel has if it is open already.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// use std::time::Duration;
///
/// # let fabric = Fabric::new();
/// let jobs = fabric
///     .channel::<Job>("jobs")
///     .capacity(64)
///     .group("workers")
///     .default_timeout(Duration::from_secs(5))
///     .open()?;
/// assert_eq!((jobs.name(), jobs.capacity()), ("jobs", 64));
/// assert!(fabric.channel::<Job>("jobs").open()?.same_channel(&jobs));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "call `open`"]
pub struct ChannelBuilder<'a, M> {
    fabric: &'a Fabric,
    name: String,
    capacity: Option<usize>,
    traffic: Traffic,
    groups: Vec<String>,
    default_timeout: Option<Option<Duration>>,
    order: Option<i32>,
    ephemeral: bool,
    close_with_last_reader: bool,
    undelivered: Option<Undelivered<M>>,
    message: Of<M>,
}

impl<'a, M: Message> ChannelBuilder<'a, M> {
    pub(super) fn new(fabric: &'a Fabric, name: String) -> Self {
        Self {
            fabric,
            name,
            capacity: None,
            traffic: Traffic::plain(),
            groups: Vec::new(),
            default_timeout: None,
            order: None,
            ephemeral: false,
            close_with_last_reader: false,
            undelivered: None,
            message: PhantomData,
        }
    }

    /// How many messages may wait: 1 to `usize::MAX`, which is as good as unbounded; 1,024 if not stated. Storage grows
    /// on demand. After a burst, the channel and each of its readers keep that of 1,024 messages or half a mebibyte at
    /// most, whichever is less.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").capacity(2).open()?;
    /// jobs.try_send(Job(1))?;
    /// jobs.try_send(Job(2))?;
    /// assert!(jobs.try_send(Job(3)).is_err(), "exactly two");
    /// assert_eq!(fabric.channel::<Job>("others").open()?.capacity(), 1024);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn capacity(mut self, messages: usize) -> Self {
        self.capacity = Some(messages);
        self
    }

    /// Gives a class of traffic a lane of its own, with room for so many messages, at least 1. Classes without one share
    /// `Normal`'s, which is what [`capacity`](Self::capacity) is about.
    ///
    /// Readers get the most urgent lane's messages first, but see [`max_bypass`](Self::max_bypass). A full lane delays no
    /// sender of another. Taps see the messages of all lanes in the order of their acceptance, which costs a clone of each
    /// message while there is one.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// use stratoswarm_core::Priority;
    ///
    /// #[derive(Clone)]
    /// enum Order { Stop, Work(u32) }
    /// impl Message for Order {
    ///     type Reply = NoReply;
    ///     fn priority(&self) -> Priority {
    ///         match self { Self::Stop => Priority::Critical, Self::Work(_) => Priority::Normal }
    ///     }
    /// }
    ///
    /// let orders = Fabric::new().channel::<Order>("orders").capacity(2).lane(Priority::Critical, 1).open()?;
    /// let mut worker = orders.join("workers");
    /// orders.try_send(Order::Work(1))?;
    /// orders.try_send(Order::Work(2))?;
    /// assert!(orders.try_send(Order::Work(3)).is_err(), "full of work");
    /// orders.send(Order::Stop).await?; // has room of its own
    /// assert!(matches!(*worker.try_recv()?, Order::Stop), "and comes first");
    /// # Ok(()) }
    /// ```
    pub fn lane(mut self, priority: Priority, messages: usize) -> Self {
        self.traffic.lanes.push((priority, messages));
        self
    }

    /// How many more urgent messages may overtake a lane that waits, at least 1; 32 if not stated. Then it has its turn: with
    /// L lanes its next message is handed out after at most this many and 2 (L − 1) others.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply, Priority};
    /// # #[derive(Clone)] struct Job(Priority);
    /// # impl Message for Job { type Reply = NoReply; fn priority(&self) -> Priority { self.0 } }
    /// let jobs = Fabric::new().channel::<Job>("jobs").lane(Priority::Critical, 8).max_bypass(2).open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.try_send(Job(Priority::Normal))?;
    /// for _ in 0..4 { jobs.try_send(Job(Priority::Critical))?; }
    /// let order: Vec<_> = worker.try_iter().map(|job| job.0 == Priority::Normal).collect();
    /// assert_eq!(order, [false, false, true, false, false]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_bypass(mut self, messages: u32) -> Self {
        self.traffic.max_bypass = Some(messages);
        self
    }

    /// How long messages that are only sent are good for, from their acceptance on; for ever if not stated. See
    /// [`Sending::ttl`](crate::Sending::ttl), which says it for one message.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").ttl(Duration::from_secs(30)).open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send(Job(1)).await?;
    /// tokio::time::advance(Duration::from_secs(30)).await;
    /// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty), "nobody works on what is stale");
    /// # Ok(()) }
    /// ```
    pub fn ttl(mut self, after: Duration) -> Self {
        self.traffic.ttl = Some(after);
        self
    }

    /// Has it told who sent each message and when it was admitted, by one count of the fabric, to
    /// [recorders](crate::Channel::record); and what became of it, to those who read its [outcomes](crate::Channel::outcomes).
    ///
    /// A sender is a [name](crate::Channel::named), or the place where a handle without one was made: the
    /// [list](crate::Channel::senders) grows with their number. Each message costs more, and a channel that is not traced costs
    /// nothing of it. It does not go with [`retain`](Self::retain).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").traced().open()?;
    /// let mut recorder = jobs.record().open()?;
    /// jobs.named("planner").send(Job(7)).await?;
    /// let origin = recorder.try_recv()??.origin.ok_or("not traced")?;
    /// assert_eq!(jobs.senders()[origin.sender as usize].label(), "planner");
    /// # Ok(()) }
    /// ```
    pub fn traced(mut self) -> Self {
        self.traffic.traced = true;
        self
    }

    /// Handles that wait for room take turns: a freed place goes to the handle that was served the longest ago, and in it to
    /// its longest waiting send, permit or request. Without it, it goes to the longest waiting of all.
    ///
    /// So a handle with a thousand sends that wait holds up another's single one by one place, not by a thousand. A handle is
    /// one clone of the [`Channel`]: whoever is to have turns of his own needs one of his own. Each message costs more.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).fair_senders().open()?;
    /// let (modest, mut worker) = (jobs.clone(), jobs.join("workers"));
    /// jobs.send(Job(0)).await?;
    /// let mut flood: Vec<_> = (1..100).map(|n| jobs.send(Job(n))).collect();
    /// for send in &mut flood { assert!(futures::poll!(send).is_pending()); }
    /// let mut single = modest.send(Job(1_000));
    /// assert!(futures::poll!(&mut single).is_pending());
    ///
    /// assert_eq!(worker.recv().await.map(|job| job.0), Some(0));
    /// (&mut flood[0]).await?;
    /// assert_eq!(worker.recv().await.map(|job| job.0), Some(1));
    /// single.await?; // before the other 98
    /// # Ok(()) }
    /// ```
    pub fn fair_senders(mut self) -> Self {
        self.traffic.fair_senders = true;
        self
    }

    /// How many bytes may wait, by what messages [weigh](Message::weight), besides how many messages: accepted, and not yet
    /// taken by every group and subscriber, or settled by a group that acknowledges. At least 1; no bound if not stated.
    ///
    /// Who finds too little room waits with his place in the channel, in the order of places; of all lanes in one line. A
    /// message larger than the bound comes in alone. See [`Budget`] for the rest, which is one for several channels.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use bytes::Bytes;
    /// # use stratoswarm_core::Fabric;
    /// let images = Fabric::new().channel::<Bytes>("images").max_bytes(100).open()?;
    /// let mut worker = images.join("workers");
    /// images.send(vec![0; 60].into()).await?;
    /// let mut second = images.send(vec![0; 60].into());
    /// assert!(futures::poll!(&mut second).is_pending());
    /// assert_eq!(images.info().bytes, 60);
    /// assert_eq!(worker.recv().await.map(|image| image.len()), Some(60));
    /// second.await?;
    /// assert_eq!(worker.recv().await.map(|image| image.len()), Some(60));
    /// images.send(vec![0; 1_000].into()).await?; // larger than all there is: alone
    /// assert!(images.try_send(vec![0; 1].into()).is_err());
    /// # Ok(()) }
    /// ```
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.traffic.max_bytes = Some(bytes);
        self
    }

    /// Bounds the bytes of several channels together: what their messages [weigh](Message::weight) is charged to `budget`, of
    /// which no other channel can use the last `minimum` bytes. A minimum should not be less than the channel's largest message,
    /// if another that stalls is not to stop it.
    ///
    /// # Examples
    /// See [`Budget`].
    pub fn budget(mut self, budget: &Budget, minimum: usize) -> Self {
        self.traffic.budget = Some((budget.clone(), minimum));
        self
    }

    /// The last so many messages that were accepted stay for late readers, whoever has taken them: see [`Start`](crate::Start).
    /// At most the capacity. They take no place and hold no sender; each message is cloned once more. A request stays as a plain
    /// message, to which no answer is expected.
    ///
    /// It does not go with lanes, a time to live of the channel or fair senders.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Start};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(2).retain(2).open()?;
    /// let mut worker = jobs.join("workers");
    /// for n in 1..=5 {
    ///     jobs.try_send(Job(n))?; // what is retained takes no place
    ///     worker.try_recv()?;
    /// }
    /// let mut late = jobs.group("auditors").start(Start::Oldest).join()?;
    /// assert_eq!(late.try_iter().map(|job| job.0).collect::<Vec<_>>(), [4, 5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retain(mut self, messages: usize) -> Self {
        self.traffic.retain = Some(messages);
        self
    }

    /// Declares a durable group before its first member: messages are kept for it from the opening on. May be called
    /// several times.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").group("builders").group("testers").open()?;
    /// jobs.try_send(Job(1))?; // before anybody joined
    /// assert_eq!(jobs.join("builders").try_recv()?.0, 1);
    /// assert_eq!(jobs.join("testers").try_recv()?.0, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn group(mut self, name: &str) -> Self {
        self.groups.push(name.to_owned());
        self
    }

    /// How long a request waits for its reply, unless it says otherwise; 30 s if not stated.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, RequestError};
    /// # use stratoswarm_core::examples::Ping;
    /// # let after = std::time::Duration::from_millis(5);
    /// let pings = Fabric::new().channel::<Ping>("pings").default_timeout(after).open()?;
    /// assert!(matches!(pings.request(Ping).await, Err(RequestError::Expired { .. })));
    /// # Ok(()) }
    /// ```
    pub fn default_timeout(mut self, after: Duration) -> Self {
        self.default_timeout = Some(Some(after));
        self
    }

    /// Requests wait for ever, unless they say otherwise.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Ping;
    /// let pings = Fabric::new().channel::<Ping>("pings").no_default_timeout().open()?;
    /// assert_eq!(pings.default_timeout(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn no_default_timeout(mut self) -> Self {
        self.default_timeout = Some(None);
        self
    }

    /// The place in the closing order of a [shutdown](Fabric::shutdown): lower closes first; 0 if not stated. The
    /// predefined channels have 10 to 80.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let results = fabric.channel::<Job>("results").shutdown_order(2).open()?;
    /// let work = fabric.channel::<Job>("work").shutdown_order(1).open()?;
    /// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
    /// let closed: Vec<_> = report.channels.iter().map(|channel| &*channel.name).collect();
    /// assert_eq!(closed, ["work", "results"], "upstream first");
    /// # drop((results, work));
    /// # Ok(()) }
    /// ```
    pub fn shutdown_order(mut self, order: i32) -> Self {
        self.order = Some(order);
        self
    }

    /// The channel lives only as long as its handles: the fabric's own does not count. So it closes with the last
    /// [`Channel`], and with the last handle of any kind it is gone, and its name free, whatever it still had.
    ///
    /// For topics that come and go.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let topic = fabric.channel::<Job>("topic").ephemeral().open()?;
    /// let mut worker = topic.join("workers");
    /// topic.try_send(Job(1))?;
    /// drop(topic);
    /// assert_eq!(worker.try_recv()?.0, 1, "what is there can be drained");
    /// assert!(worker.blocking_recv().is_none(), "closed with its last sending handle");
    /// drop(worker);
    /// assert!(fabric.channels().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ephemeral(mut self) -> Self {
        self.ephemeral = true;
        self
    }

    /// The channel closes once nobody reads any more: when the last member or subscriber goes, after there was one; a tap
    /// only looks on. Senders then get their messages back, as with tokio's channels; what was accepted and not taken is dropped, and the
    /// callers of its requests are told [`Unanswered`](crate::RequestError::Unanswered).
    ///
    /// Without it a channel waits for the next reader, as a worker that is restarted: it fills up, and then senders wait. See
    /// also [`readers_gone`](Channel::readers_gone).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, SendError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").close_with_last_reader().open()?;
    /// jobs.send(Job(1)).await?; // kept for the first to come
    /// let mut worker = jobs.join("workers");
    /// assert_eq!(worker.recv().await.map(|job| job.0), Some(1));
    /// drop(worker);
    /// assert_eq!(jobs.send(Job(2)).await, Err(SendError(Job(2))));
    /// # Ok(()) }
    /// ```
    pub fn close_with_last_reader(mut self) -> Self {
        self.close_with_last_reader = true;
        self
    }

    /// Hands back what is undelivered, instead of dropping it: what each group without members had not taken, with the
    /// group's name, and what nobody came for, without one. That is at the end of a [shutdown](Fabric::shutdown), at
    /// [`Fabric::remove`], when the channel closes [with its last reader](Self::close_with_last_reader), or when its last
    /// handle goes.
    ///
    /// What a subscriber or an ephemeral group had not read goes with it, and is not handed back.
    ///
    /// The function gets copies, and runs in the task that ends the channel, under no lock; a panic of it ends there, and
    /// costs the one message. Requests are not handed back: their callers are told. Nor is what readers that exist have left:
    /// that is theirs. Of a channel that is open already with such a function, that one stays.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let fabric = Fabric::new();
    /// let (left, saved) = mpsc::channel();
    /// let jobs = fabric.channel::<Job>("jobs").group("workers");
    /// let jobs = jobs.undelivered(move |group, job| drop(left.send((group.map(String::from), job)))).open()?;
    /// jobs.send(Job(7)).await?; // and no worker ever came
    /// fabric.shutdown(Duration::from_secs(1)).await;
    /// assert_eq!(saved.try_recv()?, (Some("workers".to_owned()), Job(7)));
    /// # Ok(()) }
    /// ```
    pub fn undelivered(mut self, handle: impl Fn(Option<&str>, M) + Send + Sync + 'static) -> Self {
        self.undelivered = Some(Undelivered::new(handle));
        self
    }

    /// Opens the channel, or finds it if it is there already. A closed one is there until it is drained; until then its
    /// name is taken, and [`remove_group`](crate::Channel::remove_group) lets go of what nobody will take.
    ///
    /// # Errors
    /// The name is taken by a channel of another type or with other options than those stated; the capacity is 0; options
    /// contradict each other; the minima at its budget are too much together; the fabric is shut down.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, OpenError};
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").capacity(8).open()?;
    /// let same = fabric.channel::<Job>("jobs").open()?;
    /// assert!(same.same_channel(&jobs), "it is open, and no other option was stated");
    /// let other = fabric.channel::<Job>("jobs").capacity(9).open();
    /// assert!(matches!(other, Err(OpenError::Conflict { .. })));
    /// # drop((jobs, same));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn open(self) -> Result<Channel<M>, OpenError> {
        let at = Location::caller();
        self.open_as(at, |shared| Handle::revived(shared, HandleKind::Channel, at))
    }

    /// As [`open`](Self::open), with a handle that a shutdown's report does not name among those that still exist: for a
    /// registry of yours that keeps its channels until the program ends, as [`ChannelRegistry`](crate::ChannelRegistry) does.
    ///
    /// # Errors
    /// Those of `open`.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// let fabric = Fabric::new();
    /// let kept = fabric.channel::<u32>("numbers").open_unlisted()?;
    /// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
    /// assert!(kept.is_closed() && report.held.is_empty());
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn open_unlisted(self) -> Result<Channel<M>, OpenError> {
        self.open_as(Location::caller(), |shared| Some(Handle::unlisted(shared)))
    }

    fn open_as(
        mut self,
        at: &'static Location<'static>,
        handle: impl Fn(Arc<Shared<M>>) -> Option<Handle<M>>,
    ) -> Result<Channel<M>, OpenError> {
        if let Some(messages) = self.fabric.directory().settings.capacity {
            self.capacity = Some(messages);
            self.traffic.lanes.iter_mut().for_each(|(_, room)| *room = messages);
            self.traffic.retain = self.traffic.retain.map(|retained| retained.min(messages));
        }
        if self.capacity == Some(0) {
            return Err(OpenError::ZeroCapacity);
        }
        self.traffic.check(self.capacity.unwrap_or(DEFAULT_CAPACITY))?;
        let found = |entry: &Entry| match entry.of::<M>(ChannelKind::Channel) {
            Some(shared) if self.matches(entry, &shared) => {
                self.groups.iter().for_each(|group| shared.declare_group(group));
                handle(shared).map(Ok)
            }
            other => Some(Err(self.conflict(entry, other.as_deref()))),
        };
        let make = || {
            let capacity = self.capacity.unwrap_or(DEFAULT_CAPACITY);
            let timeout = self.default_timeout.unwrap_or(Some(DEFAULT_TIMEOUT));
            let tracer =
                self.fabric.directory().settings.tracer.as_ref().filter(|_| self.traffic.retain.is_none());
            let traffic = Traffic { spans: tracer.is_some(), ..self.traffic.clone() };
            let shared = Shared::new(&self.name, ChannelKind::Channel, capacity, timeout, traffic, at);
            if let Some(tracer) = tracer {
                shared.tell_spans_to(Arc::clone(tracer));
            }
            if self.close_with_last_reader {
                shared.log.lock().close_with_readers();
            }
            if let Some(undelivered) = &self.undelivered {
                shared.hand_back(undelivered.clone());
            }
            if let Some(account) = self.traffic.account(&shared.name)? {
                shared.charge_to(account);
            }
            if self.traffic.traced {
                shared.trace_by(&self.fabric.directory().turns);
            }
            self.groups.iter().for_each(|group| shared.declare_group(group));
            Ok(shared)
        };
        let place = Place { name: &self.name, order: self.order.unwrap_or(0), ephemeral: self.ephemeral };
        let channel = Channel::new(self.fabric.directory().open(place, found, make, &handle)?);
        tracing::debug!(channel = channel.name(), capacity = channel.capacity(), "channel opened");
        Ok(channel)
    }

    #[cold]
    fn conflict(&self, entry: &Entry, channel: Option<&Shared<M>>) -> OpenError {
        let open = match channel {
            None => entry.describe(),
            Some(channel) => {
                let with_readers = channel.log.lock().closes_with_readers();
                let closes = if with_readers { CLOSES_WITH_READERS } else { "" };
                with_timeout(
                    channel.traffic.describe(entry.describe() + closes),
                    Some(channel.default_timeout),
                )
            }
        };
        OpenError::Conflict { name: self.name.clone(), open, asked: self.describe() }
    }

    fn matches(&self, entry: &Entry, channel: &Shared<M>) -> bool {
        self.capacity.is_none_or(|capacity| capacity == channel.capacity)
            && self.default_timeout.is_none_or(|timeout| timeout == channel.default_timeout)
            && self.traffic.matches(&channel.traffic)
            && self.order.is_none_or(|order| order == entry.order)
            && (entry.ephemeral || !self.ephemeral)
            && (!self.close_with_last_reader || channel.log.lock().closes_with_readers())
            && (self.undelivered.is_none() || channel.hands_back())
    }

    fn describe(&self) -> String {
        let mut text = describe(ChannelKind::Channel, type_name::<M>(), self.capacity);
        if let Some(order) = self.order {
            text.push_str(&format!(", order {order}"));
        }
        if self.ephemeral {
            text.push_str(", ephemeral");
        }
        if self.close_with_last_reader {
            text.push_str(CLOSES_WITH_READERS);
        }
        if self.undelivered.is_some() {
            text.push_str(", undelivered handed back");
        }
        with_timeout(self.traffic.describe(text), self.default_timeout)
    }
}

const CLOSES_WITH_READERS: &str = ", closed with its last reader";

fn with_timeout(text: String, stated: Option<Option<Duration>>) -> String {
    match stated {
        None => text,
        Some(None) => format!("{text}, no default timeout"),
        Some(Some(after)) => format!("{text}, default timeout {after:?}"),
    }
}

impl<M> fmt::Debug for ChannelBuilder<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
