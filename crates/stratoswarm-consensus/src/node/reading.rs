use std::{fmt, future::IntoFuture, pin::Pin, time::Duration};

use tokio::time::Instant;

use super::{Consensus, ReadError};
use crate::Machine;

/// A look at the state that waits for a barrier: await it. Made by [`Consensus::read`].
#[must_use = "the state is read once this is awaited"]
pub struct Reading<'a, M: Machine, F> {
    consensus: &'a Consensus<M>,
    look: F,
    timeout: Duration,
}

impl<'a, M: Machine, F> Reading<'a, M, F> {
    pub(super) fn new(consensus: &'a Consensus<M>, look: F) -> Self {
        Self { consensus, look, timeout: consensus.node().options.timeout }
    }

    /// How long it may take.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = after;
        self
    }
}

impl<'a, M: Machine, R, F: FnOnce(&M) -> R + Send + 'a> IntoFuture for Reading<'a, M, F> {
    type Output = Result<R, ReadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.consensus.node().wait_for_barrier(Instant::now() + self.timeout).await?;
            Ok(self.consensus.read_local(self.look)?.0)
        })
    }
}

impl<M: Machine, F> fmt::Debug for Reading<'_, M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
