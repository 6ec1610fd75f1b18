use std::{io, path::PathBuf};

/// A recording could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is nothing to read.
    #[error("no file is named")]
    Nothing,
    /// The file cannot be read at all.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no recording, or nothing is left of it.
    #[error("{} is no recording: {why} (at byte {at})", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
        /// Where that shows, in bytes from its beginning.
        at: u64,
        /// What is wrong.
        why: String,
    },
    /// Two files are not of one run, or the same part of it.
    #[error("{} and {} are no parts of one recording", first.display(), second.display())]
    NotOneRun {
        /// The one.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// What begins no path into a message: those are empty, or begin with `/`.
    #[error(
        "{path:?} is no path into a message: one begins with '/', such as \"/at\", or \"jobs:/at\" of one channel"
    )]
    Path {
        /// The path.
        path: String,
    },
    /// Something was to be cleared that no message has: nothing is written, as it may be misspelt.
    #[error("no message has anything at {path:?}")]
    NothingAt {
        /// The path.
        path: String,
    },
    /// A message cannot be decoded.
    #[error("{}, byte {at}: a message of {channel:?} cannot be decoded: {why}", path.display())]
    Message {
        /// The file.
        path: PathBuf,
        /// Where its record begins, in bytes from the file's beginning.
        at: u64,
        /// Its channel.
        channel: String,
        /// What is wrong.
        why: String,
    },
}
