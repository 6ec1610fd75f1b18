use std::{io, net::SocketAddr, path::PathBuf};

/// Why a [`Console`](crate::Console) cannot start, in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// What [`listen`](crate::ConsoleBuilder::listen) got is no address.
    #[error(
        "\"{given}\" is no address to listen at; accepted: IP:PORT, as 127.0.0.1:7878, or localhost:PORT"
    )]
    Address {
        /// What was given.
        given: String,
    },
    /// Others than this machine could ask, and no token is needed.
    #[error(
        "{address} can be reached from other machines; accepted: an address of 127.0.0.1 or [::1], or any with a token"
    )]
    NoToken {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// A token that cannot stand in a request's head.
    #[error("the token is no token; accepted: 1 to 256 visible characters of ASCII")]
    Token,
    /// It cannot be listened there.
    #[error("{address} cannot be listened at: {source}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There can be no socket in the folder for them.
    #[error("{}: no socket can be there: {source}", .folder.display())]
    Socket {
        /// The folder.
        folder: PathBuf,
        /// What the system says, or what is wrong with the folder.
        source: io::Error,
    },
    /// The thread or its runtime cannot start.
    #[error("the console's thread cannot start: {0}")]
    Thread(#[source] io::Error),
}
