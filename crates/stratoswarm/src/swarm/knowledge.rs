use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use stratoswarm_core::{
    Receiver,
    messages::{
        KnowledgeCall, KnowledgeEntry, KnowledgeFault, KnowledgeMatch, KnowledgeMessage, Matches, Query,
        Store, StoredVersion,
    },
};

use super::{Meter, Shelf};

/// Serves the `knowledge` channel: values in memory, together never larger than a limit; with a [`Shelf`] each is kept there, too,
/// before it is acknowledged.
#[derive(Debug)]
pub struct Knowledge {
    limit_bytes: u64,
    kept_bytes: u64,
    entries: BTreeMap<String, KnowledgeEntry>,
    meter: Meter,
    shelf: Option<Arc<dyn Shelf>>,
}

impl Knowledge {
    /// A store for so many bytes of keys and values.
    pub fn new(limit_bytes: u64, meter: Meter) -> Self {
        Self { limit_bytes, kept_bytes: 0, entries: BTreeMap::new(), meter, shelf: None }
    }

    /// It begins with what is on the shelf, and what it stores is kept there.
    #[must_use]
    pub fn on(mut self, shelf: Arc<dyn Shelf>) -> Self {
        self.entries = shelf.found().into_iter().collect();
        self.kept_bytes = self.entries.iter().map(|(key, entry)| size(key, &entry.value)).sum();
        self.shelf = Some(shelf);
        self
    }

    /// Serves until the channel is closed and drained.
    pub async fn serve(mut self, mut messages: Receiver<KnowledgeMessage>) {
        let meter = self.meter.clone();
        while let Some(delivery) = meter.of(messages.recv()).await {
            match KnowledgeCall::from(delivery) {
                KnowledgeCall::Store(store, reply) => {
                    let version = self.store(store).await;
                    meter.of_call(|| reply.send(version));
                }
                KnowledgeCall::Retrieve(retrieve, reply) => {
                    let entry = self.entries.get(&retrieve.key).cloned();
                    meter.of_call(|| reply.send(Ok(entry)));
                }
                KnowledgeCall::Query(query, reply) => {
                    let matches = self.query(&query);
                    meter.of_call(|| reply.send(Ok(matches)));
                }
            }
        }
    }

    async fn store(&mut self, store: Store) -> Result<StoredVersion, KnowledgeFault> {
        let before = self.entries.get(&store.key);
        let freed_bytes = before.map_or(0, |entry| size(&store.key, &entry.value));
        let needed_bytes = self.kept_bytes.saturating_sub(freed_bytes) + size(&store.key, &store.value);
        if needed_bytes > self.limit_bytes {
            return Err(KnowledgeFault::Full { needed_bytes, limit_bytes: self.limit_bytes });
        }
        let version = before.map_or(0, |entry| entry.version) + 1;
        let entry = KnowledgeEntry { value: store.value, version };
        if let Some(shelf) = &self.shelf {
            put(Arc::clone(shelf), store.key.clone(), entry.clone()).await?;
        }
        self.kept_bytes = needed_bytes;
        self.entries.insert(store.key, entry);
        Ok(StoredVersion { version })
    }

    fn query(&self, query: &Query) -> Matches {
        let mut found = self
            .entries
            .range(query.prefix.clone()..)
            .take_while(|(key, _)| key.starts_with(&query.prefix))
            .map(|(key, entry)| KnowledgeMatch { key: key.clone(), entry: entry.clone() });
        let matches = found.by_ref().take(query.limit as usize).collect();
        Matches { matches, truncated: found.next().is_some() }
    }
}

/// Keeps an entry, on a thread that may block.
async fn put(shelf: Arc<dyn Shelf>, key: String, entry: KnowledgeEntry) -> Result<(), KnowledgeFault> {
    let put = tokio::task::spawn_blocking(move || shelf.put(&key, &entry)).await;
    let put = put.unwrap_or_else(|_| Err("it panicked".to_owned()));
    put.map_err(|reason| KnowledgeFault::Storage { reason })
}

fn size(key: &str, value: &Bytes) -> u64 {
    (key.len() + value.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store(
        knowledge: &mut Knowledge,
        key: &str,
        value: &'static [u8],
    ) -> Result<u64, KnowledgeFault> {
        knowledge
            .store(Store { key: key.to_owned(), value: Bytes::from_static(value) })
            .await
            .map(|stored| stored.version)
    }

    #[tokio::test]
    async fn versions_count_and_the_limit_holds() {
        let mut knowledge = Knowledge::new(10, Meter::new());
        assert_eq!(store(&mut knowledge, "a", b"1234").await, Ok(1));
        assert_eq!(store(&mut knowledge, "a", b"123456789").await, Ok(2));
        assert_eq!(
            store(&mut knowledge, "b", b"").await,
            Err(KnowledgeFault::Full { needed_bytes: 11, limit_bytes: 10 })
        );
        assert_eq!(store(&mut knowledge, "a", b"").await, Ok(3));
        assert_eq!(store(&mut knowledge, "b", b"12345678").await, Ok(1));
    }

    #[tokio::test]
    async fn matches_begin_alike_and_come_in_order() {
        let mut knowledge = Knowledge::new(1000, Meter::new());
        for key in ["best/2", "bes", "best/1", "bet", "best/3"] {
            store(&mut knowledge, key, b"x").await.unwrap();
        }
        let query = |limit| knowledge.query(&Query { prefix: "best/".to_owned(), limit });
        let keys = |matches: Matches| matches.matches.into_iter().map(|found| found.key).collect::<Vec<_>>();
        assert!(!query(3).truncated && query(2).truncated && query(0).truncated);
        assert_eq!(keys(query(3)), ["best/1", "best/2", "best/3"]);
        assert_eq!(keys(query(2)), ["best/1", "best/2"]);
    }

    #[derive(Debug, Default)]
    struct Listed(std::sync::Mutex<Vec<(String, u64)>>);

    impl Shelf for Listed {
        fn found(&self) -> Vec<(String, KnowledgeEntry)> {
            vec![("best/0".to_owned(), KnowledgeEntry { value: Bytes::from_static(b"old"), version: 7 })]
        }

        fn put(&self, key: &str, entry: &KnowledgeEntry) -> Result<(), String> {
            if key == "broken" {
                return Err("disk full".to_owned());
            }
            self.0.lock().unwrap().push((key.to_owned(), entry.version));
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_is_acknowledged_is_on_the_shelf() {
        let shelf = Arc::new(Listed::default());
        let mut knowledge = Knowledge::new(100, Meter::new()).on(Arc::<Listed>::clone(&shelf));
        assert_eq!(knowledge.kept_bytes, 9);
        assert_eq!(store(&mut knowledge, "best/0", b"new").await, Ok(8), "versions go on");
        assert_eq!(store(&mut knowledge, "best/1", b"x").await, Ok(1));
        let failed = KnowledgeFault::Storage { reason: "disk full".to_owned() };
        assert_eq!(store(&mut knowledge, "broken", b"x").await, Err(failed));
        assert!(!knowledge.entries.contains_key("broken"), "what is not kept is not known");
        assert_eq!(*shelf.0.lock().unwrap(), [("best/0".to_owned(), 8), ("best/1".to_owned(), 1)]);
    }
}
