use std::{fmt, panic::Location, sync::Arc};

use super::{RecorderOptions, WeakBroadcast};
use crate::{
    contain::contain,
    engine::{Effects, End, Log},
    error::SendError,
    handle::{Handle, HandleKind, Shared, ended},
    reader::LossySubscriber,
    stats::{ChannelInfo, SenderInfo},
    sync::MutexGuard,
};

/// A channel whose senders never wait: every subscriber gets every message it is fast enough for, and is told what it
/// missed.
///
/// For news, progress, figures: what is worth nothing once it is old. Where nothing may be lost, use a
/// [`Channel`](crate::Channel) with subscribers. Opened by [`Fabric::broadcast`](crate::Fabric::broadcast); the message
/// need only be `Clone + Send`. Closes when its last handle is gone.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// let progress = Fabric::new().broadcast::<u32>("progress").capacity(2).open()?;
/// let mut display = progress.subscribe();
/// for percent in [10, 20, 30] { progress.send(percent)?; } // never waits for the display
/// let Some(Err(lagged)) = display.recv().await else { panic!("one is gone") };
/// assert_eq!(lagged.missed, 1);
/// assert_eq!(display.recv().await, Some(Ok(20)), "the oldest that is left");
/// # Ok(()) }
/// ```
pub struct Broadcast<M: Clone + Send + 'static> {
    handle: Handle<M>,
}

