use std::{
    fmt,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use smallvec::SmallVec;

use super::{Reader, Recv, reader_calls::reader_calls, recv::Waiting, sealed::Sealed};
use crate::{
    engine::{Effects, Record},
    error::{Lagged, RecvTimeoutError, TryRecvError},
    handle::{Handle, HandleKind, Shared, block_on},
    stats::{Caller, SenderInfo, WaitKind},
    sync::poll_proceed,
    timers,
    waiting::WaitId,
};

/// A reader that is given every message that is admitted while it is there, once, in the order of admission over all lanes,
/// with what was said of it: a [`Record`]. Where messages are missing it is told how many: recorded + missed = admitted.
///
/// Made by [`Channel::record`](crate::Channel::record) and [`Broadcast::record`](crate::Broadcast::record). It gets requests and
/// what expires, too. Messages are cloned for it when they are sent, once for each recorder. Unlike other readers it need not
/// be woken by senders: whoever looks from time to time [drains](Self::drain) it, and is woken when it is
/// [filled](Self::filled) by so many that it should look sooner.
///
/// Nobody waits for it, and when more than its [depth](crate::RecorderOptions::depth) of messages wait for it, the oldest go; or
/// it is [lossless](crate::RecorderOptions::lossless), misses nothing but messages whose `Clone` panics, and holds senders.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Fabric, Message, NoReply, Priority};
///
/// #[derive(Clone, Debug, PartialEq)]
/// enum Task { Bulk(u32), Cancel(u32) }
/// impl Message for Task {
///     type Reply = NoReply;
///     fn priority(&self) -> Priority {
///         if matches!(self, Self::Cancel(_)) { Priority::Critical } else { Priority::Normal }
///     }
/// }
///
/// let tasks = Fabric::new().channel::<Task>("tasks").lane(Priority::Critical, 8).open()?;
/// let (mut worker, mut recorder) = (tasks.join("workers"), tasks.record().depth(1_000).open()?);
/// tasks.send(Task::Bulk(1)).await?;
/// tasks.send(Task::Cancel(1)).await?;
/// assert_eq!(*worker.try_recv()?, Task::Cancel(1), "the urgent one first");
///
/// let mut tape = Vec::new();
/// recorder.drain(&mut tape, usize::MAX);
/// let tape: Vec<_> = tape.into_iter().flatten().map(|record| (record.seq, record.class, record.message)).collect();
/// assert_eq!(tape, [(0, Priority::Normal, Task::Bulk(1)), (1, Priority::Critical, Task::Cancel(1))]);
/// # Ok(()) }
/// ```
pub struct Recorder<M: Clone + Send + 'static> {
    /// Which of the log's tapes is its own.
    number: u64,
    depth: u64,
    /// The wait that is registered, if one is.
    waiting: Option<WaitId>,
    at: &'static Location<'static>,
    handle: Handle<M>,
}

