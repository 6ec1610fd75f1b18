//! `run --store`.

use std::{path::Path, sync::Arc};

use super::{Failure, RunOptions, input::is_instance};
use crate::{store::Prepared, swarm::Shelf, tsplib::Instance};

/// A store that can be opened, if one was asked for.
pub(super) struct Stored<'a>(Option<(Prepared, &'a Path)>);

impl<'a> Stored<'a> {
    /// Looks at the file. Nothing is made under its name yet.
    pub(super) fn prepare(options: &'a RunOptions, instance: &Instance) -> Result<Self, Failure> {
        let Some(path) = options.store.as_deref() else { return Ok(Self(None)) };
        let others = [("--tour-out", &options.tour_out), ("--record", &options.record)];
        for (option, other) in others {
            if other.as_deref().is_some_and(|other| is_same(path, other)) {
                let why = format!("{option} is the file of --store; accepted: a file of another name");
                return Err(Failure::refused_file(path, why));
            }
        }
        let prepared = Prepared::at(path, instance).map_err(|error| Failure::refused_file(path, error))?;
        Ok(Self(Some((prepared, path))))
    }

    /// Opens it.
    pub(super) fn open(self, instance: &Instance) -> Result<Option<Arc<dyn Shelf>>, Failure> {
        let Some((prepared, path)) = self.0 else { return Ok(None) };
        let store = prepared.open(instance).map_err(|error| Failure::refused_file(path, error))?;
        Ok(Some(Arc::new(store)))
    }
}

/// Whether two paths are of one file, or would be if it were made.
fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some((folder.canonicalize().ok()?, path.file_name()?.to_owned()))
    };
    is_instance(one, other) || place(one).is_some_and(|one| Some(one) == place(other))
}
