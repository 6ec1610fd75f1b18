use std::collections::BTreeMap;

use bytes::Bytes;
use stratoswarm_core::{
    Receiver,
    messages::{
        KnowledgeCall, KnowledgeEntry, KnowledgeFault, KnowledgeMatch, KnowledgeMessage, Matches, Query,
        Store, StoredVersion,
    },
};

use super::Meter;

/// Serves the `knowledge` channel: values in memory, together never larger than a limit.
#[derive(Debug)]
pub struct Knowledge {
    limit_bytes: u64,
    kept_bytes: u64,
    entries: BTreeMap<String, KnowledgeEntry>,
    meter: Meter,
}

impl Knowledge {
    /// A store for so many bytes of keys and values.
    pub fn new(limit_bytes: u64, meter: Meter) -> Self {
        Self { limit_bytes, kept_bytes: 0, entries: BTreeMap::new(), meter }
    }

    /// Serves until the channel is closed and drained.
    pub async fn serve(mut self, mut messages: Receiver<KnowledgeMessage>) {
        let meter = self.meter.clone();
        while let Some(delivery) = meter.of(messages.recv()).await {
            match KnowledgeCall::from(delivery) {
                KnowledgeCall::Store(store, reply) => {
                    let version = self.store(store);
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

    fn store(&mut self, store: Store) -> Result<StoredVersion, KnowledgeFault> {
        let size = |key: &str, value: &Bytes| (key.len() + value.len()) as u64;
        let before = self.entries.get(&store.key);
        let freed_bytes = before.map_or(0, |entry| size(&store.key, &entry.value));
        let needed_bytes = self.kept_bytes - freed_bytes + size(&store.key, &store.value);
        if needed_bytes > self.limit_bytes {
            return Err(KnowledgeFault::Full { needed_bytes, limit_bytes: self.limit_bytes });
        }
        let version = before.map_or(0, |entry| entry.version) + 1;
        self.kept_bytes = needed_bytes;
        self.entries.insert(store.key, KnowledgeEntry { value: store.value, version });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn store(knowledge: &mut Knowledge, key: &str, value: &'static [u8]) -> Result<u64, KnowledgeFault> {
        knowledge
            .store(Store { key: key.to_owned(), value: Bytes::from_static(value) })
            .map(|stored| stored.version)
    }

    #[test]
    fn versions_count_and_the_limit_holds() {
        let mut knowledge = Knowledge::new(10, Meter::new());
        assert_eq!(store(&mut knowledge, "a", b"1234"), Ok(1));
        assert_eq!(store(&mut knowledge, "a", b"123456789"), Ok(2));
        assert_eq!(
            store(&mut knowledge, "b", b""),
            Err(KnowledgeFault::Full { needed_bytes: 11, limit_bytes: 10 })
        );
        assert_eq!(store(&mut knowledge, "a", b""), Ok(3));
        assert_eq!(store(&mut knowledge, "b", b"12345678"), Ok(1));
    }

    #[test]
    fn matches_begin_alike_and_come_in_order() {
        let mut knowledge = Knowledge::new(1000, Meter::new());
        for key in ["best/2", "bes", "best/1", "bet", "best/3"] {
            store(&mut knowledge, key, b"x").unwrap();
        }
        let query = |limit| knowledge.query(&Query { prefix: "best/".to_owned(), limit });
        let keys = |matches: Matches| matches.matches.into_iter().map(|found| found.key).collect::<Vec<_>>();
        assert!(!query(3).truncated && query(2).truncated && query(0).truncated);
        assert_eq!(keys(query(3)), ["best/1", "best/2", "best/3"]);
        assert_eq!(keys(query(2)), ["best/1", "best/2"]);
    }
}
