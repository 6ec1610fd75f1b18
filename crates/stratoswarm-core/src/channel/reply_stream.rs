use std::{
    fmt,
    future::poll_fn,
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use tokio::time::Instant;

use super::{
    Channel,
    asking::{Asking, Progress},
    limit::Limit,
    limit_calls::limit_calls,
};
use crate::{
    error::{RequestError, Stage},
    message::{Ask, Message, Priority},
    reader::Delivery,
    request::{Row, StreamCell},
    sync::{atomic::Ordering, poll_proceed},
};

/// The replies to one request, as they come; and the builder of its options.
///
/// Made by [`Channel::request_stream`]. What is asked goes out with the first poll.
///
/// # Backpressure
/// At most [`buffer`](Self::buffer) items wait here. Who does not receive stops the handler of this request, and nobody else.
///
/// # Closing
/// `None` comes when the handler has dropped its [`StreamResponder`](crate::StreamResponder), and after an error, which is the
/// last item. A drop tells the handler.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, RequestError};
/// # use stratoswarm_core::examples::Rows;
/// let queries = Fabric::new().channel::<Rows>("queries").open()?;
/// let mut worker = queries.join("workers");
/// tokio::spawn(async move {
///     let Some(query) = worker.recv().await else { return };
///     let mut out = query.into_parts().1.into_stream();
///     let _ = out.send(1).await;
///     panic!("the disk is gone");
/// });
/// let mut rows = queries.request_stream(Rows);
/// assert_eq!(rows.recv().await, Some(Ok(1)));
/// assert_eq!(rows.recv().await, Some(Err(RequestError::Unanswered)));
/// assert_eq!(rows.recv().await, None);
/// # Ok(()) }
/// ```
#[must_use = "nothing is asked before it is polled"]
pub struct ReplyStream<'a, M: Message, A: Ask<M>> {
    asking: Asking<'a, M>,
    cell: Option<Arc<StreamCell<A::Reply>>>,
    buffer: usize,
    /// Whether an item has come.
    flows: bool,
    ask: PhantomData<fn(A)>,
}

impl<'a, M: Message, A: Ask<M>> ReplyStream<'a, M, A> {
    pub(super) fn new(channel: &'a Channel<M>, ask: A, from: &'static Location<'static>) -> Self {
        let asking = Asking::new(channel, ask.into_message(), from);
        Self { asking, cell: None, buffer: 16, flows: false, ask: PhantomData }
    }

    /// How many items may wait, before the handler does: 16, if it is not stated. 0 is as 1.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, TrySendError};
    /// # use stratoswarm_core::examples::Rows;
    /// # let queries = Fabric::new().channel::<Rows>("queries").open()?;
    /// # let mut worker = queries.join("workers");
    /// let mut rows = queries.request_stream(Rows).buffer(2);
    /// # assert!(futures::poll!(std::pin::pin!(rows.recv())).is_pending());
    /// let mut out = worker.try_recv()?.into_parts().1.into_stream();
    /// out.send(1).await?;
    /// out.send(2).await?;
    /// assert_eq!(out.try_send(3), Err(TrySendError::Full(3)));
    /// # Ok(()) }
    /// ```
    pub fn buffer(mut self, items: usize) -> Self {
        self.buffer = items;
        self
    }

    limit_calls!("mut rows = pings.request_stream(Ping)", "rows.recv().await.ok_or(\"an end\")?");

    /// Waits for the next item; `None` at the end.
    ///
    /// # Errors
    /// Those of [`Channel::request`]: the last item. [`Expired`](RequestError::Expired) comes only in place of the first item,
    /// [`Unanswered`](RequestError::Unanswered) also after others, when the handler panicked.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it took nothing. What was asked stays asked, until the stream is dropped.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Rows;
    /// # let queries = Fabric::new().channel::<Rows>("queries").open()?;
    /// # let mut worker = queries.join("workers");
    /// let mut rows = queries.request_stream(Rows);
    /// assert!(futures::poll!(std::pin::pin!(rows.recv())).is_pending());
    /// let mut out = worker.try_recv()?.into_parts().1.into_stream();
    /// out.send(1).await?;
    /// drop(out);
    /// assert_eq!(rows.recv().await, Some(Ok(1)));
    /// assert_eq!(rows.recv().await, None);
    /// # Ok(()) }
    /// ```
    pub async fn recv(&mut self) -> Option<Result<A::Reply, RequestError>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Polls for the next item; `None` at the end. For futures written by hand; only the task of the last call is woken.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Rows;
    /// # let queries = Fabric::new().channel::<Rows>("queries").open()?;
    /// # let mut worker = queries.join("workers");
    /// tokio::spawn(async move { worker.recv().await.map(|rows| rows.reply(7)) }); // a reply is a stream of one
    /// let mut rows = queries.request_stream(Rows);
    /// assert_eq!(std::future::poll_fn(|cx| rows.poll_recv(cx)).await, Some(Ok(7)));
    /// assert_eq!(std::future::poll_fn(|cx| rows.poll_recv(cx)).await, None);
    /// # Ok(()) }
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<A::Reply, RequestError>>> {
        let budget = ready!(poll_proceed(cx));
        let before = self.asking.progress();
        let polled = self.poll_progress(before, cx);
        if polled.is_ready() || before != self.asking.progress() {
            budget.made_progress();
        }
        polled
    }

