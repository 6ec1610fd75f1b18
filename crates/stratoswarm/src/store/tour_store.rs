use std::fmt;

use bytes::Bytes;
use redb::{Database, ReadableDatabase as _};
use stratoswarm_core::messages::KnowledgeEntry;

use super::{StoreError, fingerprint::fingerprint, layout::KNOWLEDGE};
use crate::{
    swarm::{BEST, Shelf},
    tour::{Tour, TourBatch},
    tsplib::Instance,
};

/// What the knowledge of an instance is kept in from run to run.
pub struct TourStore {
    database: Database,
    instance: u64,
    /// What was there when it was opened.
    found: Vec<(String, KnowledgeEntry)>,
}

impl TourStore {
    /// Reads what there is of an instance.
    pub(super) fn read(database: Database, instance: &Instance) -> Result<Self, StoreError> {
        let number = fingerprint(instance);
        let found = entries(&database, number).map_err(StoreError::damaged)?;
        for (key, entry) in found.iter().filter(|(key, _)| key.starts_with(BEST)) {
            let batch = TourBatch::decode(entry.value.clone(), instance.cities());
            let tours = batch.map_err(|error| format!("{key:?}: {error}")).and_then(|batch| {
                let tours = batch.into_tours().into_iter().map(|order| Tour::new(order, instance.cities()));
                tours.collect::<Result<Vec<_>, _>>().map_err(|error| format!("{key:?}: {error}"))
            });
            tours.map_err(StoreError::damaged)?;
        }
        Ok(Self { database, instance: number, found })
    }

    fn write(&self, key: &str, entry: &KnowledgeEntry) -> Result<(), redb::Error> {
        let mut write = self.database.begin_write()?;
        write.set_two_phase_commit(true); // what is half written is never taken for whole
        write.open_table(KNOWLEDGE)?.insert((self.instance, key), (entry.version, &*entry.value))?;
        write.commit()?; // on the disk, not only on its way
        Ok(())
    }
}

fn entries(database: &Database, instance: u64) -> Result<Vec<(String, KnowledgeEntry)>, redb::Error> {
    let table = database.begin_read()?.open_table(KNOWLEDGE)?;
    let mut found = Vec::new();
    for entry in table.range((instance, "")..)? {
        let (key, value) = entry?;
        let ((of, key), (version, value)) = (key.value(), value.value());
        if of != instance {
            break;
        }
        let entry = KnowledgeEntry { value: Bytes::copy_from_slice(value), version };
        found.push((key.to_owned(), entry));
    }
    Ok(found)
}

impl Shelf for TourStore {
    fn found(&self) -> Vec<(String, KnowledgeEntry)> {
        self.found.clone()
    }

    fn put(&self, key: &str, entry: &KnowledgeEntry) -> Result<(), String> {
        self.write(key, entry).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for TourStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TourStore").field("found", &self.found.len()).finish_non_exhaustive()
    }
}
