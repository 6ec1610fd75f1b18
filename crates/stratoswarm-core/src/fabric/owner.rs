use std::{
    fmt,
    marker::PhantomData,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use dashmap::{DashMap, Entry as Place};
use tracing::Instrument;

use super::{
    BroadcastBuilder, ChannelBuilder, ShutdownReport, WeakFabric,
    entry::{AnyChannel, Entry},
    shutdown,
};
use crate::{
    accounts::ChannelInfo,
    channels::{Broadcast, Channel, Message},
    error::OpenError,
};

/// The owner of named, typed channels.
///
/// Clones are handles of the same fabric. While one exists, its channels stay open, unless they are closed or the
/// fabric is [shut down](Self::shutdown), which is the ordinary end of a program.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stratoswarm_core::{Fabric, Message, NoReply};
///
/// #[derive(Clone)]
/// struct Job(u32);
/// impl Message for Job { type Reply = NoReply; }
///
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").capacity(64).group("workers").open()?;
/// let news = fabric.broadcast::<String>("news").open()?;
/// assert!(fabric.get::<Job>("jobs").is_some_and(|same| same.same_channel(&jobs)));
/// assert!(fabric.channel::<String2>("jobs").open().is_err(), "the name is taken by another type");
/// # #[derive(Clone)] struct String2; impl Message for String2 { type Reply = NoReply; }
///
/// jobs.send(Job(1)).await?;
/// let report = fabric.shutdown(Duration::from_secs(5)).await; // does not wait for workers that never came
/// assert_eq!(report.channels[0].undelivered, 1);
/// # drop(news); Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Fabric {
    inner: Arc<Inner>,
}

#[derive(Default)]
pub(super) struct Inner {
    channels: DashMap<String, Entry>,
    closed: AtomicBool,
}

