use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{Channel, Message, Permit, Priority, Shared};
use crate::{
    engine::{Admission, Effects},
    error::Closed,
    sync::poll_proceed,
};

/// The future of [`Channel::reserve`].
///
/// # Cancel safety
/// Dropped before it is ready, a place it had been granted goes to the next sender.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, NoReply};
/// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// let mut worker = jobs.join("workers");
/// jobs.send(Job(1)).await?;
/// let mut reserving = jobs.reserve();
/// assert!(futures::poll!(&mut reserving).is_pending(), "full");
/// assert_eq!(worker.try_recv()?.0, 1);
/// assert!(jobs.try_send(Job(2)).is_err(), "the place is meant for the one that waited");
/// drop(reserving); // which gives up
/// jobs.try_send(Job(2))?;
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Reserving<'a, M: Message> {
    channel: &'a Channel<M>,
    place: Place<'a, M>,
}

impl<'a, M: Message> Reserving<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, from: &'static Location<'static>) -> Self {
        Self { channel, place: Place::new(channel.shared(), from) }
    }

    /// States the class of traffic of the message to come. Channels have one lane so far: it changes no order.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, NoReply, Priority};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let permit = jobs.reserve().class(Priority::High).await?;
    /// permit.send(Job(1));
    /// assert_eq!(jobs.len(), 1);
    /// # Ok(()) }
    /// ```
    pub fn class(self, class: Priority) -> Self {
        let _ = class;
        self
    }
}

impl<M: Message> Unpin for Reserving<'_, M> {}

impl<'a, M: Message> Future for Reserving<'a, M> {
    type Output = Result<Permit<'a, M>, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(poll_proceed(cx));
        let reserved = ready!(self.place.poll(cx));
        budget.made_progress();
        Poll::Ready(reserved.map(|()| Permit::new(self.channel)))
    }
}

impl<M: Message> fmt::Debug for Reserving<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserving").field("channel", &self.channel.name()).finish_non_exhaustive()
    }
}

/// Waits for a place in the log, and makes a permit of it.
pub(super) struct Place<'a, M: Message> {
    shared: &'a Shared<M>,
    waiting: Option<u64>,
    from: &'static Location<'static>,
}

impl<'a, M: Message> Place<'a, M> {
    pub(super) fn new(shared: &'a Shared<M>, from: &'static Location<'static>) -> Self {
        Self { shared, waiting: None, from }
    }

    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<(), Closed>> {
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let mut admission = match self.waiting {
            None => log.admit(&mut effects),
            Some(id) => log.claim(id, cx.waker(), &mut effects),
        };
        if admission == Admission::Full && self.waiting.is_none() {
            let id = log.wait(cx.waker(), self.from, &mut effects);
            self.waiting = Some(id);
            admission = log.claim(id, cx.waker(), &mut effects);
        }
        let polled = match admission {
            Admission::Full => Poll::Pending,
            Admission::Closed => {
                self.waiting = None;
                Poll::Ready(Err(Closed))
            }
            Admission::Granted => {
                self.waiting = None;
                log.permit();
                Poll::Ready(Ok(()))
            }
        };
        self.shared.settle(log, effects);
        polled
    }
}

impl<M: Message> Drop for Place<'_, M> {
    fn drop(&mut self) {
        if let Some(id) = self.waiting {
            self.shared.cancel_send(id);
        }
    }
}