impl<M: Clone + Send + 'static> Recorder<M> {
    pub(crate) fn new(
        shared: &Arc<Shared<M>>,
        depth: usize,
        lossless: bool,
        at: &'static Location<'static>,
    ) -> Self {
        let depth = depth as u64;
        let number = shared.log.lock().open_tape(depth, lossless, at);
        let handle = Handle::reading(Arc::clone(shared), HandleKind::Recorder, None, at);
        Self { number, depth, waiting: None, at, handle }
    }

    /// Takes what is there, up to `most` items, and appends it to `into`; how many items. It waits for nothing and wakes nobody
    /// but senders that wait for this recorder.
    ///
    /// An `Err` stands where messages are missing, and says how many: those between the sequence numbers around it.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut recorder = news.record().depth(2).open()?;
    /// for n in 1..=5 { news.send(n)?; }
    /// let mut tape = Vec::new();
    /// assert_eq!(recorder.drain(&mut tape, 16), 3);
    /// assert_eq!(tape[0].as_ref().map_err(|lagged| lagged.missed), Err(3));
    /// let rest: Vec<_> = tape.into_iter().flatten().map(|record| (record.seq, record.message)).collect();
    /// assert_eq!(rest, [(3, 4), (4, 5)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&mut self, into: &mut Vec<Result<Record<M>, Lagged>>, most: usize) -> usize {
        self.take(into, most)
    }

    /// The same into a collection of ours: it grows under the channel's lock.
    fn take(&mut self, into: &mut impl Extend<Result<Record<M>, Lagged>>, most: usize) -> usize {
        let mut effects = Effects::new();
        let mut log = self.handle.log.lock();
        let given = log.take_tape(self.number, most, into, &mut effects);
        self.handle.unlock_and_apply(log, effects);
        given
    }

    /// Who has, or had, a handle to send by, if the channel is [traced](crate::ChannelBuilder::traced); otherwise none.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").traced().open()?;
    /// let recorder = news.record().open()?;
    /// drop(news.named("editor"));
    /// assert_eq!(recorder.senders()[1].label(), "editor");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn senders(&self) -> Vec<SenderInfo> {
        self.handle.trace().map_or_else(Vec::new, |trace| trace.senders())
    }

    /// Tells that what it hands out is not kept any more, and why, as where a disk is full. It goes on as before; its
    /// [figures](crate::ReaderInfo::failure) say so, and so does the report of a [shutdown](crate::Fabric::shutdown).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::Fabric;
    /// let fabric = Fabric::new();
    /// let news = fabric.broadcast::<u32>("news").open()?;
    /// let mut recorder = news.record().open()?;
    /// recorder.fail("the disk is full");
    /// let report = fabric.shutdown(Duration::ZERO).await;
    /// assert_eq!(report.channels[0].readers[0].failure.as_deref(), Some("the disk is full"));
    /// # Ok(()) }
    /// ```
    pub fn fail(&mut self, why: impl Into<String>) {
        let why = why.into().into_boxed_str();
        self.handle.log.lock().fail_tape(self.number, why);
    }

    /// Waits until at least so many messages were admitted that it has not handed out or told of, or as many as it can hold,
    /// or nothing more will come; how many there are. 0 means closed and drained.
    ///
    /// # Cancel safety
    /// It takes nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut recorder = news.record().depth(100).open()?;
    /// news.send(1)?;
    /// assert!(futures::FutureExt::now_or_never(recorder.filled(2)).is_none(), "it is not worth a look yet");
    /// news.send(2)?;
    /// assert_eq!(recorder.filled(2).await, 2);
    /// # Ok(()) }
    /// ```
    pub async fn filled(&mut self, messages: usize) -> u64 {
        let mut waiting = Waiting(self);
        let waiting = &mut waiting;
        std::future::poll_fn(|cx| waiting.0.poll_filled(cx, messages)).await
    }

    /// Polls for so many messages; for futures and threads that are woken by hand. Otherwise as [`filled`](Self::filled).
    ///
    /// A wait that is registered by it ends with the next call that waits, or the recorder.
    pub fn poll_filled(&mut self, cx: &mut Context<'_>, messages: usize) -> Poll<u64> {
        let wanted = (messages as u64).min(self.depth);
        let mut effects = Effects::new();
        let mut log = self.handle.log.lock();
        let polled = match log.tape_has(self.number) {
            None => Poll::Ready(0),
            Some(pending) if pending >= wanted || log.is_over() => Poll::Ready(pending),
            Some(_) => {
                let (mut replaced, caller) = (None, || Caller::here(WaitKind::Receive, self.at));
                self.waiting =
                    log.park_tape(self.number, wanted, self.waiting, cx.waker(), caller, &mut replaced);
                effects.drop_waker(replaced);
                Poll::Pending
            }
        };
        if polled.is_ready()
            && let Some(id) = self.waiting.take()
        {
            log.unpark_tape(self.number, id, &mut effects);
        }
        self.handle.unlock_and_apply(log, effects);
        polled
    }

    /// Waits for the next message, or for the news that some are missed; `None` once the channel is closed and drained.
    ///
    /// # Errors
    /// [`Lagged`] stands where messages are missing; the next `recv` goes on behind them.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it took nothing.
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
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut recorder = news.record().open()?;
    /// assert_eq!(recorder.try_recv(), Err(TryRecvError::Empty));
    /// news.send(7)?;
    /// assert_eq!(recorder.try_recv()??.message, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Result<Record<M>, Lagged>, TryRecvError> {
        let next = self.next();
        self.give_up(); // a wait that is registered still, as by a stream
        next.ok_or_else(|| {
            let ended = self.handle.log.lock().tape_has(self.number).is_none();
            if ended { TryRecvError::Closed } else { TryRecvError::Empty }
        })
    }

    /// Blocks this thread until the next message or gap; `None` once the channel is closed and drained.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<Result<Record<M>, Lagged>> {
        block_on(self.recv())
    }

    reader_calls!(Result<Record<M>, Lagged>, "jobs.record().open()?");

    fn channel(&self) -> &Arc<Shared<M>> {
        self.handle.shared()
    }

    fn left(&self) -> u64 {
        self.handle.log.lock().tape_left(self.number)
    }

    fn poll_next_item(&mut self, cx: &mut Context<'_>, _: bool) -> Poll<Option<<Self as Reader>::Item>> {
        let budget = ready!(poll_proceed(cx));
        let filled = ready!(self.poll_filled(cx, 1));
        budget.made_progress();
        Poll::Ready(if filled > 0 { self.next() } else { None })
    }

    fn next(&mut self) -> Option<<Self as Reader>::Item> {
        let mut next: SmallVec<[_; 1]> = SmallVec::new();
        self.take(&mut next, 1);
        next.pop()
    }
}

impl<M: Clone + Send + 'static> Sealed for Recorder<M> {}

impl<M: Clone + Send + 'static> Reader for Recorder<M> {
    type Item = Result<Record<M>, Lagged>;

    fn poll_read(&mut self, cx: &mut Context<'_>, firm: bool) -> Poll<Option<Self::Item>> {
        self.poll_next_item(cx, firm)
    }

    fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    fn give_up(&mut self) {
        if let Some(id) = self.waiting.take() {
            self.handle.with(|log, effects| log.unpark_tape(self.number, id, effects));
        }
    }
}

impl<M: Clone + Send + 'static> Stream for Recorder<M> {
    type Item = Result<Record<M>, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_next_item(cx, false)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.most_to_come();
        (least, most.map(|messages| 2 * messages + 1)) // with the gaps between them
    }
}

impl<M: Clone + Send + 'static> Unpin for Recorder<M> {}

impl<M: Clone + Send + 'static> Drop for Recorder<M> {
    fn drop(&mut self) {
        self.handle.with(|log, effects| log.leave_tape(self.number, effects));
    }
}

impl<M: Clone + Send + 'static> fmt::Debug for Recorder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("channel", &self.handle.name).finish_non_exhaustive()
    }
}
