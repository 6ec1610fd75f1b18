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
    Delivery, Reader, Recv, aside::Aside, cursor::Cursor, reader_calls::reader_calls, recv::Waiting,
    sealed::Sealed,
};
use crate::{
    clock,
    contain::contain,
    engine::{Batch, InFlight, InFlightGuard, Membership, Taken},
    error::{RecvTimeoutError, TryRecvError},
    handle::{Handle, HandleKind, Shared, block_on},
    message::Message,
    request::RequestLiveness,
    sync::poll_proceed,
    timers,
    trace::TracingGroup,
};

/// A member of a group: each message goes to one of the members.
///
/// Made by [`Channel::join`](crate::Channel::join). It does not keep the channel open. Dropped, it leaves what it did
/// not hand out to its group, which waits for the next member unless it was joined as ephemeral.
///
/// # Delivery
/// In the order of the channel, each message once to one member. Requests whose caller has gone or whose deadline has
/// passed are skipped and counted, never handed out.
///
/// # Closing
/// After the close what is left can be drained; then comes `None`.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut receiver = jobs.join("workers");
/// let worker = tokio::spawn(async move {
///     let mut done = 0;
///     while let Some(job) = receiver.recv().await { done += job.0; }
///     done
/// });
/// jobs.send(Job(40)).await?;
/// jobs.send(Job(2)).await?;
/// drop(jobs); // the last handle: the channel closes
/// assert_eq!(worker.await?, 42);
/// # Ok(()) }
/// ```
pub struct Receiver<M: Message> {
    cursor: Cursor<M>,
    in_flight: Arc<InFlight>,
    group: u64,
    /// If its channel is traced.
    tracing: Option<Arc<TracingGroup>>,
    /// What comes once more, and its number. A mutex, as with it the handle is as shareable as without.
    #[cfg(feature = "chaos")]
    again: std::sync::Mutex<Option<(M, u64)>>,
}

impl<M: Message> Receiver<M> {
    pub(crate) fn new(
        shared: Arc<Shared<M>>,
        membership: Membership<M>,
        name: &str,
        at: &'static Location<'static>,
    ) -> Self {
        let Membership { inbox, in_flight, keeps, group } = membership;
        let tracing = shared.tracing_group(name);
        let handle = Handle::reading(shared, HandleKind::Receiver, Some(name), at);
        let cursor = Cursor::new(handle, inbox, Some(Arc::clone(&in_flight)), Some(name), at);
        Self::with(if keeps { cursor.keeping() } else { cursor }, in_flight, group, tracing)
    }

    fn with(
        cursor: Cursor<M>,
        in_flight: Arc<InFlight>,
        group: u64,
        tracing: Option<Arc<TracingGroup>>,
    ) -> Self {
        Self {
            cursor,
            in_flight,
            group,
            tracing,
            #[cfg(feature = "chaos")]
            again: std::sync::Mutex::new(None),
        }
    }

