use std::{
    fmt,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;

use super::{Reader, Recv, reader_calls::reader_calls, recv::Waiting, sealed::Sealed};
use crate::{
    chaos::Held,
    engine::{Effects, LossySeat, Queue},
    error::{Lagged, RecvTimeoutError, TryRecvError},
    handle::{Handle, HandleKind, Shared, block_on},
    stats::{Caller, WaitKind},
    sync::poll_proceed,
    timers,
    waiting::WaitId,
};

/// A reader that gets every message it is fast enough for, that nobody waits for, and that is told what it missed.
///
/// Made by [`Broadcast::subscribe`](crate::Broadcast::subscribe) and [`Channel::tap`](crate::Channel::tap). It gets
/// what is sent from then on; when it falls behind by more than the capacity (a tap: by more than 65,536 messages, if that
/// is less), the oldest messages go, and [`Lagged`] stands in their place: received + missed = sent, exactly.
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
    /// Taken from the log, not handed out yet.
    batch: Queue<M>,
    reader: LossySeat,
    /// How many messages it has taken since it was last idle, and how many between that and the time before: as many as the
    /// more of the two it takes at once.
    run: usize,
    before: usize,
    /// The wait that is registered, if one is.
    waiting: Option<WaitId>,
    /// Up to which message it was told to `tracing` that some were missed, if none was taken by another way since.
    told: Option<u64>,
    /// What holds it up before it takes what is there.
    #[cfg_attr(not(feature = "chaos"), expect(dead_code, reason = "empty"))]
    held: Held,
    at: &'static Location<'static>,
    handle: Handle<M>,
}

