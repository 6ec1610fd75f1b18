use std::{
    collections::VecDeque,
    mem,
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
    /// The caller's vector, which has what is left again at the end.
    batch: &'a mut Vec<M>,
    /// What is left meanwhile: of a queue the first go without a move of the others.
    rest: VecDeque<M>,
    turn: Turn,
    from: &'static Location<'static>,
}

impl<'a, M: Message> SendingMany<'a, M> {
    pub(super) fn new(
        shared: &'a Shared<M>,
        batch: &'a mut Vec<M>,
        from: &'static Location<'static>,
    ) -> Self {
        let rest = mem::take(batch).into();
        Self { shared, batch, rest, turn: Turn::new(), from }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let budget = ready!(poll_proceed(cx));
        let sent = ready!(self.poll_all(cx));
        budget.made_progress();
        Poll::Ready(sent)
    }

    fn poll_all(&mut self, cx: &Context<'_>) -> Poll<Result<(), Closed>> {
        if self.rest.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        let polled = loop {
            let count = if self.turn.is_new() && log.admit_many_fast(self.rest.len()) {
                self.rest.len()
            } else {
                let turn = self.turn.poll(
                    &mut log,
                    self.rest.len(),
                    WaitKind::SendMany,
                    self.from,
                    cx,
                    &mut effects,
                );
                match turn {
                    Poll::Ready(Ok(count)) => count,
                    Poll::Ready(Err(closed)) => break Poll::Ready(Err(closed)),
                    Poll::Pending => break Poll::Pending,
                }
            };
            log.push_many(&mut self.rest, count);
            log.after_push(count as u64, &mut effects);
            if self.rest.is_empty() {
                break Poll::Ready(Ok(()));
            }
        };
        self.shared.unlock_and_apply(log, effects);
        polled
    }
}

impl<M: Message> Drop for SendingMany<'_, M> {
    fn drop(&mut self) {
        self.turn.cancel(self.shared);
        *self.batch = mem::take(&mut self.rest).into();
    }
}
