use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use futures_core::Stream;

use super::{Reader, Recv, mux_source::MuxSource, sealed::Sealed, woken::Woken};
use crate::{
    engine::Bypass,
    error::TryRecvError,
    message::Priority,
    sync::{poll_proceed, unconstrained},
};

/// How many priorities there are.
const RANKS: usize = 4;

/// Several channels through one receiver, the most urgent first.
///
/// It owns the readers that it is made of, of any kind, and makes events of one type of what they give. For channels of
/// which each has a task of its own, or where the order does not matter, `tokio::select!` over their `recv` does as well.
///
/// # Delivery
/// The most urgent source that has something comes first, and sources of one priority take turns. A priority that has
/// something is overtaken by at most [`max_bypass`](Self::max_bypass) more urgent events, then has its turn: of `p`
/// priorities in use, its next event comes after at most `max_bypass` + 2(`p` − 1) others. Each source stays in its own order.
///
/// # Closing
/// A source that is closed and drained is dropped. `None` comes when all are.
///
/// # Cancellation
/// Readers of sources that are idle stay registered with their channels, from one call to the next. Like the wait of a stream,
/// that does not count as woken: a message is told to the next member of the group, too. So a mux that returned for another
/// source, or that nobody polls, keeps no member from its message.
///
/// # Cost
/// Idle sources cost nothing: only those that were woken, or had something the last time, are looked at. A message wakes all
/// muxes of its group that are idle, as it wakes all streams, besides one member that waits in a `recv` of its own.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Delivery, Fabric, Message, Mux, NoReply, Priority};
///
/// #[derive(Clone)] struct Stop;
/// #[derive(Clone)] struct Job(u32);
/// # impl Message for Stop { type Reply = NoReply; }
/// # impl Message for Job { type Reply = NoReply; }
/// enum Event { Control(Delivery<Stop>), Job(Delivery<Job>) }
///
/// let fabric = Fabric::new();
/// let (control, jobs) = (fabric.channel::<Stop>("control").open()?, fabric.channel::<Job>("jobs").open()?);
/// let mut mux = Mux::new()
///     .add(control.join("workers"), Priority::Critical, Event::Control)
///     .add(jobs.join("workers"), Priority::Normal, Event::Job);
/// jobs.send(Job(1)).await?;
/// control.send(Stop).await?;
/// assert!(matches!(mux.recv().await, Some(Event::Control(_))), "the more urgent one");
/// let Some(Event::Job(job)) = mux.recv().await else { panic!("a job is there") };
/// assert_eq!(job.0, 1);
/// control.close();
/// jobs.close();
/// assert!(mux.recv().await.is_none());
/// # Ok(()) }
/// ```
pub struct Mux<E> {
    /// None once it is closed and drained.
    sources: Vec<Option<MuxSource<E>>>,
    open: usize,
    /// Of each rank the sources that may have something, by their turns.
    ready: [VecDeque<usize>; RANKS],
    /// The ranks that have such.
    waiting: u8,
    bypass: Bypass,
    woken: Arc<Woken>,
    /// Whether the task is to be woken.
    sleeps: bool,
}

impl<E> Mux<E> {
    /// A mux without sources, which has ended.
    pub fn new() -> Self {
        Self {
            sources: Vec::new(),
            open: 0,
            ready: [const { VecDeque::new() }; RANKS],
            waiting: 0,
            bypass: Bypass::new(32),
            woken: Woken::new(),
            sleeps: false,
        }
    }