impl<M: Clone + Send + 'static> LossySubscriber<M> {
    pub(crate) fn new(shared: &Arc<Shared<M>>, at: &'static Location<'static>) -> Self {
        let reader = shared.log.lock().open_lossy();
        let handle = Handle::reading(Arc::clone(shared), HandleKind::LossySubscriber, None, at);
        Self {
            batch: Queue::new(),
            reader,
            run: 0,
            before: 0,
            waiting: None,
            told: None,
            held: Held::new(),
            at,
            handle,
        }
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
    pub fn recv(&mut self) -> Recv<'_, Self> {
        Recv::new(self)
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
            return Ok(self.arrived(message));
        }
        let next = self.take(None).map(|next| next.and_then(|message| self.arrived(message)));
        self.give_up(); // a wait that is registered still, as by a stream
        next
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
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<Result<M, Lagged>> {
        block_on(self.recv())
    }

    /// Waits for messages and appends up to `limit` of them to `buffer`, those that are there up to some 64; how many. 0
    /// means closed and drained, or a `limit` of 0.
    ///
    /// # Errors
    /// [`Lagged`] stands where messages are missing: nothing was appended, and the next call goes on behind them.
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
    /// for n in 1..=5 { news.send(n)?; }
    /// let mut batch = Vec::new();
    /// assert_eq!(reader.recv_many(&mut batch, 8).await.map_err(|lagged| lagged.missed), Err(3));
    /// assert_eq!(reader.recv_many(&mut batch, 8).await, Ok(2));
    /// assert_eq!(batch, [4, 5]);
    /// # Ok(()) }
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<M>, limit: usize) -> Result<usize, Lagged> {
        let mut waiting = Waiting(self);
        let waiting = &mut waiting;
        std::future::poll_fn(|cx| waiting.0.poll_items(cx, buffer, limit, true)).await
    }

    /// Polls for messages and appends up to `limit` of them to `buffer`; how many. For futures written by hand; otherwise as
    /// [`recv_many`](Self::recv_many).
    ///
    /// # Errors
    /// [`Lagged`] stands where messages are missing: nothing was appended, and the next call goes on behind them.
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<M>,
        limit: usize,
    ) -> Poll<Result<usize, Lagged>> {
        self.poll_items(cx, buffer, limit, false)
    }

    /// Blocks this thread until there are messages and appends up to `limit` of them to `buffer`; see
    /// [`recv_many`](Self::recv_many).
    ///
    /// # Errors
    /// [`Lagged`] stands where messages are missing: nothing was appended, and the next call goes on behind them.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<M>, limit: usize) -> Result<usize, Lagged> {
        block_on(self.recv_many(buffer, limit))
    }

    /// A new reader of the same channel, from the next message on: what this one has yet to get, it does not.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let first = news.subscribe();
    /// news.send(1)?;
    /// let mut second = first.resubscribe();
    /// assert_eq!((first.len(), second.len()), (1, 0));
    /// news.send(2)?;
    /// assert_eq!(second.try_recv(), Ok(Ok(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn resubscribe(&self) -> Self {
        Self::new(self.channel(), Location::caller())
    }

    reader_calls!(Result<M, Lagged>, "jobs.tap()");

    pub(crate) fn channel(&self) -> &Arc<Shared<M>> {
        self.handle.shared()
    }

    fn left(&self) -> u64 {
        self.handle.log.lock().left_for_lossy(&self.reader)
    }

    fn poll_items(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<M>,
        limit: usize,
        firm: bool,
    ) -> Poll<Result<usize, Lagged>> {
        if limit == 0 {
            return poll_proceed(cx).map(|budget| {
                budget.made_progress();
                Ok(0)
            });
        }
        self.before = self.before.max(limit); // so many it is to take at once
        match ready!(self.poll_next_item(cx, firm)) {
            None => Poll::Ready(Ok(0)),
            Some(Err(lagged)) => Poll::Ready(Err(lagged)),
            Some(Ok(first)) => {
                let before = buffer.len();
                buffer.push(first);
                let rest = std::iter::from_fn(|| self.pop());
                buffer.extend(rest.take(limit - 1));
                Poll::Ready(Ok(buffer.len() - before))
            }
        }
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<M> {
        if self.reader.is_too_late_for(self.batch.front()) {
            return None;
        }
        let message = self.batch.pop_plain()?;
        self.reader.set_unread(self.batch.len());
        Some(message)
    }

    #[inline(always)]
    fn poll_next_item(&mut self, cx: &mut Context<'_>, _: bool) -> Poll<Option<Result<M, Lagged>>> {
        let budget = ready!(poll_proceed(cx));
        #[cfg(feature = "chaos")]
        if self.handle.is_disturbed() && (self.held.waits() || self.left() > 0) {
            ready!(self.held.poll_next(&**self.handle.shared(), cx));
        }
        if let Some(message) = self.pop() {
            budget.made_progress();
            return Poll::Ready(Some(self.arrived(message)));
        }
        let next = match self.take(Some(cx)) {
            Err(TryRecvError::Empty) => return Poll::Pending,
            Err(TryRecvError::Closed) => None,
            Ok(next) => Some(next.and_then(|message| self.arrived(message))),
        };
        budget.made_progress();
        Poll::Ready(next)
    }

    /// A message that was taken, unless it is to be lost.
    #[cfg_attr(not(feature = "chaos"), expect(clippy::unused_self, clippy::unnecessary_wraps))]
    #[inline(always)]
    fn arrived(&self, message: M) -> Result<M, Lagged> {
        #[cfg(feature = "chaos")]
        if self.handle.chaos().loses(&self.handle.name) {
            self.handle.log.lock().count_lost(&self.reader);
            return Err(Lagged { missed: 1 });
        }
        Ok(message)
    }

    /// Takes a batch from the log and the first message from the batch.
    #[inline(never)]
    fn take(&mut self, cx: Option<&Context<'_>>) -> Result<Result<M, Lagged>, TryRecvError> {
        let mut log = self.handle.log.lock();
        if self.batch.is_empty()
            && let Some(message) = log.take_newest_lossy(&self.reader, &mut self.waiting)
        {
            self.run = self.run.saturating_add(1);
            self.told = None;
            return Ok(Ok(message));
        }
        let mut effects = Effects::new();
        let told = self.told == Some(self.batch.front());
        let share = log.lossy_share();
        let wanted = if share == usize::MAX { share } else { self.run.max(self.before).clamp(1, share) };
        let took = log.take_lossy(&self.reader, &mut self.batch, wanted, &mut effects);
        self.run = self.run.saturating_add(self.batch.len());
        let missed = took.missed;
        let first = if missed > 0 { None } else { self.batch.pop_plain() };
        self.reader.set_unread(self.batch.len());
        let taken = match first {
            Some(message) => Ok(Ok(message)),
            None if missed > 0 => Ok(Err(Lagged { missed })),
            None if took.closed => Err(TryRecvError::Closed),
            None => {
                self.before = std::mem::take(&mut self.run);
                log.shrink_lossy(&mut self.batch);
                if let Some(cx) = cx {
                    let caller = || Caller::here(WaitKind::Receive, self.at);
                    let mut replaced = None;
                    self.waiting =
                        log.park(&*self.reader, self.waiting, cx.waker(), true, caller, &mut replaced);
                    effects.drop_waker(replaced);
                }
                Err(TryRecvError::Empty)
            }
        };
        if !matches!(taken, Err(TryRecvError::Empty))
            && let Some(id) = self.waiting.take()
        {
            log.unpark(&*self.reader, id, &mut effects);
        }
        self.handle.unlock_and_apply(log, effects);
        if missed > 0 {
            self.told = Some(self.batch.front());
            if !told {
                // Once until a message was taken: this line may be what comes next here.
                tracing::debug!(channel = &*self.handle.name, missed, "lossy reader lagged");
            }
        }
        taken
    }
}

impl<M: Clone + Send + 'static> Sealed for LossySubscriber<M> {}

impl<M: Clone + Send + 'static> Reader for LossySubscriber<M> {
    type Item = Result<M, Lagged>;

    #[inline(always)]
    fn poll_read(&mut self, cx: &mut Context<'_>, firm: bool) -> Poll<Option<Result<M, Lagged>>> {
        self.poll_next_item(cx, firm)
    }

    #[inline(always)]
    fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    #[inline(never)]
    fn give_up(&mut self) {
        if let Some(id) = self.waiting.take() {
            self.handle.with(|log, effects| log.unpark(&*self.reader, id, effects));
        }
    }
}

impl<M: Clone + Send + 'static> Stream for LossySubscriber<M> {
    type Item = Result<M, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_item(cx, false)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.most_to_come();
        (least, most.map(|messages| messages.saturating_add(1))) // with a gap
    }
}

impl<M: Clone + Send + 'static> Unpin for LossySubscriber<M> {}

impl<M: Clone + Send + 'static> Drop for LossySubscriber<M> {
    fn drop(&mut self) {
        let batch = &mut self.batch;
        self.handle.with(|log, effects| {
            effects.drop_all(batch);
            log.leave_lossy(&self.reader, effects);
        });
    }
}

impl<M: Clone + Send + 'static> fmt::Debug for LossySubscriber<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossySubscriber").field("channel", &self.handle.name).finish_non_exhaustive()
    }
}
