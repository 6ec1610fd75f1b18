use redb::{Database, ReadableDatabase as _, TableDefinition, TableError, TableHandle as _};

use super::StoreError;

/// What the file says of itself: its format, by this name.
pub(super) const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("stratoswarm.store");

/// What the knowledge keeps: of an instance and a key, the version and the value.
pub(super) const KNOWLEDGE: TableDefinition<'_, (u64, &str), (u64, &[u8])> =
    TableDefinition::new("stratoswarm.knowledge");

/// The name under which the format stands.
pub(super) const FORMAT: &str = "format";

/// The format that is written.
pub(super) const CURRENT: u64 = 1;

/// Whether a database has the tables of a store, of the format that is read here.
pub(super) fn check(database: &Database) -> Result<(), StoreError> {
    let foreign = || StoreError::Foreign("is the database of another program".to_owned());
    let of_table = |error: TableError| match error {
        TableError::Storage(error) => StoreError::damaged(error),
        _ => foreign(),
    };
    let read = database.begin_read().map_err(StoreError::damaged)?;
    let mut tables: Vec<String> =
        read.list_tables().map_err(StoreError::damaged)?.map(|table| table.name().to_owned()).collect();
    tables.sort();
    let about = read.open_table(ABOUT).map_err(of_table)?;
    let format = about.get(FORMAT).map_err(StoreError::damaged)?.ok_or_else(foreign)?.value();
    if format != CURRENT {
        return Err(StoreError::OtherFormat { found: format, accepted: CURRENT });
    }
    if tables != [KNOWLEDGE.name(), ABOUT.name()] {
        return Err(foreign());
    }
    read.open_table(KNOWLEDGE).map(drop).map_err(of_table)
}
