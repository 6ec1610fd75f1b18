use std::{fmt, sync::Arc};

use stratoswarm_core::{JoinError, LossySubscriber, Start, Subscriber};
use tokio::task::AbortHandle;

use super::{Decided, Event, Node, Opening, Proposing, Reading, Stopped, applying, barriers};
use crate::{Leases, Log, Machine};

/// A node: it has the state that the log leads to, proposes commands, and reads.
///
/// Clones are handles of the same node. With its last handle it stops, and what it had proposed is decided without it.
///
/// It needs a tokio runtime with its clock: two tasks live there, one that applies and one that sends barriers.
///
/// # Order
/// Proposals of one node that wait at the same time may be decided in any order. One that is made after another was committed comes
/// after it.
///
/// # Examples
/// See the [crate](crate#example).
pub struct Consensus<M: Machine> {
    life: Arc<Life<M>>,
}

/// Ends the node's tasks with its last handle.
struct Life<M: Machine> {
    node: Arc<Node<M>>,
    tasks: [AbortHandle; 2],
}

impl<M: Machine> Consensus<M> {
    /// Opens a node on a log: it continues from the newest snapshot that can be read, and is ready once it has applied all that was
    /// in the log when it was opened.
    ///
    /// # Errors
    /// When awaited: [`OpenError::TimedOut`](crate::OpenError) if it is not there in time, or why it stopped on its way.
    ///
    /// # Cancel safety
    /// Dropped, the node is gone.
    pub fn open(log: impl Log) -> Opening<M> {
        Opening::new(Box::new(log))
    }

    pub(super) fn start(node: Arc<Node<M>>) -> Self {
        let apply = tokio::spawn(applying::run(Arc::clone(&node))).abort_handle();
        let barriers = tokio::spawn(barriers::run(Arc::clone(&node))).abort_handle();
        Self { life: Arc::new(Life { node, tasks: [apply, barriers] }) }
    }

    pub(crate) fn node(&self) -> &Arc<Node<M>> {
        &self.life.node
    }

    /// Proposes a command: await it for what became of it.
    ///
    /// # Errors
    /// When awaited, see [`ProposeError`](crate::ProposeError).
    ///
    /// # Cancel safety
    /// Dropped before it was awaited, nothing was proposed; later, it may be committed or not, once.
    pub fn propose(&self, command: M::Command) -> Proposing<'_, M> {
        Proposing::new(self, command)
    }

    /// Reads the state, with all that was decided before the call: it waits for a barrier, an entry of the log that all reads share
    /// which wait when it is sent.
    ///
    /// The state is locked while `look` runs: the node applies nothing meanwhile, and a call of the node from there would wait for ever.
    ///
    /// # Errors
    /// When awaited, see [`ReadError`](crate::ReadError).
    ///
    /// # Cancel safety
    /// Dropped, nothing was read.
    pub fn read<R, F: FnOnce(&M) -> R + Send>(&self, look: F) -> Reading<'_, M, F> {
        Reading::new(self, look)
    }

    /// Reads the state as it is here, and how far it goes: all entries up to this index. It may be behind.
    ///
    /// # Errors
    /// A node that has stopped answers nothing.
    pub fn read_local<R>(&self, look: impl FnOnce(&M) -> R) -> Result<(R, u64), Stopped> {
        let status = self.node().status.lock();
        match &status.stopped {
            Some(why) => Err(why.clone()),
            None => Ok((look(status.replica.machine()), status.replica.index())),
        }
    }

    /// Every command that is decided from here on, or the last ones too, in the log's order, as messages.
    ///
    /// The node waits for a subscriber that is [`retain`](Opening::retain) commands behind: it applies nothing meanwhile, and its reads
    /// and proposals end by their deadlines. Other nodes go on. Where a node continues from a snapshot, commands before are not told.
    ///
    /// # Errors
    /// See [`JoinError`]: the start is not retained.
    pub fn subscribe(&self, start: Start) -> Result<Subscriber<Decided<M::Command>>, JoinError> {
        self.node().decided.subscriber().start(start).open()
    }

    /// What the node has to tell beside decided commands, from here on. A reader that is behind misses the oldest, and is told how many.
    pub fn events(&self) -> LossySubscriber<Event> {
        self.node().events.subscribe()
    }

    /// The leases of this log.
    pub fn leases(&self) -> Leases<M> {
        Leases::new(self.clone())
    }

    /// The index up to which this node has applied the log.
    pub fn index(&self) -> u64 {
        self.node().status.lock().replica.index()
    }

    /// Waits until the node has stopped, and says why.
    ///
    /// # Cancel safety
    /// Can be dropped at any time.
    pub async fn stopped(&self) -> Stopped {
        let mut stopped = self.node().stopped.subscribe();
        let why = stopped.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        why.unwrap_or(Stopped::Closed)
    }

    /// Stops the node, with all its handles. What it had proposed is decided without it.
    pub fn close(&self) {
        self.life.end();
    }

    #[cfg(test)]
    pub(crate) fn state(&self) -> (u64, Vec<u8>) {
        let status = self.node().status.lock();
        (status.replica.index(), status.replica.to_snapshot().unwrap())
    }
}

impl<M: Machine> Life<M> {
    fn end(&self) {
        for task in &self.tasks {
            task.abort();
        }
        self.node.stop(&Stopped::Closed);
    }
}

impl<M: Machine> Drop for Life<M> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<M: Machine> Clone for Consensus<M> {
    fn clone(&self) -> Self {
        Self { life: Arc::clone(&self.life) }
    }
}

impl<M: Machine> fmt::Debug for Consensus<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consensus").field("index", &self.index()).finish_non_exhaustive()
    }
}
