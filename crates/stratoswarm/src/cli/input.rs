//! Reads the instance.

use std::{
    ffi::OsStr,
    fmt::Display,
    fs::{self, File, Metadata},
    io::{self, Read},
    path::Path,
};

use super::Failure;
use crate::tsplib::{Instance, parse_instance};

/// The most bytes an instance may have.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// Reads a TSPLIB instance from a file; from standard input, up to its end, if `path` is `-`.
///
/// # Errors
/// The file cannot be read, is larger than [`MAX_FILE_BYTES`], or holds no instance: one line that names the file,
/// the line, what is wrong and what is accepted.
pub fn read_instance(path: &Path) -> Result<Instance, Failure> {
    if is_standard_input(path) {
        return read(io::stdin().lock(), |why| Failure::Refused(format!("standard input: {why}")));
    }
    let refused = |why: &dyn Display| Failure::refused_file(path, why);
    let file = File::open(path).map_err(|error| refused(&unreadable(&error)))?;
    if file.metadata().map_err(|error| refused(&unreadable(&error)))?.is_dir() {
        return Err(refused(&"is a directory; accepted: a TSPLIB file"));
    }
    read(file, refused)
}

fn read(input: impl Read, refused: impl Fn(&dyn Display) -> Failure) -> Result<Instance, Failure> {
    let mut bytes = Vec::new();
    let read = input.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| refused(&unreadable(&error)))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(refused(&format!("is too large; accepted: up to {MAX_FILE_BYTES} bytes")));
    }
    parse_instance(&bytes).map_err(|error| refused(&error))
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}; accepted: a readable TSPLIB file")
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == OsStr::new("-")
}

/// Whether a file is the one that the instance at `instance` is read from: by their canonical paths and, where the
/// platform tells, by the file itself, as for hard links and for standard input.
pub(super) fn is_instance(file: &Path, instance: &Path) -> bool {
    if is_standard_input(instance) {
        return same_node(fs::metadata(file), standard_input());
    }
    let canonical = |path| fs::canonicalize(path).ok();
    let same_path = canonical(file).is_some_and(|file| Some(file) == canonical(instance));
    same_path || same_node(fs::metadata(file), fs::metadata(instance))
}

#[cfg(unix)]
fn standard_input() -> io::Result<Metadata> {
    use std::os::fd::AsFd as _;
    File::from(io::stdin().as_fd().try_clone_to_owned()?).metadata()
}

#[cfg(not(unix))]
fn standard_input() -> io::Result<Metadata> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
fn same_node(one: io::Result<Metadata>, other: io::Result<Metadata>) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let node = |found: io::Result<Metadata>| found.map(|found| (found.dev(), found.ino())).ok();
    node(one).is_some_and(|one| Some(one) == node(other))
}

#[cfg(not(unix))]
fn same_node(_: io::Result<Metadata>, _: io::Result<Metadata>) -> bool {
    false
}