    /// Waits for the next message; `None` once the channel is closed and drained, or the group removed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it took nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// for n in 1..=3 { jobs.send(Job(n)).await?; }
    /// jobs.close();
    /// let mut done = Vec::new();
    /// while let Some(job) = worker.recv().await { done.push(job.0); }
    /// assert_eq!(done, [1, 2, 3], "drained; then `None` ended the loop");
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
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(worker.try_recv()?.0, 1);
    /// jobs.close();
    /// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Delivery<M>, TryRecvError> {
        loop {
            let mut next = None;
            self.cursor.try_next(&mut next)?;
            match next.as_mut().map(|taken| handover(taken, self.group, self.tracing.as_deref())) {
                Some(RequestLiveness::Live) => {
                    let delivery = next.map(|taken| self.told(Delivery::new(taken)));
                    return delivery.ok_or(TryRecvError::Empty);
                }
                Some(why) => self.cursor.skip(why, &mut next),
                None => {}
            }
        }
    }

    /// Waits for messages and appends up to `limit` of them to `buffer`, as many as are there at once; how many.
    /// 0 means closed and drained, or that the group was removed, or a `limit` of 0.
    ///
    /// The places of all of them are free at once.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it took nothing.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send_many(&mut (0..10).map(Job).collect()).await?;
    /// jobs.close();
    /// let mut batch = Vec::new();
    /// assert_eq!(worker.recv_many(&mut batch, 8).await, 8);
    /// assert_eq!(worker.recv_many(&mut batch, 8).await, 2, "as many as there are");
    /// assert_eq!(worker.recv_many(&mut batch, 8).await, 0, "drained");
    /// # Ok(()) }
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<Delivery<M>>, limit: usize) -> usize {
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
    /// let mut reader = jobs.join("workers");
    /// jobs.send_many(&mut vec![Job(1), Job(2), Job(3)]).await?;
    /// let mut batch = Vec::new();
    /// assert_eq!(std::future::poll_fn(|cx| reader.poll_recv_many(cx, &mut batch, 2)).await, 2);
    /// assert_eq!(batch.len(), 2);
    /// # Ok(()) }
    /// ```
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<Delivery<M>>,
        limit: usize,
    ) -> Poll<usize> {
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
    /// let mut reader = jobs.join("workers");
    /// for n in 1..=3 { jobs.try_send(Job(n))?; }
    /// let mut batch = Vec::new();
    /// assert_eq!(reader.blocking_recv_many(&mut batch, 2), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<Delivery<M>>, limit: usize) -> usize {
        block_on(self.recv_many(buffer, limit))
    }

    /// Blocks this thread until the next message; `None` once the channel is closed and drained, or the group removed.
    ///
    /// # Panics
    /// In async context, as tokio's blocking calls do.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut receiver = jobs.join("workers");
    /// let worker = std::thread::spawn(move || receiver.blocking_recv().map(|job| job.0));
    /// jobs.blocking_send(Job(1))?;
    /// assert_eq!(worker.join().expect("the worker ends"), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<Delivery<M>> {
        block_on(self.recv())
    }

    /// A further member of the same group; also where the channel is closed, or its last sending handle has gone.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut first = jobs.join("workers");
    /// for n in 1..=2 { jobs.try_send(Job(n))?; }
    /// drop(jobs);
    /// let mut second = first.join_again();
    /// assert_eq!((first.try_recv()?.0, second.try_recv()?.0), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn join_again(&self) -> Self {
        let at = Location::caller();
        let name = self.channel().with(|log, _| log.join_again(self.cursor.inbox()));
        let handle = Handle::reading(Arc::clone(self.channel()), HandleKind::Receiver, name.as_deref(), at);
        let (inbox, in_flight) = (self.cursor.inbox().clone(), Arc::clone(&self.in_flight));
        let name = name.as_deref().unwrap_or_default();
        let cursor = Cursor::new(handle, inbox, Some(Arc::clone(&in_flight)), Some(name), at);
        let cursor = if self.cursor.keeps() { cursor.keeping() } else { cursor };
        Self::with(cursor, in_flight, self.group, self.tracing.clone())
    }

    reader_calls!(Delivery<M>, "jobs.join(\"workers\")");

    pub(crate) fn channel(&self) -> &Arc<Shared<M>> {
        self.cursor.shared()
    }

    /// Tells of a delivery, if the channel is traced; of a group that acknowledges its leases do.
    #[inline]
    fn told(&self, mut delivery: Delivery<M>) -> Delivery<M> {
        self.tell(&mut delivery);
        delivery
    }

    #[inline]
    fn tell(&self, delivery: &mut Delivery<M>) {
        if let Some(telling) = self.cursor.telling.as_ref().filter(|_| !self.cursor.keeps()) {
            telling.hand_out(self.channel(), delivery.taken_mut());
        }
    }

    fn left(&self) -> u64 {
        self.cursor.left()
    }

    #[inline(always)]
    fn poll_next_item(&mut self, cx: &mut Context<'_>, firm: bool) -> Poll<Option<Delivery<M>>> {
        let budget = ready!(poll_proceed(cx));
        ready!(self.cursor.poll_held(cx));
        if let Some((mut inbox, hint)) = self.cursor.plain(1) {
            budget.made_progress();
            *hint -= 1;
            let number = inbox.front();
            let guard = self.in_flight.take(number);
            if let Some(message) = inbox.pop_plain() {
                return Poll::Ready(Some(Delivery::plain(message, number, guard)));
            }
        }
        let polled = self.poll_log(cx, firm);
        if polled.is_ready() {
            budget.made_progress();
        }
        polled
    }

    #[inline(never)]
    fn poll_kept(&mut self, cx: &Context<'_>, firm: bool) -> Poll<Option<Delivery<M>>> {
        #[cfg(feature = "chaos")]
        if self.cursor.shared().is_disturbed() {
            return self.poll_refusing(cx, firm);
        }
        let taken = match self.cursor.take_kept_plain() {
            Some(taken) => Some(taken),
            None => ready!(self.cursor.poll_kept(cx, firm)),
        };
        Poll::Ready(taken.map(|mut taken| {
            taken.begin_trace(self.tracing.as_deref());
            Delivery::new(taken)
        }))
    }

    /// The same of one who gives some deliveries back.
    #[cfg(feature = "chaos")]
    fn poll_refusing(&mut self, cx: &Context<'_>, firm: bool) -> Poll<Option<Delivery<M>>> {
        let again = self.again.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((message, number)) = again.take() {
            return Poll::Ready(Some(Delivery::plain(message, number, InFlightGuard::none())));
        }
        loop {
            let Some(mut taken) = ready!(self.cursor.poll_kept(cx, firm)) else { return Poll::Ready(None) };
            taken.begin_trace(self.tracing.as_deref());
            let delivery = Delivery::new(taken);
            let shared = self.cursor.shared();
            if !self.cursor.inbox().lock().acknowledges() {
                return Poll::Ready(Some(delivery)); // it is ordered by keys, and no more
            }
            if let Some(after) = shared.chaos().refuses(&shared.name, delivery.attempt()) {
                let _ = delivery.into_acked().1.nak_after(after);
                continue;
            }
            if !delivery.is_request() && shared.chaos().repeats(&shared.name) {
                self.again = std::sync::Mutex::new(Some((M::clone(&delivery), delivery.seq())));
            }
            return Poll::Ready(Some(delivery));
        }
    }

    #[inline(never)]
    fn poll_log(&mut self, cx: &Context<'_>, firm: bool) -> Poll<Option<Delivery<M>>> {
        if self.cursor.keeps() {
            return self.poll_kept(cx, firm);
        }
        if let Some((mut inbox, number, charge)) = self.cursor.charged() {
            let guard = self.in_flight.take(number);
            let message = inbox.pop_charged();
            drop(inbox);
            contain(|| drop(charge));
            if let Some(message) = message {
                return Poll::Ready(Some(Delivery::plain(message, number, guard)));
            }
        }
        let plain = |message, number, in_flight: Option<&InFlight>| {
            Delivery::plain(
                message,
                number,
                in_flight.map_or(InFlightGuard::none(), |in_flight| in_flight.take(number)),
            )
        };
        let (group, tracing) = (self.group, self.tracing.as_deref());
        let polled =
            self.cursor.poll(cx, firm, plain, |taken| handover(taken, group, tracing), Delivery::new);
        polled.map(|delivery| delivery.map(|delivery| self.told(delivery)))
    }

    fn poll_items(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<Delivery<M>>,
        limit: usize,
        firm: bool,
    ) -> Poll<usize> {
        let budget = ready!(poll_proceed(cx));
        ready!(self.cursor.poll_held(cx));
        let before = buffer.len();
        loop {
            if limit == 0 {
                budget.made_progress();
                return Poll::Ready(0);
            }
            let mut batch = Deliveries { buffer, aside: Vec::new(), group: self.group };
            let polled = self.cursor.poll_many(limit, cx, firm, &mut batch);
            Aside::see_to(batch.aside, &self.cursor);
            let open = ready!(polled);
            let count = buffer.len() - before;
            if self.cursor.telling.is_some() {
                buffer[before..].iter_mut().for_each(|delivery| self.tell(delivery));
            }
            if count > 0 || !open {
                if let Some(tracing) = &self.tracing {
                    buffer[before..].iter_mut().for_each(|delivery| delivery.begin_trace(tracing));
                }
                budget.made_progress();
                return Poll::Ready(count);
            }
        }
    }
}

