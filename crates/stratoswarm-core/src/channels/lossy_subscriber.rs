use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use crossbeam_utils::CachePadded;
use futures_core::Stream;

use super::{Shared, block_on};
use crate::{
    engine::{Effects, Queue},
    error::{Lagged, TryRecvError},
    sync::{
        atomic::{AtomicU64, Ordering},
        poll_proceed,
    },
};

/// A reader that gets every message it is fast enough for, that nobody waits for, and that is told what it missed.
///
/// Made by [`Broadcast::subscribe`](crate::Broadcast::subscribe) and [`Channel::tap`](crate::Channel::tap). It gets
/// what is sent from then on; when it falls behind by more than the capacity, the oldest messages go, and [`Lagged`]
/// stands in their place: received + missed = sent, exactly.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::Fabric;
///
/// let news = Fabric::new().broadcast::<u32>("news").capacity(2).open()?;
/// let mut reader = news.subscribe();
/// for n in 1..=5 { news.send(n)?; }
/// assert_eq!(reader.recv().await.map(|next| next.map_err(|lagged| lagged.missed)), Some(Err(3)));
/// assert_eq!(reader.recv().await, Some(Ok(4)));
/// assert_eq!(reader.recv().await, Some(Ok(5)));
/// # Ok(()) }
/// ```
pub struct LossySubscriber<M: Clone + Send + 'static> {
    shared: Arc<Shared<M>>,
    me: usize,
    /// Taken from the log, not handed out yet.
    batch: Queue<M>,
    /// The channel's tail, as of when senders may have overtaken the batch.
    overtaken: Arc<CachePadded<AtomicU64>>,
    /// How far behind it may be.
    history: u64,
    /// The batch's length, for the figures.
    unread: Arc<CachePadded<AtomicU64>>,
    waiting: Option<u64>,
    handle: u64,
}

impl<M: Clone + Send + 'static> LossySubscriber<M> {
    pub(super) fn new(shared: &Arc<Shared<M>>, at: &'static Location<'static>) -> Self {
        let unread = Arc::new(CachePadded::new(AtomicU64::new(0)));
        let mut log = shared.log.lock();
        let (me, overtaken) = log.open_lossy(Arc::clone(&unread));
        let history = log.history();
        drop(log);
        let handle = shared.list("LossySubscriber", None, at);
        let batch = Queue::new();
        Self { shared: Arc::clone(shared), me, batch, overtaken, history, unread, waiting: None, handle }
    }

    /// Waits for the next message, or for the news that some are missed; `None` once the channel is closed and drained.
    ///
    /// # Errors
    /// [`Lagged`] stands where messages are missing; the next `recv` goes on behind them.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it took nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").capacity(2).open()?;
    /// let mut reader = news.subscribe();
    /// for n in 1..=4 { news.send(n)?; }
    /// news.close();
    /// let (mut received, mut missed) = (Vec::new(), 0);
    /// while let Some(next) = reader.recv().await {
    ///     match next {
    ///         Ok(n) => received.push(n),
    ///         Err(lagged) => missed += lagged.missed,
    ///     }
    /// }
    /// assert_eq!((received, missed), (vec![3, 4], 2));
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn recv(&mut self) -> LossyRecv<'_, M> {
        LossyRecv { subscriber: self }
    }

    /// The next message or gap, if one is there.
    ///
    /// # Errors
    /// [`Empty`](TryRecvError::Empty) if none is there, [`Closed`](TryRecvError::Closed) if none will come.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// let news = Fabric::new().broadcast::<u32>("news").capacity(1).open()?;
    /// let mut reader = news.subscribe();
    /// assert_eq!(reader.try_recv(), Err(TryRecvError::Empty));
    /// for n in 1..=3 { news.send(n)?; }
    /// assert_eq!(reader.try_recv()?.map_err(|lagged| lagged.missed), Err(2));
    /// assert_eq!(reader.try_recv()?, Ok(3));
    /// news.close();
    /// assert_eq!(reader.try_recv(), Err(TryRecvError::Closed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Result<M, Lagged>, TryRecvError> {
        if let Some(message) = self.pop() {
            return Ok(Ok(message));
        }
        self.take(None)
    }

    /// Blocks this thread until the next message or gap; `None` once the channel is closed and drained.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut reader = news.subscribe();
    /// let display = std::thread::spawn(move || reader.blocking_recv());
    /// news.send(7)?;
    /// assert_eq!(display.join().expect("the display ends"), Some(Ok(7)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn blocking_recv(&mut self) -> Option<Result<M, Lagged>> {
        block_on(self.recv())
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<M> {
        if self.overtaken.load(Ordering::Relaxed) > self.batch.front().saturating_add(self.history) {
            return None;
        }
        self.pop_any()
    }

    #[inline(always)]
    fn pop_any(&mut self) -> Option<M> {
        let message = self.batch.pop_plain()?;
        self.unread.store(self.batch.len() as u64, Ordering::Relaxed);
        Some(message)
    }

    #[inline(always)]
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<M, Lagged>>> {
        let budget = ready!(poll_proceed(cx));
        if let Some(message) = self.pop() {
            budget.made_progress();
            return Poll::Ready(Some(Ok(message)));
        }
        let next = match self.take(Some(cx)) {
            Err(TryRecvError::Empty) => return Poll::Pending,
            Err(TryRecvError::Closed) => None,
            Ok(next) => Some(next),
        };
        budget.made_progress();
        Poll::Ready(next)
    }

    /// Takes a batch from the log and the first message from the batch.
    #[inline(never)]
    fn take(&mut self, cx: Option<&Context<'_>>) -> Result<Result<M, Lagged>, TryRecvError> {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let took = log.take_lossy(self.me, &mut self.batch, &mut effects);
        let missed = took.missed;
        let first = if missed > 0 { None } else { self.batch.pop_plain() };
        self.unread.store(self.batch.len() as u64, Ordering::Relaxed);
        let taken = match first {
            Some(message) => Ok(Ok(message)),
            None if missed > 0 => Ok(Err(Lagged { missed })),
            None if took.closed => Err(TryRecvError::Closed),
            None => {
                log.shrink_lossy(&mut self.batch);
                if let Some(cx) = cx {
                    self.waiting = log.park(self.me, self.waiting, cx.waker(), &mut effects);
                }
                Err(TryRecvError::Empty)
            }
        };
        if !matches!(taken, Err(TryRecvError::Empty))
            && let Some(id) = self.waiting.take()
        {
            log.unpark(self.me, id, &mut effects);
        }
        self.shared.settle(log, effects);
        if missed > 0 {
            tracing::debug!(channel = &*self.shared.name, missed, "lossy reader lagged");
        }
        taken
    }

    #[cold]
    #[inline(never)]
    fn cancel(&mut self) {
        if let Some(id) = self.waiting.take() {
            let mut effects = Effects::new();
            let mut log = self.shared.log.lock();
            log.cancel_receive(self.me, id, &mut effects);
            self.shared.settle(log, effects);
        }
    }
}