    fn poll_progress(
        &mut self,
        before: Progress,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<A::Reply, RequestError>>> {
        match before {
            Progress::Over => return Poll::Ready(None),
            Progress::New => {
                ready!(self.asking.hold(cx));
                if let Err(error) = self.start(cx) {
                    return Poll::Ready(Some(Err(error)));
                }
            }
            Progress::Sending | Progress::Sent(..) => {}
        }
        let polled = self.poll_row(cx);
        if polled.is_ready() || before == Progress::New {
            return polled;
        }
        if let Some(cell) = &self.cell {
            self.asking.look_at_clock(cell, cx);
            if let Err(error) = self.asking.enter(cell, cx, |_| None, |_| ()) {
                return Poll::Ready(Some(Err(error)));
            }
        }
        self.poll_row(cx)
    }

    /// The first poll.
    fn start(&mut self, cx: &mut Context<'_>) -> Result<(), RequestError> {
        let deadline = self.asking.begin()?;
        let channel = self.asking.shared().address();
        // It knows the waker: whatever happens to the request from now on wakes this task.
        let cell = Arc::new(StreamCell::new(deadline, channel, self.buffer, cx.waker().clone()));
        self.cell = Some(Arc::clone(&cell));
        self.asking.enter(&cell, cx, |_| None, |_| ())?;
        // In the list of those that wait. What happened meanwhile is seen at once.
        self.asking.watch(deadline, &cell, cx);
        Ok(())
    }

    fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<A::Reply, RequestError>>> {
        let Some(cell) = &self.cell else { return Poll::Ready(None) };
        let row = ready!(cell.poll_row(cx));
        let counters = &self.asking.shared().counters;
        let first = !self.flows;
        let (counter, error) = match row {
            Row::Item(item) => {
                if first {
                    self.flows = true;
                    counters.answered.fetch_add(1, Ordering::Relaxed);
                    self.asking.watch_no_deadline(cell, cx);
                }
                return Poll::Ready(Some(Ok(item)));
            }
            Row::End => (Some(&counters.answered), None),
            Row::Unanswered => (Some(&counters.unanswered), Some(RequestError::Unanswered)),
            Row::Evicted => (Some(&counters.unanswered), Some(RequestError::Evicted)),
            Row::Dead(attempts) => {
                (Some(&counters.unanswered), Some(RequestError::DeadLettered { attempts }))
            }
            Row::WrongReplyType => (Some(&counters.unanswered), Some(RequestError::WrongReplyType)),
            Row::Closed => {
                let accepted = self.asking.withdraw().is_none();
                (accepted.then_some(&counters.unanswered), Some(RequestError::Closed))
            }
            Row::Expired => {
                let handled = if cell.is_handled() { Stage::Handling } else { Stage::Queued };
                let stage = self.asking.withdraw().unwrap_or(handled);
                let error = self.asking.expired(stage);
                (None, Some(error))
            }
        };
        if let Some(counter) = counter.filter(|_| first) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.asking.end();
        Poll::Ready(error.map(Err))
    }
}

impl<M: Message, A: Ask<M>> Unpin for ReplyStream<'_, M, A> {}

impl<M: Message, A: Ask<M>> Stream for ReplyStream<'_, M, A> {
    type Item = Result<A::Reply, RequestError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_recv(cx)
    }
}

impl<M: Message, A: Ask<M>> Drop for ReplyStream<'_, M, A> {
    fn drop(&mut self) {
        if matches!(self.asking.progress(), Progress::Sent(..)) {
            if let Some(cell) = &self.cell {
                cell.give_up();
            }
            if !self.flows {
                self.asking.shared().counters.abandoned.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.asking.withdraw();
    }
}

impl<M: Message, A: Ask<M>> fmt::Debug for ReplyStream<'_, M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyStream").field("channel", &self.asking.shared().name).finish_non_exhaustive()
    }
}
