//! Reads the instance.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use super::Failure;
use crate::tsplib::{Instance, parse_instance};

/// The most bytes an instance file may have.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// Reads a TSPLIB instance from a file.
///
/// # Errors
/// The file cannot be read, is larger than [`MAX_FILE_BYTES`], or holds no instance: one line that names the file,
/// the line, what is wrong and what is accepted.
pub fn read_instance(path: &Path) -> Result<Instance, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::refused_file(path, format!("cannot be read: {error}; accepted: a readable TSPLIB file"))
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(Failure::refused_file(path, "is a directory; accepted: a TSPLIB file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Failure::refused_file(
            path,
            format!("is too large; accepted: up to {MAX_FILE_BYTES} bytes"),
        ));
    }
    parse_instance(&bytes).map_err(|error| Failure::refused_file(path, error))
}

/// Whether two paths lead to one file: by their canonical form and, where the platform tells, by the file itself, as
/// for hard links.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    let canonical = |path| fs::canonicalize(path).ok();
    let same_path = canonical(one).is_some_and(|one| Some(one) == canonical(other));
    same_path || same_node(one, other)
}

#[cfg(unix)]
fn same_node(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let node = |path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    node(one).is_some_and(|one| Some(one) == node(other))
}

#[cfg(not(unix))]
fn same_node(_: &Path, _: &Path) -> bool {
    false
}