/// A batch in the making.
struct Deliveries<'a, M: Message> {
    buffer: &'a mut Vec<Delivery<M>>,
    /// Requests that nobody waits for any more.
    aside: Vec<Aside<M>>,
    group: u64,
}

impl<M: Message> Batch<M, Delivery<M>> for Deliveries<'_, M> {
    fn buffer(&mut self) -> &mut Vec<Delivery<M>> {
        self.buffer
    }

    #[inline(always)]
    fn plain(message: M, number: u64, guard: InFlightGuard) -> Delivery<M> {
        Delivery::plain(message, number, guard)
    }

    fn take(&mut self, mut taken: Taken<M>) -> bool {
        let why = begin(&mut taken, self.group);
        if why == RequestLiveness::Live {
            let charge = taken.request.take_charge();
            if charge.is_some() {
                self.aside.push(Aside::Charge(charge));
            }
            self.buffer.push(Delivery::new(taken));
        } else {
            self.aside.push(Aside::Skipped(why, taken));
        }
        why == RequestLiveness::Live
    }
}

/// Whether a handler of this group should get what was taken: a look at the clock, if it is a request with a deadline. Of
/// one that asks each group it gets its group's part.
#[inline]
fn handover<M>(taken: &mut Taken<M>, group: u64, tracing: Option<&TracingGroup>) -> RequestLiveness {
    if !taken.request.is_some() {
        return RequestLiveness::Live;
    }
    if taken.discharge_bare() {
        return RequestLiveness::Live;
    }
    let liveness = begin(taken, group);
    taken.discharge();
    if liveness == RequestLiveness::Live {
        taken.begin_trace(tracing);
    }
    liveness
}

#[inline]
fn begin<M>(taken: &mut Taken<M>, group: u64) -> RequestLiveness {
    let Some(cell) = taken.request.cell() else { return RequestLiveness::Live };
    let why = cell.begin_handling(cell.deadline().map(clock::near));
    if why == RequestLiveness::Live && cell.has_parts() {
        taken.request.narrow(group);
    }
    why
}

impl<M: Message> Sealed for Receiver<M> {}

impl<M: Message> Reader for Receiver<M> {
    type Item = Delivery<M>;

    #[inline(always)]
    fn poll_read(&mut self, cx: &mut Context<'_>, firm: bool) -> Poll<Option<Delivery<M>>> {
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

impl<M: Message> Stream for Receiver<M> {
    type Item = Delivery<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery<M>>> {
        self.poll_next_item(cx, false)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.most_to_come()
    }
}

impl<M: Message> Unpin for Receiver<M> {}

impl<M: Message> fmt::Debug for Receiver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("channel", &self.cursor.shared().name).finish_non_exhaustive()
    }
}
