use crate::ReadError;

/// Two recordings could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// What is no path into a message.
    #[error(
        "{path:?} is no path into a message: accepted are such as \"/at\", or \"jobs:/at\" of one channel"
    )]
    Path {
        /// The path.
        path: String,
    },
    /// One of them cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
