use std::{
    panic::Location,
    task::{Context, Poll, ready},
};

use super::turn::Turn;
use crate::{
    engine::Effects, error::Closed, handle::Shared, message::Message, stats::WaitKind, sync::poll_proceed,
};

/// A `send_many` under way.
pub(super) struct SendingMany<'a, M: Message> {
    shared: &'a Shared<M>,
    turn: Turn,
    from: &'static Location<'static>,
}

impl<'a, M: Message> SendingMany<'a, M> {
    pub(super) fn new(shared: &'a Shared<M>, from: &'static Location<'static>) -> Self {
        Self { shared, turn: Turn::new(), from }
    }

    pub(super) fn poll(&mut self, batch: &mut Vec<M>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let budget = ready!(poll_proceed(cx));
        let sent = ready!(self.poll_all(batch, cx));
        budget.made_progress();
        Poll::Ready(sent)
    }

    fn poll_all(&mut self, batch: &mut Vec<M>, cx: &Context<'_>) -> Poll<Result<(), Closed>> {
        if batch.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let polled = loop {
            let count = if self.turn.is_new() && log.admit_many_fast(batch.len()) {
                batch.len()
            } else {
                let turn =
                    self.turn.poll(&mut log, batch.len(), WaitKind::SendMany, self.from, cx, &mut effects);
                match turn {
                    Poll::Ready(Ok(count)) => count,
                    Poll::Ready(Err(closed)) => break Poll::Ready(Err(closed)),
                    Poll::Pending => break Poll::Pending,
                }
            };
            log.push_many(batch, count);
            log.after_push(count as u64, &mut effects);
            if batch.is_empty() {
                break Poll::Ready(Ok(()));
            }
        };
        self.shared.settle(log, effects);
        polled
    }
}

impl<M: Message> Drop for SendingMany<'_, M> {
    fn drop(&mut self) {
        self.turn.cancel(self.shared);
    }
}
