use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Digest, LeaseCommand, Seen};

/// What an entry of ours begins with, and its version.
const FORMAT: &[u8; 3] = b"SC\x01";

/// An entry of the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry<C> {
    /// Which life of a node proposed it.
    #[serde(rename = "s")]
    pub(crate) session: u64,
    /// Which of the session's proposals it is, from 1 on: its copies have the same. Of a barrier: which barrier.
    #[serde(rename = "n")]
    pub(crate) serial: u64,
    /// Stored after this time of the log, it is nobody's. In nanoseconds.
    #[serde(rename = "x")]
    pub(crate) expires: u64,
    #[serde(rename = "w")]
    pub(crate) seen: Seen,
    #[serde(rename = "b")]
    pub(crate) body: Body<C>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Body<C> {
    /// Nothing but a place in the order.
    #[serde(rename = "b")]
    Barrier,
    /// A command, and the index after which no other may have been applied.
    #[serde(rename = "c")]
    Command(C, Option<u64>),
    #[serde(rename = "l")]
    Lease(LeaseCommand),
    /// A snapshot of all up to this index was put, of a state with this digest.
    #[serde(rename = "s")]
    Snapshot(u64, Digest),
    /// It was read back, and is right.
    #[serde(rename = "k")]
    Confirm(u64, Digest),
}

/// What bytes of the log turn out to be.
pub(crate) enum Decoded<C> {
    Entry(Entry<C>),
    /// Not of this format: somebody else's.
    Foreign,
    /// Of a format or a command that this program does not know.
    Unknown(String),
}

pub(crate) fn encode<C: Serialize>(entry: &Entry<C>) -> Result<Bytes, String> {
    cbor4ii::serde::to_vec(FORMAT.to_vec(), entry).map(Bytes::from).map_err(|error| error.to_string())
}

pub(super) fn decode<C: DeserializeOwned>(bytes: &[u8]) -> Decoded<C> {
    match bytes.split_at_checked(FORMAT.len()) {
        Some((format, body)) if format == FORMAT => match cbor4ii::serde::from_slice(body) {
            Ok(entry) => Decoded::Entry(entry),
            Err(error) => Decoded::Unknown(error.to_string()),
        },
        Some((format, _)) if format.starts_with(b"SC") => {
            Decoded::Unknown(format!("format {} of entries; this program knows {}", format[2], FORMAT[2]))
        }
        _ => Decoded::Foreign,
    }
}
