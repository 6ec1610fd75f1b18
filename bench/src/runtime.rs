//! The two runtimes every case is measured on.

use std::{fmt, io};

use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

/// Which tokio runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flavor {
    /// One thread.
    CurrentThread,
    /// Two workers.
    MultiThread,
}

impl Flavor {
    /// Both, in the order of the report.
    pub(crate) const ALL: [Self; 2] = [Self::CurrentThread, Self::MultiThread];
    /// Workers of [`Flavor::MultiThread`].
    pub(crate) const WORKERS: usize = 2;

    /// A new runtime of this kind.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn build(self) -> io::Result<Runtime> {
        match self {
            Self::CurrentThread => Builder::new_current_thread().enable_time().build(),
            Self::MultiThread => {
                Builder::new_multi_thread().worker_threads(Self::WORKERS).enable_time().build()
            }
        }
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CurrentThread => "current_thread",
            Self::MultiThread => "multi_thread",
        })
    }
}