    /// How many more urgent events may overtake a priority that has something: 32, if it is not stated.
    ///
    /// 0 counts as 1, as at less some would never have their turn. A [channel](crate::ChannelBuilder::max_bypass) refuses it
    /// when it is opened; a mux is made of readers that are there, and has no error to give.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Mux, Priority};
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let (urgent, bulk) = (fabric.channel::<Job>("urgent").open()?, fabric.channel::<Job>("bulk").open()?);
    /// let mut mux = Mux::new()
    ///     .max_bypass(2)
    ///     .add(urgent.subscribe(), Priority::High, |job| job.0)
    ///     .add(bulk.subscribe(), Priority::Low, |job| job.0);
    /// for n in 1..=4 { urgent.try_send(Job(n))?; }
    /// bulk.try_send(Job(100))?;
    /// let order: Vec<_> = std::iter::from_fn(|| mux.try_recv().ok()).collect();
    /// assert_eq!(order, [1, 2, 100, 3, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn max_bypass(mut self, events: u32) -> Self {
        self.bypass = Bypass::new(events);
        self
    }

    /// Adds a reader of any kind; `event` makes an event of what it gives. A [`Mux`] is a reader, too.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Lagged, Mux, Priority};
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let prices = fabric.broadcast::<u32>("prices").open()?;
    /// #[derive(Debug, PartialEq)]
    /// enum Event { Job(Job), Price(u32), Missed(u64) }
    /// let mut mux = Mux::new()
    ///     .add(jobs.join("workers"), Priority::Normal, |delivery| Event::Job(delivery.into_message()))
    ///     .add(prices.subscribe(), Priority::Low, |price| match price {
    ///         Ok(price) => Event::Price(price),
    ///         Err(Lagged { missed, .. }) => Event::Missed(missed),
    ///     });
    /// prices.send(42)?;
    /// assert_eq!(mux.recv().await, Some(Event::Price(42)));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn add<R: Reader + Send + 'static>(
        mut self,
        reader: R,
        priority: Priority,
        event: impl FnMut(R::Item) -> E + Send + 'static,
    ) -> Self {
        let rank = priority as usize;
        self.ready[rank].push_back(self.sources.len()); // it is looked at once
        self.waiting |= 1 << rank;
        self.sources.push(Some(MuxSource::new(reader, rank, event, self.woken.waker())));
        self.open += 1;
        self
    }

    /// Waits for the next event; `None` once all sources are closed and drained, or where there are none.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it took nothing, and keeps no other member of a source's group from a message.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Mux, Priority};
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let (first, second) = (fabric.channel::<Job>("first").open()?, fabric.channel::<Job>("second").open()?);
    /// let mut mux = Mux::new()
    ///     .add(first.subscribe(), Priority::Normal, |job| job.0)
    ///     .add(second.subscribe(), Priority::Normal, |job| job.0);
    /// second.send(Job(2)).await?;
    /// assert_eq!(mux.recv().await, Some(2));
    /// drop((first, second, fabric)); // the last handles: both close
    /// assert_eq!(mux.recv().await, None);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn recv(&mut self) -> Recv<'_, Self> {
        Recv::new(self)
    }

    /// The next event, if one is there.
    ///
    /// # Errors
    /// [`Empty`](TryRecvError::Empty) if none is there, [`Closed`](TryRecvError::Closed) if none will come.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Mux, Priority, TryRecvError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut mux = Mux::new().add(jobs.subscribe(), Priority::Normal, |job| job.0);
    /// assert_eq!(mux.try_recv(), Err(TryRecvError::Empty));
    /// jobs.try_send(Job(1))?;
    /// assert_eq!(mux.try_recv(), Ok(1));
    /// jobs.close();
    /// assert_eq!(mux.try_recv(), Err(TryRecvError::Closed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<E, TryRecvError> {
        let looked = pin!(unconstrained(poll_fn(|_| self.poll_sources())));
        match looked.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(event)) => Ok(event),
            Poll::Ready(None) => Err(TryRecvError::Closed),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// Polls for the next event; `None` once there is none and none will come. For futures written by hand; only the task of
    /// the last call is woken.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Mux, Priority};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut mux = Mux::new().add(jobs.subscribe(), Priority::Normal, |job| job.0);
    /// jobs.send(Job(1)).await?;
    /// assert_eq!(std::future::poll_fn(|cx| mux.poll_recv(cx)).await, Some(1));
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<E>> {
        drop(ready!(poll_proceed(cx))); // whether there is budget: the source that has something spends it
        let polled = self.poll_sources();
        if polled.is_pending() {
            // A source that was woken meanwhile may be one that yields before it sleeps: so yields the mux.
            self.sleeps = self.woken.sleep(cx.waker());
            if !self.sleeps {
                cx.waker().wake_by_ref();
            }
        }
        polled
    }

    /// How many sources may have something, now or later: those that are not closed and drained, as far as was looked.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Mux, Priority};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut mux = Mux::new().add(jobs.subscribe(), Priority::Normal, |job| job.0);
    /// assert_eq!(mux.source_count(), 1);
    /// jobs.close();
    /// assert!(mux.try_recv().is_err());
    /// assert_eq!(mux.source_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn source_count(&self) -> usize {
        self.open
    }

    /// The next event of the sources that may have something. Of those that turn out to have nothing the wakers are registered
    /// then.
    #[inline]
    fn poll_sources(&mut self) -> Poll<Option<E>> {
        let Self { sources, ready, waiting, .. } = self;
        self.woken.take(|at| {
            if let Some(source) = &mut sources[at]
                && !std::mem::replace(&mut source.ready, true)
            {
                ready[source.rank].push_back(at);
                *waiting |= 1 << source.rank;
            }
        });
        while let Some(rank) = self.bypass.pick(self.waiting) {
            let turns = &mut self.ready[rank];
            let Some(at) = turns.front().copied() else {
                self.waiting &= !(1 << rank);
                continue;
            };
            let Some(source) = &mut self.sources[at] else {
                turns.pop_front();
                continue;
            };
            match source.poll() {
                Poll::Ready(Some(event)) => {
                    if turns.len() > 1 {
                        turns.rotate_left(1);
                    }
                    if self.waiting.is_power_of_two() {
                        self.bypass.forget(rank); // no other waits
                    } else {
                        self.bypass.took(rank, self.waiting, 1);
                    }
                    return Poll::Ready(Some(event));
                }
                Poll::Pending => source.ready = false,
                Poll::Ready(None) => {
                    self.sources[at] = None;
                    self.open -= 1;
                }
            }
            turns.pop_front();
            if turns.is_empty() {
                self.waiting &= !(1 << rank);
                self.bypass.forget(rank);
            }
        }
        if self.open == 0 { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl<E> Default for Mux<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Sealed for Mux<E> {}

impl<E> Reader for Mux<E> {
    type Item = E;

    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>, _: bool) -> Poll<Option<E>> {
        self.poll_recv(cx)
    }

    fn waits(&self) -> bool {
        self.sleeps
    }

    fn give_up(&mut self) {
        self.sleeps = false;
        self.woken.forget_task();
    }
}

impl<E> Stream for Mux<E> {
    type Item = E;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<E>> {
        self.poll_recv(cx)
    }
}

impl<E> fmt::Debug for Mux<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mux").field("source_count", &self.open).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Has so many items, and counts the looks at it.
    struct Counted {
        items: usize,
        looks: Arc<AtomicUsize>,
    }

    impl Sealed for Counted {}

    impl Reader for Counted {
        type Item = usize;

        fn poll_read(&mut self, _: &mut Context<'_>, firm: bool) -> Poll<Option<usize>> {
            assert!(!firm, "a wait that may be forgotten");
            self.looks.fetch_add(1, Ordering::Relaxed);
            match self.items.checked_sub(1) {
                Some(left) => {
                    self.items = left;
                    Poll::Ready(Some(left))
                }
                None => Poll::Pending,
            }
        }

        fn waits(&self) -> bool {
            false
        }

        fn give_up(&mut self) {}
    }

    #[test]
    fn idle_sources_are_not_looked_at() {
        let (idle, busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut mux = Mux::new();
        for _ in 0..64 {
            mux = mux.add(Counted { items: 0, looks: Arc::clone(&idle) }, Priority::Critical, |item| item);
        }
        mux = mux.add(Counted { items: 1_000, looks: Arc::clone(&busy) }, Priority::Low, |item| item);
        for _ in 0..1_000 {
            assert!(mux.try_recv().is_ok());
        }
        assert_eq!(mux.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(mux.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(idle.load(Ordering::Relaxed), 64, "once each");
        assert_eq!(busy.load(Ordering::Relaxed), 1_001);
    }
}
