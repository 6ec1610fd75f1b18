use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

use super::{AppendError, Log, LogError, LogFuture, LogReader, cursor::Cursor, store::Store};

/// A log in this process's memory: for development, for tests, and for a swarm that is one process.
///
/// It is one failure domain, and gone with the process. Clones are handles of the same log: give one to each node. Its times are those
/// of tokio's clock, so they stand where that is paused, and never fall.
///
/// # Examples
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use stratoswarm_consensus::{At, Machine};
/// # #[derive(Default, Serialize, Deserialize)] struct Counter(u64);
/// # impl Machine for Counter {
/// #     type Command = u64;
/// #     type Response = u64;
/// #     fn apply(&mut self, _at: At, add: &u64) -> u64 { self.0 += add; self.0 }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_consensus::{Consensus, Local};
///
/// let log = Local::new();
/// let one = Consensus::<Counter>::open(log.clone()).await?;
/// let two = Consensus::<Counter>::open(log).await?;
/// assert_eq!(one.propose(2).await?.response, 2);
/// assert_eq!(two.propose(3).await?.response, 5);
/// assert_eq!(one.read(|counter| counter.0).await?, 5);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Local {
    store: Arc<Mutex<Store>>,
    news: Arc<watch::Sender<()>>,
    began: Instant,
    epoch: Duration,
}

impl Local {
    /// An empty log.
    pub fn new() -> Self {
        let epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self {
            store: Arc::new(Mutex::new(Store::new())),
            news: Arc::new(watch::Sender::new(())),
            began: Instant::now(),
            epoch,
        }
    }

    /// Refuses entries while it has so many. The default is no limit.
    #[must_use]
    pub fn limit(self, entries: usize) -> Self {
        self.store.lock().set_limit(entries);
        self
    }

    /// How many entries it has.
    pub fn len(&self) -> u64 {
        let store = self.store.lock();
        store.next() - store.first()
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

impl Log for Local {
    fn append(&self, entry: Bytes) -> LogFuture<'_, Result<(), AppendError>> {
        Box::pin(async move {
            let stored = {
                let mut store = self.store.lock();
                store.append(self.epoch + self.began.elapsed(), entry)
            };
            self.news.send_replace(());
            stored
        })
    }

    fn reader(&self, from: u64) -> Box<dyn LogReader> {
        Box::new(Cursor::new(Arc::clone(&self.store), self.news.subscribe(), from))
    }

    fn purge(&self, below: u64) -> LogFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            self.store.lock().purge(below);
            Ok(())
        })
    }

    fn put_snapshot(&self, at: u64, bytes: Bytes) -> LogFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            self.store.lock().put_snapshot(at, bytes);
            Ok(())
        })
    }

    fn snapshot(&self, at_most: u64) -> LogFuture<'_, Result<Option<(u64, Bytes)>, LogError>> {
        Box::pin(async move { Ok(self.store.lock().snapshot(at_most)) })
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("entries", &self.len()).finish_non_exhaustive()
    }
}
