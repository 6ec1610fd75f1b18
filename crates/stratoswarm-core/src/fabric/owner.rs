use std::{fmt, marker::PhantomData, panic::Location, sync::Arc, time::Duration};

use tracing::Instrument;

use super::{
    BroadcastBuilder, ChannelBuilder, ChannelReport, FabricBuilder, Lookup, Sampling, ShutdownReport,
    Snapshot, WeakFabric,
    directory::{Directory, Entry, Settings},
    shutdown,
};
use crate::{
    handle::ChannelFacts,
    message::Message,
    stats::{ChannelInfo, TaskInfo},
    tasks::{TaskFacts, TaskNumber, Tracked},
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
#[derive(Clone)]
pub struct Fabric {
    directory: Arc<Directory>,
}

impl Fabric {
    /// A fabric without channels.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let (fabric, other) = (Fabric::new(), Fabric::new());
    /// assert!(fabric.channels().is_empty());
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// assert!(other.get::<Job>("jobs").is_none(), "names are a fabric's own");
    /// # drop(jobs);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    /// Options for all channels of a fabric.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::builder().all_capacities(1).build(); // in a test: finds what relies on room
    /// assert_eq!(fabric.channel::<Job>("jobs").capacity(64).open()?.capacity(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> FabricBuilder {
        FabricBuilder::default()
    }

    pub(super) fn with(settings: Settings) -> Self {
        Self { directory: Arc::new(Directory::new(settings)) }
    }

    pub(super) fn from_directory(directory: Arc<Directory>) -> Self {
        Self { directory }
    }

    pub(super) fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// What a look sees of its channels and tasks; none if they are locked for longer than this.
    pub(crate) fn facts(&self, within: Duration) -> Option<(Vec<ChannelFacts>, Vec<TaskFacts>)> {
        Some((self.directory.facts(within)?, self.directory.tasks.facts(within)?))
    }

    /// The figures of these, and the names of the tasks in them that it was told of.
    fn infos(&self, live: &[Entry]) -> Vec<ChannelInfo> {
        let mut infos: Vec<_> = live.iter().map(|entry| entry.channel.info()).collect();
        let names = self.directory.tasks.names();
        if names.is_empty() {
            return infos;
        }
        let name = |tracked: Option<TaskNumber>| names.get(&tracked?).map(ToString::to_string);
        for info in &mut infos {
            let of_readers = info.readers.iter_mut().flat_map(|reader| {
                reader.handles.iter_mut().for_each(|handle| handle.name = name(handle.tracked));
                &mut reader.waits
            });
            info.waits.iter_mut().chain(of_readers).for_each(|wait| wait.name = name(wait.tracked));
        }
        infos
    }

    /// A future that this fabric knows by a name, and of which it can tell whether it waits for anything besides channels: so
    /// that [`explain`](Self::explain) names it, and can be certain. Each poll reads a coarse clock
    /// twice and takes three locks that nobody else wants.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// fabric.track("main", async {
    ///     jobs.send(Job(1)).await
    /// }).await?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn track<F: Future>(&self, name: &str, future: F) -> Tracked<F> {
        self.directory.tasks.track(name, Location::caller(), future)
    }

    /// The same in a task of its own, on the current tokio runtime.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as `tokio::spawn` does.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// let done = fabric.spawn("worker-1", async move { worker.recv().await.map(|job| job.0) });
    /// jobs.send(Job(7)).await?;
    /// assert_eq!(done.await?, Some(7));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, name: &str, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        tokio::spawn(self.track(name, future))
    }

    /// A channel of this name: with `.open()` it is made, or found if it is open already.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
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

    /// The channel or broadcast of this name: of a message's type its [`Channel`](crate::Channel), of `Broadcast<M>` that. None if there is
    /// none, or one of another type or kind. A closed one can be had until it is drained, to drain it.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Broadcast, Fabric, Message, NoReply};
    /// # use stratoswarm_core::examples::Job;
    /// # #[derive(Clone)] struct Order; impl Message for Order { type Reply = NoReply; }
    /// # let fabric = Fabric::new();
    /// let (jobs, news) = (fabric.channel::<Job>("jobs").open()?, fabric.broadcast::<u32>("news").open()?);
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(fabric.get::<Job>("jobs").ok_or("there is none")?.len(), 1);
    /// assert!(fabric.get::<Broadcast<u32>>("news").is_some_and(|found| found.same_channel(&news)));
    /// assert!(fabric.get::<Order>("jobs").is_none(), "another type");
    /// assert!(fabric.get::<Job>("job").is_none(), "nothing is opened");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn get<L: Lookup>(&self, name: &str) -> Option<L::Found> {
        L::find(self, name, Location::caller())
    }

    /// The figures of all channels, in the order of their closing. Closed and drained ones are not listed.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let results = fabric.channel::<Job>("results").shutdown_order(2).open()?;
    /// let work = fabric.channel::<Job>("work").shutdown_order(1).open()?;
    /// for n in 1..=3 { work.try_send(Job(n))?; }
    /// let waiting: Vec<_> = fabric.channels().into_iter().map(|info| (info.name, info.len)).collect();
    /// assert_eq!(waiting, [("work".to_owned(), 3), ("results".to_owned(), 0)]);
    /// results.close();
    /// assert_eq!(fabric.channels().len(), 1, "closed, and nothing to drain");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn channels(&self) -> Vec<ChannelInfo> {
        self.infos(&self.directory.live())
    }

    /// All that is known at this moment: the channels as [`channels`](Self::channels) has them, the handles that there are, and
    /// the tasks that it was told of. Each channel is read under its lock, one after the other.
    pub fn snapshot(&self) -> Snapshot {
        let live = self.directory.live();
        let handles = live.iter().flat_map(|entry| entry.channel.held()).collect();
        let tasks = self.directory.tasks.all().iter().map(TaskInfo::new).collect();
        Snapshot { channels: self.infos(&live), handles, tasks }
    }

    /// From now on, as long as what comes back lives, a few messages of each channel are looked at: how long they wait, and are
    /// worked on.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # use std::time::Duration;
    /// let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// let sampling = fabric.sample_times();
    /// jobs.send(Job(1)).await?;
    /// tokio::time::sleep(Duration::from_millis(5)).await;
    /// let job = worker.recv().await;
    /// tokio::time::sleep(Duration::from_millis(20)).await;
    /// drop(job);
    /// let workers = &sampling.times()[0].readers[0];
    /// assert_eq!(workers.waiting.longest(), Duration::from_millis(5));
    /// assert_eq!(workers.handling.longest(), Duration::from_millis(20));
    /// # Ok(()) }
    /// ```
    pub fn sample_times(&self) -> Sampling {
        Sampling::new(&self.directory)
    }

    /// Ends a channel or broadcast by hand: closes it and takes it out of the fabric, whoever has handles of it. None if
    /// there is none of this name.
    ///
    /// The name is free at once, for another channel. Readers can still drain what is left for them; what only groups
    /// without members had, or nobody came for, goes, as the report says.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::new();
    /// let topic = fabric.channel::<Job>("topic").open()?;
    /// topic.send(Job(1)).await?; // and nobody comes for it
    /// let report = fabric.remove("topic").ok_or("it is there")?;
    /// assert_eq!(report.undelivered, 1);
    /// assert!(topic.is_closed() && fabric.get::<Job>("topic").is_none());
    /// assert!(fabric.remove("topic").is_none());
    /// # Ok(()) }
    /// ```
    pub fn remove(&self, name: &str) -> Option<ChannelReport> {
        let entry = self.directory.remove(name)?;
        let before = shutdown::finished(&entry.channel.info());
        entry.channel.close();
        let report = shutdown::channel_report(entry.channel.info(), &before);
        entry.channel.forsake();
        Directory::let_go(entry);
        Some(report)
    }

    /// Closes the channel of this name, of whatever type; false if there is none that is open. For tests that know no type.
    #[cfg(feature = "chaos")]
    pub fn close(&self, name: &str) -> bool {
        let open = self.directory.find(name).filter(|entry| !entry.channel.info().is_closed);
        if let Some(entry) = &open {
            entry.channel.close();
        }
        open.is_some()
    }

    /// A handle that does not keep the channels open.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
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
        WeakFabric::new(Arc::downgrade(&self.directory))
    }

    /// Closes the channels in their order (lower [`order`](ChannelBuilder::shutdown_order) first, then by name within one order
    /// all at once), each order drained before the next is closed, so that what is downstream still works while
    /// upstream drains. Drained means: taken, and the [`Delivery`](crate::Delivery) or
    /// [`Responder`](crate::Responder) dropped. Groups without members and lossy readers are not waited for.
    ///
    /// After `within` the rest is closed without waiting. The report says what was drained, what is in flight, what is
    /// undelivered, and which handles still exist. Nothing can be opened afterwards.
    ///
    /// # Cancel safety
    /// Dropped, channels that were closed stay closed, the others open; it can be called again.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, OpenError};
    /// # use stratoswarm_core::examples::Job;
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
        self.directory.close();
        shutdown::run(&self.directory, within).instrument(tracing::debug_span!("shutdown", ?within)).await
    }
}

impl Default for Fabric {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Fabric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fabric").field("channels", &self.directory.len()).finish_non_exhaustive()
    }
}

/// Marks a builder's message type without holding one.
pub(super) type Of<M> = PhantomData<fn() -> M>;
