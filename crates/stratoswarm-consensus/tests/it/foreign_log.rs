//! A log of somebody else's: what the trait asks for is enough, and what it may answer is dealt with.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use stratoswarm_consensus::{
    AppendError, Consensus, Local, Log, LogError, LogFuture, LogReader, ProposeError, Read,
};

use crate::fixtures::{Ledger, grant};

/// Small entries only, and readers that fail after every third answer.
#[derive(Clone, Default)]
struct Fragile {
    log: Local,
    failed: Arc<AtomicU32>,
}

struct FragileReader {
    reader: Box<dyn LogReader>,
    answers: u32,
    failed: Arc<AtomicU32>,
}

impl Log for Fragile {
    fn append(&self, entry: Bytes) -> LogFuture<'_, Result<(), AppendError>> {
        Box::pin(async move {
            if entry.len() > 200 {
                return Err(AppendError::TooLarge { bytes: entry.len(), limit: 200 });
            }
            self.log.append(entry).await
        })
    }

    fn reader(&self, from: u64) -> Box<dyn LogReader> {
        Box::new(FragileReader {
            reader: self.log.reader(from),
            answers: 0,
            failed: Arc::clone(&self.failed),
        })
    }

    fn purge(&self, below: u64) -> LogFuture<'_, Result<(), LogError>> {
        self.log.purge(below)
    }

    fn put_snapshot(&self, _at: u64, _bytes: Bytes) -> LogFuture<'_, Result<(), LogError>> {
        Box::pin(async { Err(LogError::new("no room for snapshots")) })
    }

    fn snapshot(&self, at_most: u64) -> LogFuture<'_, Result<Option<(u64, Bytes)>, LogError>> {
        self.log.snapshot(at_most)
    }
}

impl LogReader for FragileReader {
    fn next(&mut self) -> LogFuture<'_, Result<Read, LogError>> {
        Box::pin(async move {
            self.answers += 1;
            if self.answers.is_multiple_of(4) {
                self.failed.fetch_add(1, Ordering::Relaxed);
                return Err(LogError::new("the connection is gone"));
            }
            self.reader.next().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn readers_that_fail_are_made_anew_and_miss_nothing() {
    let log = Fragile::default();
    let one = Consensus::<Ledger>::open(log.clone()).snapshot_every(4).await.unwrap();
    let two = Consensus::<Ledger>::open(log.clone()).snapshot_every(4).await.unwrap();
    for number in 1..=20 {
        assert_eq!(one.propose(grant(1, 1)).await.unwrap().response, number);
    }
    assert_eq!(two.read(|ledger| ledger.grants).await.unwrap(), 20);
    assert!(log.failed.load(Ordering::Relaxed) > 5);
}

/// A ledger whose grants have names.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Names(Vec<String>);

impl stratoswarm_consensus::Machine for Names {
    type Command = String;
    type Response = ();

    fn apply(&mut self, _at: stratoswarm_consensus::At, name: &String) {
        self.0.push(name.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_the_log_does_not_take_is_refused_at_once() {
    let node = Consensus::<Names>::open(Fragile::default()).await.unwrap();
    let refused = node.propose("x".repeat(300)).await;
    assert!(matches!(refused, Err(ProposeError::TooLarge { limit: 200, .. })), "{refused:?}");
    node.propose("short".into()).await.unwrap();
    assert_eq!(node.read(|names| names.0.clone()).await.unwrap(), ["short"]);
}
