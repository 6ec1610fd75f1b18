use std::{io, path::PathBuf};

use stratoswarm_core::JoinError;

/// A recording could not begin.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_record::{Recording, StartError};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("run.mcap");
/// std::fs::write(&path, b"something else")?;
/// let news = Fabric::new().broadcast::<u32>("news").open()?;
/// let refused = Recording::create(&path).channel(&news).start();
/// assert!(matches!(refused, Err(StartError::Exists { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is a file of this name, or a part of a recording of this name: it is not overwritten.
    #[error("{} is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another recording is writing this file.
    #[error("{} is being written by another recording", path.display())]
    IsRecorded {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be made.
    #[error("{} cannot be written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A channel cannot be recorded as was asked for.
    #[error("channel {channel:?} cannot be recorded: {source}")]
    Channel {
        /// The channel's name.
        channel: String,
        /// Why.
        source: JoinError,
    },
    /// Two channels of the recording have the same name.
    #[error("two channels are called {name:?}: a recording tells them by their names")]
    SameName {
        /// The name.
        name: String,
    },
    /// A file has at most 65,535 channels, and each that is recorded needs two.
    #[error("{channels} channels are too many for one recording: 32767 are possible")]
    TooManyChannels {
        /// How many were asked for.
        channels: usize,
    },
    /// What begins no path into a message: those are empty, or begin with `/`.
    #[error("{path:?} is no path into a message: one begins with '/', such as \"/at\"")]
    Path {
        /// The path.
        path: String,
    },
}
