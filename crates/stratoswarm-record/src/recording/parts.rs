use std::{
    collections::VecDeque,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::StartError;
use crate::{
    draft::draft,
    mcap::{PartFile, PartWriter, Preamble},
    part_paths::around_number,
};

/// A file that has no name yet, and what gives it one, unless another file has it.
pub(super) type Draft = (Box<dyn PartFile>, Box<dyn FnOnce() -> io::Result<()> + Send>);

/// Where files are made.
pub(super) type Disk = Box<dyn FnMut(&Path) -> io::Result<Draft> + Send>;

/// The file system: files for their owner alone, locked as long as they are written.
pub(super) fn file_system(path: &Path) -> io::Result<Draft> {
    let draft = draft(path)?;
    let file = draft.as_file().try_clone()?;
    let _ = file.try_lock(); // so that others can tell that it is being written; not all file systems can
    let path = path.to_owned();
    Ok((Box::new(file), Box::new(move || Ok(draft.persist_noclobber(path).map(drop)?))))
}

/// The files of a recording, in their order.
pub(super) struct Parts {
    path: PathBuf,
    rotates: bool,
    keep: Option<usize>,
    disk: Disk,
    /// How many there were.
    pub(super) made: usize,
    /// The last one is being written.
    pub(super) paths: VecDeque<PathBuf>,
}

impl Parts {
    /// # Errors
    /// If there is a file of this name, or a part.
    pub(super) fn new(
        path: PathBuf,
        rotates: bool,
        keep: Option<usize>,
        disk: Disk,
    ) -> Result<Self, StartError> {
        let parts = Self { path, rotates, keep, disk, made: 0, paths: VecDeque::new() };
        match parts.in_the_way() {
            Some(path) => Err(refusal(path)),
            None => Ok(parts),
        }
    }

    /// Makes the next one, and the oldest go that are too many then.
    pub(super) fn begin(&mut self, preamble: &Preamble) -> io::Result<PartWriter> {
        self.made += 1;
        self.limit(1);
        let path = self.name(self.made);
        let mut tried = self.try_begin(&path, preamble);
        while tried.as_ref().is_err_and(is_full) && self.remove_oldest() {
            tried = self.try_begin(&path, preamble);
        }
        let writer = tried?;
        self.paths.push_back(path);
        Ok(writer)
    }

    fn try_begin(&mut self, path: &Path, preamble: &Preamble) -> io::Result<PartWriter> {
        let (file, publish) = (self.disk)(path)?;
        let writer = PartWriter::begin(file, preamble)?;
        publish()?;
        Ok(writer)
    }

    /// Makes the oldest go until there are as many as are kept, with room for so many more.
    pub(super) fn limit(&mut self, more: usize) {
        let Some(keep) = self.keep else { return };
        while self.paths.len() + more > keep && self.remove_oldest() {}
    }

    /// Makes the oldest go, if old ones may and there is one besides that which is being written.
    pub(super) fn remove_oldest(&mut self) -> bool {
        if self.keep.is_none() || self.paths.len() < 2 {
            return false;
        }
        let oldest = self.paths.pop_front();
        oldest.is_some_and(|path| match fs::remove_file(&path) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "an old part of a recording cannot be removed");
                false
            }
        })
    }

    /// What the part of this number is called.
    pub(super) fn name(&self, number: usize) -> PathBuf {
        if !self.rotates {
            return self.path.clone();
        }
        let (before, after) = around_number(&self.path);
        self.path.with_file_name(format!("{before}{number:04}{after}"))
    }

    /// A file that is there already: of the name, or a part of it, as the name stands for either.
    fn in_the_way(&self) -> Option<PathBuf> {
        let is_there = self.path.try_exists().unwrap_or(true);
        is_there.then(|| self.path.clone()).or_else(|| crate::part_paths(&self.path).into_iter().next())
    }
}

/// Whether there is no room for it.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Why a recording cannot begin where this file is.
pub(super) fn refusal(path: PathBuf) -> StartError {
    // To open a pipe would wait for its other end.
    let is_file = fs::metadata(&path).is_ok_and(|found| found.is_file());
    let locked = is_file
        && File::open(&path)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
    if locked { StartError::IsRecorded { path } } else { StartError::Exists { path } }
}
