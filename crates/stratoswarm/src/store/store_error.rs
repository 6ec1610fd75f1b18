use std::io;

/// Why a file cannot be a store; without its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be read, written or made.
    #[error("{what}: {error}; accepted for --store: a store, or a place for a new one")]
    Unreachable {
        /// What was tried.
        what: &'static str,
        /// Why it could not be.
        error: io::Error,
    },
    /// Somebody else has it open.
    #[error(
        "is in use by another run; accepted for --store: another file, or this one when that run has ended"
    )]
    InUse,
    /// It is something else.
    #[error("{0}, and stays as it is; accepted for --store: a file that `run --store` made, or a new name")]
    Foreign(String),
    /// It is one of another version of this program.
    #[error(
        "is a store of format {found}, and stays as it is; accepted for --store: format {accepted}, or a new name"
    )]
    OtherFormat {
        /// The format of the file.
        found: u64,
        /// The one that is read here.
        accepted: u64,
    },
    /// It was one.
    #[error(
        "is a damaged store ({0}), and stays as it is; accepted for --store: a copy that is whole, or a new name"
    )]
    Damaged(String),
}

impl StoreError {
    pub(super) fn unreachable(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Unreachable { what, error }
    }

    /// What the database says of a file, on one line.
    pub(super) fn damaged(error: impl std::fmt::Display) -> Self {
        let text = error.to_string();
        Self::Damaged(text.split(char::is_control).collect::<Vec<_>>().join(" "))
    }
}