impl<M: Clone + Send + 'static> Broadcast<M> {
    pub(crate) fn new(handle: Handle<M>) -> Self {
        Self { handle }
    }

    #[inline(always)]
    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        self.handle.shared()
    }

    /// Sends, without ever waiting; how many subscribers there are. None is no fault: the message is counted and gone.
    ///
    /// # Errors
    /// The broadcast is closed; the message comes back.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<&str>("news").open()?;
    /// assert_eq!(news.send("nobody hears this")?, 0);
    /// let reader = news.subscribe();
    /// assert_eq!(news.send("started")?, 1);
    /// news.close();
    /// assert_eq!(news.send("too late").unwrap_err().0, "too late");
    /// # drop(reader);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn send(&self, message: M) -> Result<usize, SendError<M>> {
        let mut log = self.shared().log.lock();
        if log.is_closed() {
            return Err(SendError(message));
        }
        let oldest = log.push_lossy(message);
        let subscribers = log.lossy_readers();
        if log.has_parked() {
            self.wake_readers(log);
        } else {
            drop(log);
        }
        if std::mem::needs_drop::<M>() {
            contain(|| drop(oldest)); // outside the lock: a message's `Drop` may send
        }
        Ok(subscribers)
    }

    #[inline(never)]
    fn wake_readers(&self, mut log: MutexGuard<'_, Log<M>>) {
        let mut effects = Effects::new();
        let gone = log.record_last(1, self.handle.sender(), &mut effects);
        log.wake_readers(1, &mut effects);
        self.shared().unlock_and_apply(log, effects);
        if std::mem::needs_drop::<M>() {
            contain(|| drop(gone));
        }
    }

    /// A new reader, from the next message on.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// news.send(1)?;
    /// let mut reader = news.subscribe();
    /// news.send(2)?;
    /// assert_eq!(reader.try_recv()?, Ok(2), "the first came before it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn subscribe(&self) -> LossySubscriber<M> {
        LossySubscriber::new(self.shared(), Location::caller())
    }

    /// Records what is sent, from the next message on.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut recorder = news.record().depth(1_000).open()?;
    /// news.send(7)?;
    /// assert_eq!(recorder.try_recv()??.message, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record(&self) -> RecorderOptions<'_, M> {
        RecorderOptions::new(self.shared())
    }

    /// Closes the broadcast, for all handles: nothing more is accepted; subscribers drain what is there. Closing twice
    /// is no fault.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut reader = news.subscribe();
    /// news.send(1)?;
    /// news.close();
    /// assert!(news.send(2).is_err());
    /// assert_eq!(reader.recv().await, Some(Ok(1)));
    /// assert_eq!(reader.recv().await, None, "drained");
    /// # Ok(()) }
    /// ```
    pub fn close(&self) {
        self.shared().close();
    }

    /// Waits until the broadcast is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let reporter = news.clone();
    /// let stopped = tokio::spawn(async move {
    ///     reporter.closed().await;
    ///     reporter.send(1).is_err()
    /// });
    /// # tokio::task::yield_now().await;
    /// assert!(!stopped.is_finished(), "it is open");
    /// news.close();
    /// assert!(stopped.await?);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + Send + '_ {
        ended(self.shared(), End::Channel, Location::caller())
    }

    /// Waits until nobody listens any more: the last subscriber has gone, after there was one. Also ready once the broadcast
    /// is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let reader = news.subscribe();
    /// drop(reader);
    /// news.readers_gone().await;
    /// assert!(!news.is_closed(), "others may come");
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
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # let fabric = Fabric::new();
    /// let news = fabric.broadcast::<u32>("news").open()?;
    /// assert!(!news.is_closed());
    /// fabric.shutdown(std::time::Duration::from_secs(1)).await;
    /// assert!(news.is_closed());
    /// # Ok(()) }
    /// ```
    pub fn is_closed(&self) -> bool {
        self.shared().log.lock().is_closed()
    }

    /// How many messages are kept for a subscriber before the oldest goes.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Broadcast, Fabric};
    /// # let fabric = Fabric::new();
    /// let news = fabric.broadcast::<u32>("news").capacity(16).open()?;
    /// let found = fabric.get::<Broadcast<u32>>("news").ok_or("there is none")?;
    /// assert_eq!(found.capacity(), 16, "as it was opened");
    /// # drop(news);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn capacity(&self) -> usize {
        self.shared().capacity
    }

    /// How many messages the slowest subscriber can still get.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").capacity(2).open()?;
    /// let reader = news.subscribe();
    /// for n in 1..=5 { news.send(n)?; }
    /// assert_eq!((news.len(), news.capacity()), (2, 2));
    /// # drop(reader);
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
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut reader = news.subscribe();
    /// news.send(1)?;
    /// assert!(!news.is_empty(), "the reader has yet to read it");
    /// assert_eq!(reader.try_recv()?, Ok(1));
    /// assert!(news.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many subscribers there are.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let progress = Fabric::new().broadcast::<f32>("progress").open()?;
    /// let reader = progress.subscribe();
    /// assert_eq!(progress.subscribers(), 1);
    /// drop(reader);
    /// assert_eq!(progress.subscribers(), 0, "time to spare the effort");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribers(&self) -> usize {
        self.shared().log.lock().lossy_readers()
    }

    /// How many handles that send exist, without the fabric's own.
    pub fn sender_count(&self) -> usize {
        self.shared().count_handles(|kind| kind == HandleKind::Broadcast)
    }

    /// How many subscribers exist.
    pub fn receiver_count(&self) -> usize {
        self.shared().count_handles(|kind| kind == HandleKind::LossySubscriber)
    }

    /// The name it was opened with.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # let fabric = Fabric::new();
    /// let figures = [fabric.broadcast::<f32>("loss").open()?, fabric.broadcast("accuracy").open()?];
    /// let loss = figures.iter().find(|figure| figure.name() == "loss").ok_or("there is none")?;
    /// assert!(loss.same_channel(&figures[0]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> &str {
        &self.shared().name
    }

    /// The figures at this moment.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").capacity(2).open()?;
    /// let mut reader = news.subscribe();
    /// for n in 1..=5 { news.send(n)?; }
    /// while reader.try_recv().is_ok() {}
    /// let info = news.info();
    /// assert_eq!((info.sent, info.high_water), (5, 2));
    /// assert_eq!((info.readers[0].taken, info.readers[0].skipped.missed), (2, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn info(&self) -> ChannelInfo {
        self.shared().info()
    }

    /// Whether both are handles of one broadcast.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # let fabric = Fabric::new();
    /// let news = fabric.broadcast::<u32>("news").open()?;
    /// assert!(fabric.broadcast("news").open()?.same_channel(&news), "found by its name");
    /// assert!(!fabric.broadcast("rumours").open()?.same_channel(&news));
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
    /// let jobs = fabric.broadcast::<Job>("jobs").open()?;
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
        Self { handle: Handle::sending(shared, HandleKind::Broadcast, Some(name), Location::caller()) }
    }

    /// Who has, or had, a handle to send by, if it is [traced](crate::BroadcastBuilder::traced); otherwise none.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().broadcast::<Job>("jobs").traced().open()?;
    /// drop(jobs.named("planner"));
    /// assert_eq!(jobs.senders()[1].name.as_deref(), Some("planner"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn senders(&self) -> Vec<SenderInfo> {
        self.shared().trace().map_or_else(Vec::new, |trace| trace.senders())
    }

    /// A handle that does not keep the broadcast open.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut reader = news.subscribe();
    /// let weak = news.downgrade();
    /// weak.upgrade().ok_or("closed")?.send(1)?;
    /// drop(news); // the weak handle does not keep it open
    /// assert!(weak.upgrade().is_none());
    /// assert_eq!(reader.try_recv()?, Ok(1), "what was sent can be read");
    /// assert_eq!(reader.try_recv(), Err(TryRecvError::Closed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn downgrade(&self) -> WeakBroadcast<M> {
        WeakBroadcast::new(Arc::downgrade(self.shared()))
    }
}

impl<M: Clone + Send + 'static> Clone for Broadcast<M> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self { handle: self.handle.another(HandleKind::Broadcast, Location::caller()) }
    }
}

impl<M: Clone + Send + 'static> fmt::Debug for Broadcast<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("name", &self.shared().name)
            .field("capacity", &self.shared().capacity)
            .finish_non_exhaustive()
    }
}