impl Fabric {
    /// A fabric without channels.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let (fabric, other) = (Fabric::new(), Fabric::new());
    /// assert!(fabric.channels().is_empty());
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// assert!(other.get::<Job>("jobs").is_none(), "names are a fabric's own");
    /// # drop(jobs);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_inner(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// A channel of this name: with `.open()` it is made, or found if it is open already.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").capacity(64).open()?;
    /// let same = fabric.channel::<Job>("jobs").open()?; // elsewhere in the program
    /// same.try_send(Job(1))?;
    /// assert_eq!(jobs.join("workers").try_recv()?.0, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn channel<M: Message>(&self, name: impl Into<String>) -> ChannelBuilder<'_, M> {
        ChannelBuilder::new(self, name.into())
    }

    /// A broadcast of this name: with `.open()` it is made, or found if it is open already.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # let fabric = Fabric::new();
    /// let news = fabric.broadcast::<String>("news").open()?;
    /// let mut reader = fabric.broadcast::<String>("news").open()?.subscribe(); // elsewhere in the program
    /// news.send("started".to_owned())?;
    /// assert_eq!(reader.try_recv()?, Ok("started".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn broadcast<M: Clone + Send + 'static>(&self, name: impl Into<String>) -> BroadcastBuilder<'_, M> {
        BroadcastBuilder::new(self, name.into())
    }

    /// The channel of this name; none if there is none, or one of another type. A closed one can be had until it is
    /// drained, to drain it.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// # #[derive(Clone)] struct Order; impl Message for Order { type Reply = NoReply; }
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// jobs.try_send(Job(1))?;
    /// let found = fabric.get::<Job>("jobs").ok_or("there is none")?;
    /// assert_eq!(found.len(), 1);
    /// assert!(fabric.get::<Order>("jobs").is_none(), "another type");
    /// assert!(fabric.get::<Job>("job").is_none(), "nothing is opened");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn get<M: Message>(&self, name: &str) -> Option<Channel<M>> {
        let at = Location::caller();
        let entry = self.inner.channels.get(name).filter(|entry| !entry.channel().is_spent())?;
        let channel = entry.downcast::<Channel<M>>()?;
        channel.shared().add_sender();
        Some(Channel::listed(Arc::clone(channel.shared()), at))
    }

    /// The broadcast of this name; none if there is none, or one of another type. A closed one can be had until it is
    /// drained, to drain it.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # let fabric = Fabric::new();
    /// let news = fabric.broadcast::<u32>("news").open()?;
    /// let found = fabric.get_broadcast::<u32>("news").ok_or("there is none")?;
    /// assert!(found.same_channel(&news));
    /// assert!(fabric.get_broadcast::<String>("news").is_none(), "another type");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn get_broadcast<M: Clone + Send + 'static>(&self, name: &str) -> Option<Broadcast<M>> {
        let at = Location::caller();
        let entry = self.inner.channels.get(name).filter(|entry| !entry.channel().is_spent())?;
        let broadcast = entry.downcast::<Broadcast<M>>()?;
        broadcast.shared().add_sender();
        Some(Broadcast::listed(Arc::clone(broadcast.shared()), at))
    }

    /// The figures of all channels, in the order of their closing. Closed and drained ones are not listed.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// # let fabric = Fabric::new();
    /// let results = fabric.channel::<Job>("results").order(2).open()?;
    /// let work = fabric.channel::<Job>("work").order(1).open()?;
    /// for n in 1..=3 { work.try_send(Job(n))?; }
    /// let waiting: Vec<_> = fabric.channels().into_iter().map(|info| (info.name, info.len)).collect();
    /// assert_eq!(waiting, [("work".to_owned(), 3), ("results".to_owned(), 0)]);
    /// results.close();
    /// assert_eq!(fabric.channels().len(), 1, "closed, and nothing to drain");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn channels(&self) -> Vec<ChannelInfo> {
        let live = self.inner.channels.iter().filter(|entry| !entry.channel().is_spent());
        let mut infos: Vec<_> = live.map(|entry| (entry.order, entry.channel().info())).collect();
        infos.sort_by(|(a_order, a), (b_order, b)| (a_order, &a.name).cmp(&(b_order, &b.name)));
        infos.into_iter().map(|(_, info)| info).collect()
    }

    /// A handle that does not keep the channels open.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let fabric = Fabric::new();
    /// let mut worker = fabric.channel::<Job>("jobs").open()?.join("workers");
    /// let weak = fabric.downgrade(); // for a task that must not keep the channels open
    /// let jobs = weak.upgrade().and_then(|fabric| fabric.get::<Job>("jobs")).ok_or("it is gone")?;
    /// jobs.try_send(Job(1))?;
    /// drop((fabric, jobs));
    /// assert!(weak.upgrade().is_none());
    /// assert_eq!(worker.try_recv()?.0, 1, "what was sent can be drained");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn downgrade(&self) -> WeakFabric {
        WeakFabric::new(Arc::downgrade(&self.inner))
    }

    /// Closes the channels in their order (lower [`order`](ChannelBuilder::order) first, then by name within one order
    /// all at once), each order drained before the next is closed, so that what is downstream still works while
    /// upstream drains. Drained means: taken, and the [`Delivery`](crate::Delivery) or
    /// [`Responder`](crate::Responder) dropped. Groups without members and lossy readers are not waited for.
    ///
    /// After `within` the rest is closed without waiting. The report says what was drained, what is in hand, what is
    /// undelivered, and which handles still exist. Nothing can be opened afterwards.
    ///
    /// # Cancel safety
    /// Dropped, channels that were closed stay closed, the others open; it can be called again.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, NoReply, OpenError};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// use std::time::Duration;
    ///
    /// let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// for n in 1..=3 { jobs.send(Job(n)).await?; }
    /// tokio::spawn(async move { while worker.recv().await.is_some() {} }); // ends with its channel
    /// let report = fabric.shutdown(Duration::from_secs(5)).await;
    /// assert!(report.is_clean());
    /// assert_eq!(report.channels[0].drained, 3);
    /// assert_eq!(fabric.channel::<Job>("late").open().err(), Some(OpenError::Closed));
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, within: Duration) -> ShutdownReport {
        self.inner.closed.store(true, Ordering::SeqCst);
        shutdown::run(self, within).instrument(tracing::debug_span!("shutdown", ?within)).await
    }

    /// The names in the order of their closing, grouped by order.
    pub(super) fn closing_order(&self) -> Vec<Vec<String>> {
        let mut names: Vec<_> =
            self.inner.channels.iter().map(|entry| (entry.order, entry.key().clone())).collect();
        names.sort();
        let groups = names.chunk_by(|(a, _), (b, _)| a == b);
        groups.map(|group| group.iter().map(|(_, name)| name.clone()).collect()).collect()
    }

    /// Looks at the channel of this name. Must not open or look up another one meanwhile.
    pub(super) fn with<T>(&self, name: &str, look: impl FnOnce(&dyn AnyChannel) -> T) -> Option<T> {
        self.inner.channels.get(name).map(|entry| look(entry.channel()))
    }

    /// Finds the channel of this name, or makes it.
    pub(super) fn open<C: AnyChannel, T>(
        &self,
        name: &str,
        found: impl FnOnce(&Entry, Option<&C>) -> Result<T, OpenError>,
        make: impl FnOnce() -> (Entry, T),
    ) -> Result<T, OpenError> {
        if self.inner.closed.load(Ordering::SeqCst) {
            return Err(OpenError::Closed);
        }
        let made = match self.inner.channels.entry(name.to_owned()) {
            Place::Occupied(place) if !place.get().channel().is_spent() => {
                return found(place.get(), place.get().downcast());
            }
            Place::Occupied(mut place) => {
                let (entry, made) = make();
                let spent = place.insert(entry);
                drop(place);
                drop(spent);
                made
            }
            Place::Vacant(place) => {
                let (entry, made) = make();
                place.insert(entry);
                made
            }
        };
        if self.inner.closed.load(Ordering::SeqCst) {
            // A shutdown began meanwhile, and may not have seen it.
            self.with(name, |channel| channel.close());
            return Err(OpenError::Closed);
        }
        Ok(made)
    }
}

impl fmt::Debug for Fabric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fabric").field("channels", &self.inner.channels.len()).finish_non_exhaustive()
    }
}

/// Keeps a builder's message type without owning one, so that the builder is `Send` whatever it is.
pub(super) type Of<M> = PhantomData<fn() -> M>;
