use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use redb::{Builder, DatabaseError, StorageError};

use super::{StoreError, TourStore, layout, overlay::Overlay, silenced::silenced};
use crate::tsplib::Instance;

/// Whether a file is a store that is whole, and what it has of an instance are tours of it, without a change to it. None: there is
/// no such file.
pub(super) fn inspect(path: &Path, instance: &Instance) -> Result<Option<()>, StoreError> {
    let unreachable = StoreError::unreachable("cannot be read");
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreachable(error)),
    };
    if !metadata.is_file() {
        return Err(StoreError::Foreign("is no plain file".to_owned())); // nothing else is opened: it might wait
    }
    if metadata.len() == 0 {
        return Err(StoreError::Foreign("is empty".to_owned()));
    }
    let file = File::open(path).map_err(&unreachable)?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
            return Err(unreachable(error));
        }
        _ => {}
    }
    let overlay = Overlay::over(file).map_err(unreachable)?; // which keeps the lock
    let looked = silenced(|| look(overlay, instance));
    looked.unwrap_or_else(|| Err(StoreError::damaged("it ends early, or is not what it says"))).map(Some)
}

fn look(overlay: Overlay, instance: &Instance) -> Result<(), StoreError> {
    let mut database = Builder::new().create_with_backend(overlay).map_err(of_database)?;
    // Of what is committed in two phases nothing is ever half there: a wrong checksum is an error, never a step back to what was there
    // before. That it was not clean says that the process was killed, and which pages are free has to be found out anew.
    database.check_integrity().map_err(of_database)?;
    layout::check(&database)?;
    TourStore::read(database, instance).map(drop)
}

/// What it means that a database cannot be opened.
fn of_database(error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse,
        DatabaseError::UpgradeRequired(version) => {
            StoreError::Foreign(format!("is a database in its file format {version}, which is not read here"))
        }
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            StoreError::Foreign("is no database".to_owned())
        }
        error => StoreError::damaged(error),
    }
}
