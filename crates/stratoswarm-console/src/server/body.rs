use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// What follows the head of an answer.
#[derive(Debug)]
pub(super) enum Body {
    Whole(Option<Bytes>),
    Events(Events),
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut *self {
            Self::Whole(whole) => whole.take(),
            Self::Events(events) => ready!(events.poll_next(cx)),
        };
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => SizeHint::with_exact(whole.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

type Next<S> = Pin<Box<dyn Future<Output = Option<(Bytes, S)>> + Send>>;

/// Server-sent events, each asked for when the one before it was written: whoever is slow gets fewer.
pub(super) struct Events(Pin<Box<dyn PollNext>>);

trait PollNext: Send {
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>>;
}

/// A stream from a function that gives the next event and what the one after it is made of.
struct Unfold<S, F> {
    next: F,
    running: Option<Next<S>>,
}

impl Events {
    pub(super) fn new<S, F, N>(state: S, mut next: F) -> Self
    where
        S: Send + 'static,
        F: FnMut(S) -> N + Send + Unpin + 'static,
        N: Future<Output = Option<(Bytes, S)>> + Send + 'static,
    {
        let next = move |state| -> Next<S> { Box::pin(next(state)) };
        let mut events = Unfold { next, running: None };
        events.running = Some((events.next)(state));
        Self(Box::pin(events))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<S, F> PollNext for Unfold<S, F>
where
    S: Send + 'static,
    F: FnMut(S) -> Next<S> + Send + Unpin,
{
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(running) = &mut self.running else { return Poll::Ready(None) };
        let next = ready!(running.as_mut().poll(cx));
        self.running = None;
        Poll::Ready(next.map(|(event, state)| {
            self.running = Some((self.next)(state));
            event
        }))
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
