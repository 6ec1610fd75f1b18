//! Reads the instance.

use std::{fs::File, io::Read as _, path::Path};

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