impl<M: Clone + Send + 'static> Stream for LossySubscriber<M> {
    type Item = Result<M, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(cx)
    }
}

impl<M: Clone + Send + 'static> Unpin for LossySubscriber<M> {}

impl<M: Clone + Send + 'static> Drop for LossySubscriber<M> {
    fn drop(&mut self) {
        self.shared.unlist(self.handle);
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        log.leave(self.me, self.waiting.take(), &mut effects);
        self.shared.settle(log, effects);
    }
}

impl<M: Clone + Send + 'static> fmt::Debug for LossySubscriber<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossySubscriber").field("channel", &self.shared.name).finish_non_exhaustive()
    }
}

/// The future of [`LossySubscriber::recv`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use std::time::Duration;
/// let news = Fabric::new().broadcast::<u32>("news").open()?;
/// let mut reader = news.subscribe();
/// let quiet = tokio::time::timeout(Duration::from_secs(60), reader.recv()).await;
/// assert!(quiet.is_err(), "nothing came in a minute");
/// news.send(1)?;
/// assert_eq!(reader.recv().await, Some(Ok(1)), "the future given up took nothing");
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct LossyRecv<'a, M: Clone + Send + 'static> {
    subscriber: &'a mut LossySubscriber<M>,
}

impl<M: Clone + Send + 'static> Future for LossyRecv<'_, M> {
    type Output = Option<Result<M, Lagged>>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.subscriber.poll_recv(cx)
    }
}

impl<M: Clone + Send + 'static> Drop for LossyRecv<'_, M> {
    #[inline]
    fn drop(&mut self) {
        if self.subscriber.waiting.is_some() {
            self.subscriber.cancel();
        }
    }
}

impl<M: Clone + Send + 'static> fmt::Debug for LossyRecv<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossyRecv").field("subscriber", &self.subscriber).finish()
    }
}
