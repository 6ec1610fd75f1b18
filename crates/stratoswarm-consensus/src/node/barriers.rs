use std::{sync::Arc, time::Duration};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};

use super::{Node, ReadError, Stopped};
use crate::{
    Machine,
    replica::{Body, Entry, Fault, encode},
};

/// How long until an entry is sent again of which nothing was heard, at first and at most.
pub(super) const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How long until an entry is sent again that the log has acknowledged, but this node not read.
pub(super) const UNREAD: Duration = Duration::from_secs(2);

/// How long the log may take to say anything about an entry.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// Moves the log of a node, and tells its time.
pub(super) trait Barriers: Send + Sync {
    /// How long until the log's time is past this one, as far as the node can tell.
    fn left(&self, time: u64) -> Duration;

    /// Wakes once the node has read an entry that is sent from now on.
    fn barrier(&self) -> oneshot::Receiver<()>;
}

impl<M: Machine> Barriers for Node<M> {
    fn left(&self, time: u64) -> Duration {
        Duration::from_nanos(time.saturating_sub(self.status.lock().now()))
    }

    fn barrier(&self) -> oneshot::Receiver<()> {
        let (waiter, read) = oneshot::channel();
        {
            let mut status = self.status.lock();
            if status.stopped.is_none() {
                status.reads.push(waiter);
            }
        }
        self.wanted.notify_one();
        read
    }
}

impl<M: Machine> Node<M> {
    /// Waits until this node has read all that was decided before the call.
    pub(super) async fn wait_for_barrier(&self, deadline: Instant) -> Result<(), ReadError> {
        if self.options.plant.is(Fault::ReadWithoutBarrier) && self.status.lock().strict {
            return Ok(());
        }
        match timeout_at(deadline, self.barrier()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.why_stopped().unwrap_or(Stopped::Closed).into()),
            Err(_) => Err(ReadError::TimedOut),
        }
    }
}

/// Sends barriers for the reads that wait: one for all that came before it was sent.
pub(super) async fn run<M: Machine>(node: Arc<Node<M>>) {
    loop {
        node.wanted.notified().await;
        while let Some(barrier) = Barrier::begin(&node) {
            barrier.send(&node).await;
        }
    }
}

/// A barrier on its way, and the reads that wait for it.
struct Barrier {
    number: u64,
    entry: bytes::Bytes,
    reads: Vec<oneshot::Sender<()>>,
    done: oneshot::Receiver<()>,
}

impl Barrier {
    /// For all reads that wait; none if none does.
    fn begin<M: Machine>(node: &Node<M>) -> Option<Self> {
        let mut status = node.status.lock();
        let mut reads = std::mem::take(&mut status.reads);
        reads.retain(|read| !read.is_closed());
        if reads.is_empty() {
            return None;
        }
        let number = status.next_barrier;
        status.next_barrier += 1;
        let seen = status.replica.seen();
        let body = Body::<&M::Command>::Barrier;
        let entry = Entry { session: node.session, serial: number, expires: u64::MAX, seen, body };
        // Numbers and hashes only: nothing in it can refuse to be encoded.
        let entry = encode(&entry).ok()?;
        let (waiter, done) = oneshot::channel();
        status.barriers.insert(number, waiter);
        Some(Self { number, entry, reads, done })
    }

    /// Until it was read, or nobody waits for it any more.
    async fn send<M: Machine>(mut self, node: &Node<M>) {
        let mut pause = RETRY.0;
        let is_read = loop {
            let append = timeout(SILENCE, node.log.append(self.entry.clone()));
            let acked = tokio::select! {
                biased;
                done = &mut self.done => break done.is_ok(),
                acked = append => matches!(acked, Ok(Ok(()))),
            };
            let wait = if acked { UNREAD } else { pause };
            match timeout(wait, &mut self.done).await {
                Ok(done) => break done.is_ok(),
                Err(_) => pause = (pause * 2).min(RETRY.1),
            }
            self.reads.retain(|read| !read.is_closed());
            if self.reads.is_empty() {
                break false;
            }
        };
        node.status.lock().barriers.remove(&self.number);
        if is_read {
            for read in self.reads {
                // Whoever has dropped its read does not want to know.
                let _ = read.send(());
            }
        }
    }
}
