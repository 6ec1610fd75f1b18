use std::{
    fmt,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;

use super::{
    Reader, Recv, aside::Aside, cursor::Cursor, handed_out::Telling, reader_calls::reader_calls,
    recv::Waiting, sealed::Sealed,
};
use crate::{
    clock,
    contain::contain,
    engine::{Batch, Flows, InFlightGuard, Keeping, Start, Taken},
    error::{JoinError, RecvTimeoutError, TryRecvError},
    handle::{Handle, HandleKind, Shared, block_on},
    message::Message,
    request::RequestLiveness,
    sync::poll_proceed,
    timers,
};

/// A reader that gets every message, and that senders wait for.
///
/// Made by [`Channel::subscribe`](crate::Channel::subscribe). It sees requests as plain messages: only a group answers.
/// Dropped, it frees what only it had not read. For a reader that nobody waits for, see
/// [`LossySubscriber`](crate::LossySubscriber).
///
/// # Backpressure
/// Once it is the channel's capacity behind, senders wait for it. A subscriber that is not polled stops the channel.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, NoReply};
/// # #[derive(Clone, Debug, PartialEq)] struct Tick(u32);
/// # impl Message for Tick { type Reply = NoReply; }
/// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
/// let (mut log, mut audit) = (ticks.subscribe(), ticks.subscribe());
/// ticks.send(Tick(1)).await?;
/// assert_eq!(log.recv().await, Some(Tick(1)));
/// assert_eq!(audit.recv().await, Some(Tick(1)));
/// # Ok(()) }
/// ```
pub struct Subscriber<M: Message> {
    cursor: Cursor<M>,
    /// Of a traced channel. One that keeps the latest of each key tells by its leases.
    telling: Option<Arc<Telling>>,
}

impl<M: Message> Subscriber<M> {
    pub(crate) fn new(shared: &Arc<Shared<M>>, start: Start, at: &'static Location<'static>) -> Self {
        let inbox = shared.with(|log, effects| log.open_subscriber("", start, effects));
        let handle = Handle::reading(Arc::clone(shared), HandleKind::Subscriber, None, at);
        Self::reading(Cursor::new(handle, inbox, None, None, at))
    }

    /// With a measure of its own by which it holds senders back, or the latest of each key.
    pub(crate) fn with(
        shared: &Arc<Shared<M>>,
        start: Start,
        buffer: Option<usize>,
        latest: Option<Flows<M>>,
        name: Option<&str>,
        at: &'static Location<'static>,
    ) -> Result<Self, JoinError> {
        let keeps = latest.is_some();
        let inbox = shared.with(|log, effects| {
            log.may_start(start)?;
            let inbox = log.open_subscriber(name.unwrap_or_default(), start, effects);
            if let Some(buffer) = buffer {
                log.set_buffer(&inbox, buffer as u64, effects);
            }
            if let Some(flows) = latest {
                let keeping = Keeping { policy: None, dead_letters: None, flows: Some(flows) };
                log.keep_in(&inbox, "", keeping);
                log.keep_latest();
            }
            Ok(inbox)
        })?;
        let handle = Handle::reading(Arc::clone(shared), HandleKind::Subscriber, name, at);
        let cursor = Cursor::new(handle, inbox, None, None, at);
        Ok(Self::reading(if keeps { cursor.keeping() } else { cursor }))
    }

    /// Starts at the oldest message that is kept for any reader, instead of the next one sent.
    ///
    /// What this subscriber has received so far does not matter: it starts anew, as [`subscribe`](crate::Channel::subscribe) has it. One
    /// with options begins there by [`SubscriberOptions::from_oldest`](crate::SubscriberOptions::from_oldest).
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").group("workers").open()?;
    /// ticks.try_send(Tick(1))?; // kept for the workers
    /// let mut late = ticks.subscribe();
    /// assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
    /// let mut late = late.from_oldest();
    /// assert_eq!(late.try_recv(), Ok(Tick(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_oldest(self) -> Self {
        // The new reader is there before the old one leaves, so nothing is freed in between.
        Self::new(self.cursor.shared(), Start::Oldest, self.cursor.at())
    }

    /// Waits for the next message; `None` once the channel is closed and drained.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it took nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
    /// let mut log = ticks.subscribe();
    /// for n in 1..=3 { ticks.send(Tick(n)).await?; }
    /// ticks.close();
    /// let mut sum = 0;
    /// while let Some(Tick(n)) = log.recv().await { sum += n; }
    /// assert_eq!(sum, 6, "drained; then `None` ended the loop");
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn recv(&mut self) -> Recv<'_, Self> {
        Recv::new(self)
    }

    /// The next message, if one is there.
    ///
    /// # Errors
    /// [`Empty`](TryRecvError::Empty) if none is there, [`Closed`](TryRecvError::Closed) if none will come.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, TryRecvError};
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
    /// let mut log = ticks.subscribe();
    /// assert_eq!(log.try_recv(), Err(TryRecvError::Empty));
    /// ticks.try_send(Tick(1))?;
    /// ticks.close();
    /// assert_eq!(log.try_recv(), Ok(Tick(1)));
    /// assert_eq!(log.try_recv(), Err(TryRecvError::Closed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<M, TryRecvError> {
        loop {
            let mut next = None;
            self.cursor.try_next(&mut next)?;
            match next.as_mut().map(|taken| liveness(taken, self.telling.as_deref())) {
                Some(RequestLiveness::Live) => {
                    return next.map(|taken| taken.message).ok_or(TryRecvError::Empty);
                }
                Some(why) => self.cursor.skip(why, &mut next),
                None => {}
            }
        }
    }

    /// Waits for messages and appends up to `limit` of them to `buffer`, as many as are there at once; how many.
    /// 0 means closed and drained, or a `limit` of 0.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it took nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
    /// let mut log = ticks.subscribe();
    /// ticks.send_many(&mut vec![Tick(1), Tick(2), Tick(3)]).await?;
    /// ticks.close();
    /// let mut batch = Vec::new();
    /// assert_eq!(log.recv_many(&mut batch, 2).await, 2);
    /// assert_eq!(log.recv_many(&mut batch, 2).await, 1);
    /// assert_eq!(log.recv_many(&mut batch, 2).await, 0, "drained");
    /// # Ok(()) }
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<M>, limit: usize) -> usize {
        let mut waiting = Waiting(self);
        let waiting = &mut waiting;
        std::future::poll_fn(|cx| waiting.0.poll_items(cx, buffer, limit, true)).await
    }

    /// Polls for messages and appends up to `limit` of them to `buffer`, as many as are there at once; how many. 0 means that
    /// none will come, or a `limit` of 0. For futures written by hand; see [`poll_recv`](Self::poll_recv).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let mut reader = jobs.subscribe();
    /// jobs.send_many(&mut vec![Job(1), Job(2), Job(3)]).await?;
    /// let mut batch = Vec::new();
    /// assert_eq!(std::future::poll_fn(|cx| reader.poll_recv_many(cx, &mut batch, 2)).await, 2);
    /// assert_eq!(batch.len(), 2);
    /// # Ok(()) }
    /// ```
    pub fn poll_recv_many(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<M>, limit: usize) -> Poll<usize> {
        self.poll_items(cx, buffer, limit, false)
    }

    /// Blocks this thread until there are messages and appends up to `limit` of them to `buffer`, as many as are there at
    /// once; how many. 0 means that none will come, or a `limit` of 0.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let mut reader = jobs.subscribe();
    /// for n in 1..=3 { jobs.try_send(Job(n))?; }
    /// let mut batch = Vec::new();
    /// assert_eq!(reader.blocking_recv_many(&mut batch, 2), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<M>, limit: usize) -> usize {
        block_on(self.recv_many(buffer, limit))
    }

    /// Blocks this thread until the next message; `None` once the channel is closed and drained.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
    /// let mut log = ticks.subscribe();
    /// let logger = std::thread::spawn(move || std::iter::from_fn(|| log.blocking_recv()).count());
    /// for n in 1..=3 { ticks.blocking_send(Tick(n))?; }
    /// ticks.close();
    /// assert_eq!(logger.join().expect("the logger ends"), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<M> {
        block_on(self.recv())
    }

    reader_calls!(M, "jobs.subscribe()");

    pub(crate) fn channel(&self) -> &Arc<Shared<M>> {
        self.cursor.shared()
    }

    fn reading(cursor: Cursor<M>) -> Self {
        let telling = cursor.telling.clone().filter(|_| !cursor.keeps());
        Self { cursor, telling }
    }

    fn left(&self) -> u64 {
        self.cursor.left()
    }

    #[inline(always)]
    fn poll_next_item(&mut self, cx: &mut Context<'_>, firm: bool) -> Poll<Option<M>> {
        let budget = ready!(poll_proceed(cx));
        ready!(self.cursor.poll_held(cx));
        if let Some((mut inbox, hint)) = self.cursor.plain(1) {
            budget.made_progress();
            *hint -= 1;
            if let Some(message) = inbox.pop_plain() {
                return Poll::Ready(Some(message));
            }
        }
        let next = ready!(self.poll_log(cx, firm));
        budget.made_progress();
        Poll::Ready(next)
    }

    fn poll_items(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<M>,
        limit: usize,
        firm: bool,
    ) -> Poll<usize> {
        let budget = ready!(poll_proceed(cx));
        ready!(self.cursor.poll_held(cx));
        let before = buffer.len();
        loop {
            if limit == 0 {
                break;
            }
            let mut batch = Messages { buffer, aside: Vec::new(), telling: self.telling.as_deref() };
            let polled = self.cursor.poll_many(limit, cx, firm, &mut batch);
            Aside::see_to(batch.aside, &self.cursor);
            let open = ready!(polled);
            if buffer.len() > before || !open {
                break;
            }
        }
        budget.made_progress();
        Poll::Ready(buffer.len() - before)
    }

    #[inline(never)]
    fn poll_log(&mut self, cx: &Context<'_>, firm: bool) -> Poll<Option<M>> {
        if let Some((mut inbox, _, charge)) = self.cursor.charged() {
            let message = inbox.pop_charged();
            drop(inbox);
            contain(|| drop(charge));
            if message.is_some() {
                return Poll::Ready(message);
            }
        }
        let telling = self.telling.as_deref();
        let judge = |taken: &mut Taken<M>| liveness(taken, telling);
        self.cursor.poll(cx, firm, |message, _, _| message, judge, |taken| taken.message)
    }
}

