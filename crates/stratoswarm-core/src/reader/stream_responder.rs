use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    panic::Location,
    task::{Context, Poll, ready},
    thread,
};

use super::responder::{Watch, Watching};
use crate::{
    engine::InFlightGuard,
    error::{SendError, TrySendError},
    request::{AnswerTo, AnyResponder, ReplyOutcome, Verdict},
    sync::poll_proceed,
};

/// Answers one request with a stream. Dropped, it ends the stream.
///
/// Made by [`Responder::into_stream`](crate::Responder::into_stream), for whatever was asked: a caller that waits for one
/// reply gets the first item, and further ones come back; for a message that was only sent, all do.
///
/// # Backpressure
/// At most as many items wait as the caller's [`buffer`](crate::ReplyStream::buffer) says. A caller that stalls stops this
/// stream, and nothing else.
///
/// # Closing
/// A drop ends the stream: nobody can tell a handler that is done from one that was given up. One that panics is told apart:
/// its caller gets [`Unanswered`](crate::RequestError::Unanswered) after the last item.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, SendError};
/// # use stratoswarm_core::examples::Rows;
/// let queries = Fabric::new().channel::<Rows>("queries").open()?;
/// let mut worker = queries.join("workers");
/// let mut rows = queries.request_stream(Rows);
/// # assert!(futures::poll!(std::pin::pin!(rows.recv())).is_pending());
/// let mut out = worker.try_recv()?.into_parts().1.into_stream();
/// out.send(1).await?;
/// assert_eq!(rows.recv().await, Some(Ok(1)));
/// drop(rows); // the caller has seen enough
/// assert_eq!(out.send(2).await, Err(SendError(2)));
/// # Ok(()) }
/// ```
#[must_use = "dropping it ends the stream"]
pub struct StreamResponder<R> {
    /// None if nobody asked, or the only reply is given.
    to: Option<AnswerTo<R>>,
    /// What `poll_closed` waits by, once it was polled.
    watching: Option<Box<Watching>>,
    /// What is owed to a group that acknowledges: the first item settles it, or an end without one that is no panic's.
    owed: AnyResponder,
    _guard: InFlightGuard,
}

impl<R> StreamResponder<R> {
    pub(super) fn new(to: Option<AnswerTo<R>>, owed: AnyResponder, guard: InFlightGuard) -> Self {
        let to = to.map(|to| match to {
            AnswerTo::Stream(cell, _) => {
                let stream = cell.new_stream();
                AnswerTo::Stream(cell, Some(stream))
            }
            one => one,
        });
        Self { to, watching: None, owed, _guard: guard }
    }

    /// Waits for room and brings the item to the caller.
    ///
    /// # Errors
    /// Nobody waits for it: the caller has gone or has its answer, another group was faster, the first item comes after the
    /// deadline, or nobody asked. The item comes back.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the item was not sent.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Rows;
    /// # let queries = Fabric::new().channel::<Rows>("queries").open()?;
    /// # let mut worker = queries.join("workers");
    /// let mut rows = queries.request_stream(Rows).buffer(1);
    /// # assert!(futures::poll!(std::pin::pin!(rows.recv())).is_pending());
    /// let mut out = worker.try_recv()?.into_parts().1.into_stream();
    /// out.send(1).await?;
    /// assert!(futures::poll!(std::pin::pin!(out.send(2))).is_pending(), "one waits already");
    /// assert_eq!(rows.recv().await, Some(Ok(1)));
    /// out.send(3).await?;
    /// drop(out);
    /// assert_eq!((rows.recv().await, rows.recv().await), (Some(Ok(3)), None), "the 2 was not sent");
    /// # Ok(()) }
    /// ```
    pub async fn send(&mut self, item: R) -> Result<(), SendError<R>> {
        let mut item = Some(item);
        poll_fn(|cx| self.poll_send(&mut item, cx)).await;
        item.map_or(Ok(()), |item| Err(SendError(item)))
    }

    /// Brings the item to the caller, if there is room.
    ///
    /// # Errors
    /// There is no room, or nobody waits for it. The item comes back.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, TrySendError};
    /// # use stratoswarm_core::examples::Rows;
    /// # let queries = Fabric::new().channel::<Rows>("queries").open()?;
    /// # let mut worker = queries.join("workers");
    /// let mut rows = queries.request_stream(Rows).buffer(1);
    /// # assert!(futures::poll!(std::pin::pin!(rows.recv())).is_pending());
    /// let mut out = worker.try_recv()?.into_parts().1.into_stream();
    /// assert_eq!(out.try_send(1), Ok(()));
    /// assert_eq!(out.try_send(2), Err(TrySendError::Full(2)));
    /// drop(rows);
    /// assert_eq!(out.try_send(3), Err(TrySendError::Closed(3)));
    /// # Ok(()) }
    /// ```
    pub fn try_send(&mut self, item: R) -> Result<(), TrySendError<R>> {
        let mut item = Some(item);
        let sent = self.poll_item(&mut item, None);
        match item {
            None => Ok(()),
            Some(item) if sent.is_pending() => Err(TrySendError::Full(item)),
            Some(item) => Err(TrySendError::Closed(item)),
        }
    }

