use std::{fs::File, io, path::Path, path::PathBuf};

use redb::{Builder, Database, DatabaseError};
use tempfile::NamedTempFile;

use super::{
    StoreError, TourStore,
    inspection::inspect,
    layout::{ABOUT, CURRENT, FORMAT, KNOWLEDGE},
};
use crate::tsplib::Instance;

/// A store that can be opened: one that is there, or one that is complete but for its name.
#[derive(Debug)]
pub struct Prepared {
    database: Database,
    /// The new file, until it has its name.
    new: Option<(NamedTempFile, PathBuf)>,
}

impl Prepared {
    /// Sees whether the file can be a store, for this instance and others, and opens it; without one it makes all but the name, in the same folder. A file that
    /// is refused is not written to.
    ///
    /// # Errors
    /// The file is something else, damaged, in use, or out of reach.
    pub fn at(path: &Path, instance: &Instance) -> Result<Self, StoreError> {
        if inspect(path, instance)?.is_some() {
            let opened = builder().open(path).and_then(|mut database| {
                database.check_integrity()?; // finds the free pages anew, if whoever had it was killed
                Ok(database)
            });
            return opened.map(|database| Self { database, new: None }).map_err(|error| match error {
                DatabaseError::DatabaseAlreadyOpen => StoreError::InUse,
                DatabaseError::Storage(redb::StorageError::Io(error)) => {
                    StoreError::Unreachable { what: "cannot be written", error }
                }
                error => StoreError::damaged(error),
            });
        }
        let file = tempfile::Builder::new().prefix(".stratoswarm-store-").tempfile_in(folder(path));
        let file = file.map_err(StoreError::unreachable("cannot be made"))?;
        let database = file
            .reopen()
            .map_err(|error| error.to_string())
            .and_then(|file| make(file).map_err(|error| error.to_string()));
        let database = database.map_err(|error| StoreError::Unreachable {
            what: "cannot be made",
            error: io::Error::other(error),
        })?;
        Ok(Self { database, new: Some((file, path.to_owned())) })
    }

    /// Opens it for an instance, under its name.
    ///
    /// # Errors
    /// Its name was taken meanwhile; it cannot be read any more.
    pub fn open(self, instance: &Instance) -> Result<TourStore, StoreError> {
        if let Some((file, path)) = self.new {
            file.persist_noclobber(&path).map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::InUse, // another run has made it meanwhile
                _ => StoreError::unreachable("cannot be made")(error.error),
            })?;
            #[cfg(unix)] // there a folder is written back like a file
            File::open(folder(&path))
                .and_then(|folder| folder.sync_all())
                .map_err(StoreError::unreachable("cannot be made"))?;
        }
        TourStore::read(self.database, instance)
    }
}

fn make(file: File) -> Result<Database, redb::Error> {
    let database = builder().create_file(file)?;
    let mut write = database.begin_write()?;
    write.set_two_phase_commit(true);
    write.open_table(ABOUT)?.insert(FORMAT, CURRENT)?;
    write.open_table(KNOWLEDGE)?;
    write.commit()?;
    Ok(database)
}

/// Of a few tours a small cache is enough.
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(16 << 20);
    builder
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
