use std::time::Duration;

use bytes::Bytes;

/// An entry as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place, from 1 on.
    pub index: u64,
    /// When it was stored, since the log's epoch. It may fall from one entry to the next: readers make it never fall.
    pub time: Duration,
    /// The entry.
    pub entry: Bytes,
}
