use std::task::{Context, Poll, Waker};

use super::Reader;

/// A source of a mux: a reader, and what is made of its items.
pub(super) struct MuxSource<E> {
    reader: Box<dyn Events<E> + Send>,
    pub(super) rank: usize,
    /// Whether it may have something: it is among those to look at.
    pub(super) ready: bool,
    waker: Waker,
}

impl<E> MuxSource<E> {
    pub(super) fn new<R: Reader + Send + 'static>(
        reader: R,
        rank: usize,
        event: impl FnMut(R::Item) -> E + Send + 'static,
        waker: Waker,
    ) -> Self {
        Self { reader: Box::new(Mapped { reader, event }), rank, ready: true, waker }
    }

    /// The next event. Pending, its waker is registered in a way that costs no other member its wake.
    #[inline]
    pub(super) fn poll(&mut self) -> Poll<Option<E>> {
        self.reader.poll(&mut Context::from_waker(&self.waker))
    }
}

trait Events<E> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<E>>;
}

struct Mapped<R, F> {
    reader: R,
    event: F,
}

impl<E, R: Reader, F: FnMut(R::Item) -> E> Events<E> for Mapped<R, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<E>> {
        // Not firm: this wait stays when the task goes on with another source, and may never be looked at again.
        self.reader.poll_read(cx, false).map(|item| item.map(&mut self.event))
    }
}
