use std::{fmt, future::IntoFuture, panic::Location, pin::Pin, time::Duration};

use stratoswarm_core::{Delivery, Message};
use tokio::time::Instant;

use crate::Probe;

/// A message that is to come. Made by [`Probe::expect`]; awaited.
///
/// # Panics
/// When awaited: none came in time. It tells what came instead, and what does not move.
#[must_use = "it waits when it is awaited"]
pub struct Expect<'a, M: Message, F> {
    probe: &'a mut Probe<M>,
    is_it: F,
    /// Messages of lower numbers were there before.
    from: u64,
    within: Duration,
    at: &'static Location<'static>,
}

impl<'a, M: Message, F> Expect<'a, M, F> {
    pub(crate) fn new(probe: &'a mut Probe<M>, is_it: F, from: u64, at: &'static Location<'static>) -> Self {
        Self { probe, is_it, from, within: Duration::from_secs(1), at }
    }

    /// So long it may take, of the test's clock; a second if nothing is stated.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// One that was accepted before the call is as good.
    pub fn including_past(mut self) -> Self {
        self.from = 0;
        self
    }
}

impl<'a, M: Message + fmt::Debug, F: FnMut(&M) -> bool + Send + 'a> Expect<'a, M, F> {
    async fn wait(self) -> Delivery<M> {
        let Self { probe, mut is_it, from, within, at } = self;
        let until = Instant::now() + within;
        let mut looked_at = 0;
        loop {
            while let Some(delivery) = probe.past.get(looked_at) {
                if delivery.seq() >= from && is_it(delivery) {
                    break;
                }
                looked_at += 1;
            }
            if let Some(delivery) = probe.past.remove(looked_at) {
                return delivery;
            }
            let came = probe.pull(until).await.is_some();
            assert!(came, "what was expected at {at} has not come within {within:?}\n{}", probe.told());
        }
    }
}

impl<'a, M: Message + fmt::Debug, F: FnMut(&M) -> bool + Send + 'a> IntoFuture for Expect<'a, M, F> {
    type Output = Delivery<M>;
    type IntoFuture = Pin<Box<dyn Future<Output = Delivery<M>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.wait())
    }
}

impl<M: Message, F> fmt::Debug for Expect<'_, M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expect").field("at", &self.at).finish_non_exhaustive()
    }
}
