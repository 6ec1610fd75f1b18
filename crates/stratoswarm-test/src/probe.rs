use std::{collections::VecDeque, fmt, panic::Location, time::Duration};

use stratoswarm_core::{Channel, Delivery, Message, Receiver};
use tokio::time::{Instant, timeout_at};

use crate::{Expect, Kit};

/// How many of the last messages are told at a failure.
const TOLD: usize = 20;

/// A member of a group with the test's hand on it. Made by [`Kit::probe`].
///
/// It takes messages only while the test waits for one, so senders are held up meanwhile as by a worker that is busy. What it
/// passed over is kept, requests unanswered: [`take_past`](Self::take_past).
pub struct Probe<M: Message> {
    pub(crate) kit: Kit,
    channel: Channel<M>,
    receiver: Receiver<M>,
    pub(crate) past: VecDeque<Delivery<M>>,
    seen: VecDeque<String>,
}

impl<M: Message + fmt::Debug> Probe<M> {
    pub(crate) fn new(kit: Kit, channel: Channel<M>, group: &str) -> Self {
        let receiver = channel.join(group);
        Self { kit, channel, receiver, past: VecDeque::new(), seen: VecDeque::new() }
    }

    /// The next message of which this is true, of those that are accepted after this call, within a second, if nothing else is
    /// [stated](Expect::within). Others are passed over and kept.
    #[track_caller]
    pub fn expect<F: FnMut(&M) -> bool>(&mut self, is_it: F) -> Expect<'_, M, F> {
        let from = self.channel.info().sent;
        Expect::new(self, is_it, from, Location::caller())
    }

    /// Nothing is accepted for so long after this call.
    ///
    /// # Panics
    /// Something was.
    #[track_caller]
    pub fn expect_none(&mut self, during: Duration) -> impl Future<Output = ()> + Send + use<'_, M> {
        let (from, at) = (self.channel.info().sent, Location::caller());
        let until = Instant::now() + during;
        async move {
            while let Some(seq) = self.pull(until).await {
                assert!(seq < from, "nothing was expected at {at}, and this came:\n{}", self.told());
            }
        }
    }

    /// Takes what was passed over, the oldest first, beside what waits for it now.
    pub fn take_past(&mut self) -> Vec<Delivery<M>> {
        while let Ok(delivery) = self.receiver.try_recv() {
            self.keep(delivery);
        }
        self.past.drain(..).collect()
    }

    /// The receiver itself, and what was passed over; for what a probe cannot say.
    pub fn into_parts(self) -> (Receiver<M>, Vec<Delivery<M>>) {
        (self.receiver, self.past.into())
    }

    /// Takes the next message into the past, until this time; its number.
    pub(crate) async fn pull(&mut self, until: Instant) -> Option<u64> {
        let delivery = timeout_at(until, self.receiver.recv()).await.ok()??;
        let seq = delivery.seq();
        self.keep(delivery);
        Some(seq)
    }

    fn keep(&mut self, delivery: Delivery<M>) {
        if self.seen.len() == TOLD {
            self.seen.pop_front();
        }
        self.seen.push_back(format!("{}: {:?}", delivery.seq(), *delivery));
        self.past.push_back(delivery);
    }

    /// What it saw last, and what does not move.
    pub(crate) fn told(&self) -> String {
        let mut text = format!("the last messages of `{}`:\n", self.channel.name());
        if self.seen.is_empty() {
            text.push_str("  none\n");
        }
        for seen in &self.seen {
            text.push_str(&format!("  {seen}\n"));
        }
        text.push_str(&self.kit.explain());
        text
    }
}

impl<M: Message> fmt::Debug for Probe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("channel", &self.channel.name()).finish_non_exhaustive()
    }
}
