use std::io;

use stratoswarm_core::OpenError;

/// A demonstration could not be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// There is no runtime, or no thread, for it.
    #[error("the runtime cannot start: {0}")]
    Runtime(#[from] io::Error),
    /// Its channels cannot be opened.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// It is over, and should not be.
    #[error("the demonstration ended before its time")]
    Over,
}
