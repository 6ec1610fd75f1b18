use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{Channel, Message, Priority, Shared, yielding};
use crate::{
    engine::{Admission, Effects, Log},
    error::SendError,
    sync::{MutexGuard, poll_proceed},
};

/// The future of [`Channel::send`].
///
/// # Cancel safety
/// Dropped before it is ready, the message was not sent, ever; a place it had been granted goes to the next sender.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, NoReply, TryRecvError};
/// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
/// use futures::FutureExt;
///
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// let mut worker = jobs.join("workers");
/// jobs.send(Job(1)).await?;
/// assert!(jobs.send(Job(2)).now_or_never().is_none(), "full: it waits, and is dropped");
/// assert_eq!(worker.try_recv()?.0, 1);
/// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty), "the second was not sent");
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
#[repr(C)] // the message first, as in the log
pub struct Sending<'a, M: Message> {
    message: Option<M>,
    shared: &'a Shared<M>,
    waiting: Option<u64>,
    /// Whether it has the readers asked to serve it.
    asked: bool,
    from: &'static Location<'static>,
}

impl<'a, M: Message> Sending<'a, M> {
    #[inline(always)]
    pub(super) fn new(channel: &'a Channel<M>, message: M, from: &'static Location<'static>) -> Self {
        Self { message: Some(message), shared: channel.shared(), waiting: None, asked: false, from }
    }

    /// States the message's class of traffic for this call. Channels have one lane so far: it changes no order.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Message, NoReply, Priority};
    /// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// jobs.send(Job(1)).class(Priority::Low).await?;
    /// jobs.send(Job(2)).class(Priority::Critical).await?;
    /// assert_eq!(worker.try_recv()?.0, 1, "one lane so far");
    /// # Ok(()) }
    /// ```
    pub fn class(self, class: Priority) -> Self {
        let _ = class;
        self
    }

    #[cold]
    #[inline(never)]
    fn poll_slow(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        cx: &Context<'_>,
    ) -> Poll<Result<(), SendError<M>>> {
        let mut effects = Effects::new();
        let admission = match self.waiting {
            None => log.admit(&mut effects),
            Some(id) => log.claim(id, cx.waker(), &mut effects),
        };
        let admission = match (admission, self.waiting) {
            (Admission::Full, None) => {
                let id = log.enqueue(cx.waker(), self.from);
                self.waiting = Some(id);
                if yielding::pays() {
                    // In its place in the queue, but not asking the readers to serve it yet.
                    cx.waker().wake_by_ref();
                    Admission::Full
                } else {
                    self.asked = true;
                    log.ask_for_service(&mut effects);
                    log.claim(id, cx.waker(), &mut effects)
                }
            }
            (Admission::Full, Some(id)) if !self.asked => {
                self.asked = true;
                log.ask_for_service(&mut effects);
                log.claim(id, cx.waker(), &mut effects)
            }
            (admission, _) => admission,
        };
        let polled = match admission {
            Admission::Full => Poll::Pending,
            Admission::Closed => {
                self.waiting = None;
                self.message.take().map_or(Poll::Pending, |message| Poll::Ready(Err(SendError(message))))
            }
            Admission::Granted => {
                self.waiting = None;
                match self.message.take() {
                    None => Poll::Pending, // polled after it was ready
                    Some(message) => {
                        log.push(message);
                        log.note_depth();
                        log.pushed(1, &mut effects);
                        Poll::Ready(Ok(()))
                    }
                }
            }
        };
        self.shared.settle(log, effects);
        polled
    }
}

impl<M: Message> Unpin for Sending<'_, M> {}

impl<M: Message> Future for Sending<'_, M> {
    type Output = Result<(), SendError<M>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let budget = ready!(poll_proceed(cx));
        let shared = this.shared;
        let mut log = shared.log.lock();
        if log.admits_now()
            && this.waiting.is_none()
            && let Some(message) = this.message.take()
        {
            log.push(message);
            budget.made_progress();
            if log.has_followers() {
                shared.pushed(log);
            }
            return Poll::Ready(Ok(()));
        }
        let polled = this.poll_slow(log, cx);
        if polled.is_ready() {
            budget.made_progress();
        }
        polled
    }
}

impl<M: Message> Drop for Sending<'_, M> {
    #[inline]
    fn drop(&mut self) {
        if let Some(id) = self.waiting {
            self.shared.cancel_send(id);
        }
    }
}

impl<M: Message> fmt::Debug for Sending<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("channel", &self.shared.name).finish_non_exhaustive()
    }
}

impl<M: Clone> Shared<M> {
    /// What follows a push.
    #[inline(never)]
    pub(super) fn pushed(&self, mut log: MutexGuard<'_, Log<M>>) {
        if let Ok(waker) = log.sole_parked() {
            drop(log);
            if let Some(waker) = waker {
                waker.wake();
            }
            return;
        }
        let mut effects = Effects::new();
        log.pushed(1, &mut effects);
        self.settle(log, effects);
    }
}

impl<M> Shared<M> {
    /// A sender's future is dropped that waited, or had been granted a place.
    #[cold]
    pub(super) fn cancel_send(&self, id: u64) {
        let mut effects = Effects::new();
        let mut log = self.log.lock();
        log.cancel_send(id, &mut effects);
        self.settle(log, effects);
    }
}
