use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::FusedFuture;

use super::Sending;
use crate::{
    error::SendError,
    message::Message,
    request::{SettleCell, Settlement},
    sync::poll_proceed,
};

/// The future of [`Sending::settled`].
///
/// # Cancel safety
/// Dropped before the message is sent, it is not sent, ever. Dropped later, it changes nothing: the message goes its way.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{AckPolicy, Fabric, Settlement};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
/// let mut sending = jobs.send(Job(1)).settled();
/// assert!(futures::poll!(&mut sending).is_pending());
/// worker.try_recv()?.into_acked().1.ack();
/// assert_eq!(sending.await?, Settlement::Acked);
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Settling<'a, M: Message> {
    sending: Sending<'a, M>,
    progress: Progress,
}

enum Progress {
    Sending,
    /// It is sent, and groups have yet to settle it.
    Sent(Arc<SettleCell>),
    Over,
}

impl<'a, M: Message> Settling<'a, M> {
    pub(super) fn new(sending: Sending<'a, M>) -> Self {
        Self { sending, progress: Progress::Sending }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Settlement, SendError<M>>> {
        if matches!(self.progress, Progress::Sending) {
            match ready!(self.sending.poll_settled(cx)) {
                Ok(Some(cell)) => self.progress = Progress::Sent(cell),
                Ok(None) => return Poll::Ready(Ok(Settlement::Acked)),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        match &self.progress {
            Progress::Sent(cell) => cell.poll(cx).map(Ok),
            Progress::Sending | Progress::Over => Poll::Pending, // polled after it was ready
        }
    }
}

impl<M: Message> Unpin for Settling<'_, M> {}

impl<M: Message> Future for Settling<'_, M> {
    type Output = Result<Settlement, SendError<M>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let budget = ready!(poll_proceed(cx));
        let settled = ready!(this.poll_next(cx));
        budget.made_progress();
        this.progress = Progress::Over;
        Poll::Ready(settled)
    }
}

impl<M: Message> FusedFuture for Settling<'_, M> {
    fn is_terminated(&self) -> bool {
        matches!(self.progress, Progress::Over)
    }
}

impl<M: Message> fmt::Debug for Settling<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settling").field("sending", &self.sending).finish_non_exhaustive()
    }
}
