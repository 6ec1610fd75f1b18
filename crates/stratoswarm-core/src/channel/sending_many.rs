use std::{
    collections::VecDeque,
    mem,
    panic::Location,
    task::{Context, Poll, ready},
};

use super::{
    Channel,
    turn::{By, Turn},
};
use crate::{
    chaos::Moment,
    engine::{Effects, Log},
    error::Closed,
    handle::Shared,
    message::Message,
    stats::WaitKind,
    sync::{MutexGuard, poll_proceed},
};

/// To move so many times as many messages as are sent costs less than to send each of them from a queue.
const SMALL: usize = 16;

/// A `send_many` under way.
pub(super) struct SendingMany<'a, M: Message> {
    shared: &'a Shared<M>,
    by: By,
    /// The caller's vector, which has what is left again at the end.
    batch: &'a mut Vec<M>,
    /// What is left, once the batch goes out in pieces that are small beside it: of a queue the first go without a move of the
    /// others. None before; then the vector is empty.
    rest: Option<VecDeque<M>>,
    turn: Turn,
    /// Whose messages they are, on a traced channel.
    sender: u32,
}

impl<'a, M: Message> SendingMany<'a, M> {
    pub(super) fn new(
        channel: &'a Channel<M>,
        batch: &'a mut Vec<M>,
        from: &'static Location<'static>,
    ) -> Self {
        let by = By { handle: channel.address(), at: from };
        let sender = channel.sender();
        Self { shared: channel.shared(), by, batch, rest: None, turn: Turn::new(), sender }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let budget = ready!(poll_proceed(cx));
        ready!(self.turn.hold(self.shared, Moment::Send, cx));
        let sent = ready!(self.poll_all(cx));
        budget.made_progress();
        Poll::Ready(sent)
    }

    fn poll_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let mut left = self.batch.len() + self.rest.as_ref().map_or(0, VecDeque::len);
        if left == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut effects = Effects::new();
        let mut log = self.shared.log.lock();
        if log.has_lanes() {
            return self.poll_in_lanes(log, cx);
        }
        let polled = loop {
            let count = if self.turn.is_new() && log.admit_many_fast(left) {
                left
            } else {
                match self.turn.poll(&mut log, left, WaitKind::SendMany, self.by, cx, &mut effects) {
                    Poll::Ready(Ok(count)) => count,
                    Poll::Ready(Err(closed)) => break Poll::Ready(Err(closed)),
                    Poll::Pending => break Poll::Pending,
                }
            };
            self.push(&mut log, count);
            log.after_push(count as u64, &mut effects);
            left -= count;
            if left == 0 {
                break Poll::Ready(Ok(()));
            }
        };
        self.shared.unlock_and_apply(log, effects);
        if polled.is_pending() {
            self.turn.arm(cx);
        }
        polled
    }

    /// One after the other, each into its lane, up to the first whose lane is full.
    fn poll_in_lanes(
        &mut self,
        mut log: MutexGuard<'a, Log<M>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        let mut effects = Effects::new();
        let rest = self.rest.get_or_insert_with(|| mem::take(self.batch).into());
        let mut pushed = 0;
        let polled = loop {
            let Some(message) = rest.front() else { break Poll::Ready(Ok(())) };
            let lane = self.turn.find_lane(&log, || message.priority());
            let (shared, kind, by) = (self.shared, WaitKind::SendMany, self.by);
            let paid = match self.turn.poll_paid(shared, &mut log, message, None, kind, by, cx, &mut effects)
            {
                Poll::Ready(Ok(paid)) => paid,
                Poll::Ready(Err(closed)) => break Poll::Ready(Err(closed)),
                Poll::Pending => break Poll::Pending,
            };
            if let Some(message) = rest.pop_front() {
                let beside = paid.beside(&mut log, self.shared.expiry());
                log.push_in(lane, message, beside, self.sender, &mut effects);
                pushed += 1;
            }
        };
        if pushed > 0 {
            log.after_push(pushed, &mut effects);
        }
        self.shared.unlock_and_apply(log, effects);
        if polled.is_pending() {
            self.turn.arm(cx);
        }
        polled
    }

    #[inline]
    fn push(&mut self, log: &mut Log<M>, count: usize) {
        if self.rest.is_none() && self.batch.len() <= SMALL.saturating_mul(count) {
            log.push_many(self.batch, count);
            return;
        }
        let rest = self.rest.get_or_insert_with(|| mem::take(self.batch).into());
        log.push_many_of(rest, count);
    }
}

impl<M: Message> Drop for SendingMany<'_, M> {
    fn drop(&mut self) {
        self.turn.cancel(self.shared);
        if let Some(rest) = self.rest.take() {
            *self.batch = rest.into();
        }
    }
}
