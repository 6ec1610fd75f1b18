use std::{
    fmt, fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

/// A tour as a TSPLIB file holds it (`TYPE: TOUR`).
///
/// Its [`Display`](fmt::Display) is the file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TourFile {
    /// The tour's name.
    pub name: String,
    /// A comment; may be empty.
    pub comment: String,
    /// The cities in order, counted from 0 (in the file: from 1).
    pub nodes: Vec<usize>,
}

impl TourFile {
    /// Finds out whether [`write`](Self::write) to `path` can succeed, without leaving anything behind.
    ///
    /// # Errors
    /// The directory is missing or not writable, or `path` is there already but is no regular, writable file.
    pub fn check_writable(path: &Path) -> io::Result<()> {
        temporary(&target(path)?).map(drop)
    }

    /// Writes the file atomically: under another name beside it, then renamed. A reader sees the old file or the
    /// whole new one; a symbolic link stays, and what it points to is replaced.
    ///
    /// # Errors
    /// What the file system says; the old file, if any, is then untouched.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let target = target(path)?;
        let mut file = temporary(&target)?;
        file.write_all(self.to_string().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&target)?;
        Ok(())
    }
}

impl fmt::Display for TourFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name with a line break in it would forge keywords.
        writeln!(f, "NAME : {}", self.name.replace(char::is_control, " "))?;
        if !self.comment.is_empty() {
            writeln!(f, "COMMENT : {}", self.comment.replace(char::is_control, " "))?;
        }
        writeln!(f, "TYPE : TOUR\nDIMENSION : {}\nTOUR_SECTION", self.nodes.len())?;
        for node in &self.nodes {
            writeln!(f, "{}", node + 1)?;
        }
        writeln!(f, "-1\nEOF")
    }
}

/// Where the bytes go: `path` with symbolic links followed.
fn target(path: &Path) -> io::Result<PathBuf> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
            return Ok(path.to_owned());
        }
        Err(error) => return Err(error),
    };
    if found.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
    }
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if found.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    fs::canonicalize(path)
}

fn temporary(target: &Path) -> io::Result<tempfile::NamedTempFile> {
    if target.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file"));
    }
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tour-").suffix(".tmp");
    #[cfg(unix)]
    {
        // A result is for others to read, as far as the umask allows; temporary files are private otherwise.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory).map_err(|error| of_the_directory(error.kind()))
}

/// Why no file can be made in a directory, without the temporary file's name, which nobody asked for.
fn of_the_directory(kind: io::ErrorKind) -> io::Error {
    let text = match kind {
        io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
        io::ErrorKind::NotADirectory => "what should be its directory is none".to_owned(),
        io::ErrorKind::PermissionDenied => "its directory is not writable".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "its directory is on a read-only file system".to_owned(),
        kind => format!("no file can be made in its directory: {kind}"),
    };
    io::Error::new(kind, text)
}
