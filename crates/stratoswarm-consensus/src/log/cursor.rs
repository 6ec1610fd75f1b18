use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::{LogError, LogFuture, LogReader, Read, store::Store};

/// How many entries are handed out together.
const BATCH: u64 = 256;

/// A place in a store in memory.
pub(super) struct Cursor {
    store: Arc<Mutex<Store>>,
    news: watch::Receiver<()>,
    next: u64,
}

impl Cursor {
    pub(super) fn new(store: Arc<Mutex<Store>>, news: watch::Receiver<()>, next: u64) -> Self {
        Self { store, news, next: next.max(1) }
    }

    fn look(&mut self) -> Option<Read> {
        let store = self.store.lock();
        if self.next < store.first() {
            return Some(Read::Gap { first: store.first() });
        }
        let until = store.next().min(self.next + BATCH);
        let entries: Vec<_> = (self.next..until)
            .filter_map(|index| store.entry(index))
            .map(|(stored, _)| stored.clone())
            .collect();
        self.next += entries.len() as u64;
        (!entries.is_empty()).then_some(Read::Entries(entries))
    }
}

impl LogReader for Cursor {
    fn next(&mut self) -> LogFuture<'_, Result<Read, LogError>> {
        Box::pin(async move {
            loop {
                self.news.borrow_and_update();
                if let Some(found) = self.look() {
                    return Ok(found);
                }
                self.news.changed().await.map_err(|_| LogError::new("the log is gone"))?;
            }
        })
    }
}
