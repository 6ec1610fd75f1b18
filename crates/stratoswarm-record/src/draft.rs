use std::{io, path::Path};

use tempfile::NamedTempFile;

/// A file for its owner alone, beside `path`, which has that name once it is whole.
pub(crate) fn draft(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The errors of `tempfile` tell of a name that nobody has stated.
    let told = |error: io::Error| match error.kind() {
        kind @ io::ErrorKind::NotFound => io::Error::new(kind, "its folder does not exist"),
        kind @ io::ErrorKind::NotADirectory => io::Error::new(kind, "its folder is none"),
        kind @ (io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            io::Error::new(kind, "its folder may not be written to")
        }
        _ => error,
    };
    tempfile::Builder::new().prefix(".recording").tempfile_in(folder).map_err(told)
}