    /// Whether nobody waits for items any more. False for a message that was only sent.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Rows;
    /// # let queries = Fabric::new().channel::<Rows>("queries").open()?;
    /// # let mut worker = queries.join("workers");
    /// let mut rows = queries.request_stream(Rows);
    /// # assert!(futures::poll!(std::pin::pin!(rows.recv())).is_pending());
    /// let out = worker.try_recv()?.into_parts().1.into_stream();
    /// assert!(!out.is_closed());
    /// drop(rows);
    /// assert!(out.is_closed());
    /// # Ok(()) }
    /// ```
    pub fn is_closed(&self) -> bool {
        self.to.as_ref().is_some_and(|to| to.is_closed())
    }

    /// Waits until nobody waits for items any more; for ever for a message that was only sent.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Rows;
    /// # let queries = Fabric::new().channel::<Rows>("queries").open()?;
    /// # let mut worker = queries.join("workers");
    /// let mut rows = queries.request_stream(Rows);
    /// # assert!(futures::poll!(std::pin::pin!(rows.recv())).is_pending());
    /// let mut out = worker.try_recv()?.into_parts().1.into_stream();
    /// let watching = tokio::spawn(async move { out.closed().await });
    /// drop(rows);
    /// watching.await?;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> + Send + '_
    where
        R: Send,
    {
        let at = Location::caller();
        async move {
            match &self.to {
                Some(to) => Watch::new(to, at).over().await,
                None => std::future::pending().await,
            }
        }
    }

    /// Polls for what [`closed`](Self::closed) waits for. Only the waker of the last call is woken.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Rows;
    /// # let queries = Fabric::new().channel::<Rows>("queries").open()?;
    /// # let mut worker = queries.join("workers");
    /// let mut rows = queries.request_stream(Rows);
    /// # assert!(futures::poll!(std::pin::pin!(rows.recv())).is_pending());
    /// let mut out = worker.try_recv()?.into_parts().1.into_stream();
    /// drop(rows);
    /// std::future::poll_fn(|cx| out.poll_closed(cx)).await;
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(to) = &self.to else { return Poll::Pending };
        let at = Location::caller();
        self.watching.get_or_insert_with(|| Box::new(Watching::new(at))).poll(to, cx)
    }

    fn poll_send(&mut self, item: &mut Option<R>, cx: &mut Context<'_>) -> Poll<()> {
        let budget = ready!(poll_proceed(cx));
        ready!(self.poll_item(item, Some(cx)));
        budget.made_progress();
        Poll::Ready(())
    }

    /// Sends the item and takes it from `item`, unless nobody wants it.
    fn poll_item(&mut self, item: &mut Option<R>, cx: Option<&Context<'_>>) -> Poll<()> {
        if let Some(AnswerTo::Stream(cell, Some(stream))) = &self.to {
            let sent = cell.poll_send(*stream, item, cx);
            if item.is_none() {
                self.acknowledge();
            }
            return sent;
        }
        if let Some(to) = self.let_go()
            && let Some(reply) = item.take()
        {
            *item = match to.answer(reply) {
                ReplyOutcome::Received => None,
                ReplyOutcome::NotAsked(reply) | ReplyOutcome::TooLate(reply) => Some(reply),
            };
            self.acknowledge();
        }
        Poll::Ready(())
    }

    /// There is an answer: the message is not delivered again.
    fn acknowledge(&mut self) {
        if self.owed.is_some() {
            mem::take(&mut self.owed).settle(Verdict::Ack);
        }
    }

    fn let_go(&mut self) -> Option<AnswerTo<R>> {
        let to = self.to.take()?;
        if let Some(watching) = self.watching.take() {
            watching.end(&to);
        }
        Some(to)
    }
}

impl<R> Drop for StreamResponder<R> {
    fn drop(&mut self) {
        let panics = thread::panicking();
        let again = panics && self.owed.is_some(); // another handler will have it
        if let Some(to) = self.let_go() {
            if let AnswerTo::Stream(cell, Some(stream)) = &to
                && !again
            {
                cell.end_stream(*stream, panics);
            }
            to.drop_responder();
        }
        if !panics {
            self.acknowledge();
        }
    }
}

impl<R> fmt::Debug for StreamResponder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamResponder").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
