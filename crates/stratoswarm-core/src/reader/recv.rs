use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::FusedFuture;

use super::reader::Reader;

/// The future of `recv`, of every kind of reader.
///
/// # Cancel safety
/// Dropped before it is ready, it took nothing.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// use futures::FutureExt;
///
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// assert!(worker.recv().now_or_never().is_none(), "nothing is there: it waits, and is dropped");
/// jobs.send(Job(1)).await?;
/// assert_eq!(worker.recv().await.map(|job| job.0), Some(1), "the first took nothing");
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<'a, R: Reader> {
    /// None once it was ready: no wait is registered then, and the next message is for another future.
    reader: Option<&'a mut R>,
}

impl<'a, R: Reader> Recv<'a, R> {
    #[inline(always)]
    pub(super) fn new(reader: &'a mut R) -> Self {
        Self { reader: Some(reader) }
    }
}

impl<R: Reader> Future for Recv<'_, R> {
    type Output = Option<R::Item>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(reader) = &mut self.reader else { return Poll::Pending };
        let polled = reader.poll_read(cx, true);
        if polled.is_ready() {
            self.reader = None;
        }
        polled
    }
}

impl<R: Reader> FusedFuture for Recv<'_, R> {
    fn is_terminated(&self) -> bool {
        self.reader.is_none()
    }
}

impl<R: Reader> Drop for Recv<'_, R> {
    #[inline]
    fn drop(&mut self) {
        if let Some(reader) = &mut self.reader
            && reader.waits()
        {
            reader.give_up();
        }
    }
}

impl<R: Reader + fmt::Debug> fmt::Debug for Recv<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").field("reader", &self.reader).finish()
    }
}

/// Ends the wait of a `recv_many` that is dropped.
pub(super) struct Waiting<'a, R: Reader>(pub(super) &'a mut R);

impl<R: Reader> Drop for Waiting<'_, R> {
    fn drop(&mut self) {
        if self.0.waits() {
            self.0.give_up();
        }
    }
}
