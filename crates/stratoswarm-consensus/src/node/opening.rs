use std::{fmt, future::IntoFuture, pin::Pin, time::Duration};

use tokio::time::Instant;

use super::{Consensus, Node, OpenError, ReadError, Stopped, options::Options};
use crate::{Log, Machine};

/// A node that is about to be opened: set its options, and await it. Made by [`Consensus::open`].
#[must_use = "a node is opened once this is awaited"]
pub struct Opening<M: Machine> {
    log: Box<dyn Log>,
    options: Options,
    machine: std::marker::PhantomData<fn() -> M>,
}

impl<M: Machine> Opening<M> {
    pub(super) fn new(log: Box<dyn Log>) -> Self {
        Self { log, options: Options::default(), machine: std::marker::PhantomData }
    }

    /// A snapshot is written every so many entries; 10,000 if not stated, 0 counts as 1. Nodes compare their states where two of them
    /// have one due, so let it be the same for all.
    pub fn snapshot_every(mut self, entries: u64) -> Self {
        self.options.snapshot_every = entries.max(1);
        self
    }

    /// How long proposals and reads wait that state no time of their own; 10 s if not stated.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.options.timeout = after;
        self
    }

    /// How long the opening may take; 60 s if not stated.
    pub fn open_timeout(mut self, after: Duration) -> Self {
        self.options.open_timeout = after;
        self
    }

    /// How many decided commands wait for a slow [subscriber](Consensus::subscribe) before applying waits for it, and how many stay for
    /// a late one; 1,024 if not stated, 0 counts as 1.
    pub fn retain(mut self, commands: usize) -> Self {
        self.options.retain = commands;
        self
    }

    #[cfg(test)]
    pub(crate) fn plant(mut self, fault: Option<crate::replica::Fault>) -> Self {
        self.options.plant.fault = fault;
        self
    }

    async fn open(self) -> Result<Consensus<M>, OpenError> {
        let deadline = Instant::now() + self.options.open_timeout;
        let node = Node::new(self.log, self.options).ok_or(Stopped::Closed)?;
        let consensus = Consensus::start(node);
        match consensus.node().wait_for_barrier(deadline).await {
            Ok(()) => Ok(consensus),
            Err(ReadError::TimedOut) => Err(OpenError::TimedOut { index: consensus.index() }),
            Err(ReadError::Stopped(why)) => Err(why.into()),
        }
    }
}

impl<M: Machine> IntoFuture for Opening<M> {
    type Output = Result<Consensus<M>, OpenError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

impl<M: Machine> fmt::Debug for Opening<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("options", &self.options).finish_non_exhaustive()
    }
}