impl<M: Message> Sealed for Subscriber<M> {}

impl<M: Message> Reader for Subscriber<M> {
    type Item = M;

    #[inline(always)]
    fn poll_read(&mut self, cx: &mut Context<'_>, firm: bool) -> Poll<Option<M>> {
        self.poll_next_item(cx, firm)
    }

    #[inline(always)]
    fn waits(&self) -> bool {
        self.cursor.waits()
    }

    fn give_up(&mut self) {
        self.cursor.give_up();
    }
}

impl<M: Message> Stream for Subscriber<M> {
    type Item = M;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<M>> {
        self.poll_next_item(cx, false)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.most_to_come()
    }
}

impl<M: Message> Unpin for Subscriber<M> {}

impl<M: Message> fmt::Debug for Subscriber<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("channel", &self.cursor.shared().name).finish_non_exhaustive()
    }
}

/// A batch in the making.
struct Messages<'a, M> {
    buffer: &'a mut Vec<M>,
    /// Messages that have expired.
    aside: Vec<Aside<M>>,
    telling: Option<&'a Telling>,
}

impl<M> Batch<M, M> for Messages<'_, M> {
    fn buffer(&mut self) -> &mut Vec<M> {
        self.buffer
    }

    #[inline(always)]
    fn plain(message: M, _: u64, _: InFlightGuard) -> M {
        message
    }

    fn take(&mut self, mut taken: Taken<M>) -> bool {
        let why = state(&taken);
        if why == RequestLiveness::Live {
            let charge = taken.request.take_charge();
            if charge.is_some() {
                self.aside.push(Aside::Charge(charge));
            }
            if let Some(telling) = self.telling {
                telling.taken(taken.number);
            }
            self.buffer.push(taken.message);
        } else {
            self.aside.push(Aside::Skipped(why, taken));
        }
        why == RequestLiveness::Live
    }
}

/// Whether a message that was taken is still good: a look at the clock, if it expires.
#[inline]
fn liveness<M>(taken: &mut Taken<M>, telling: Option<&Telling>) -> RequestLiveness {
    if !taken.request.is_some() {
        return RequestLiveness::Live;
    }
    let liveness = if taken.discharge_bare() { RequestLiveness::Live } else { state(taken) };
    taken.discharge();
    if let Some(telling) = telling.filter(|_| liveness == RequestLiveness::Live) {
        telling.taken(taken.number);
    }
    liveness
}

#[inline]
fn state<M>(taken: &Taken<M>) -> RequestLiveness {
    taken.request.cell().map_or(RequestLiveness::Live, |cell| cell.state(cell.deadline().map(clock::near)))
}
