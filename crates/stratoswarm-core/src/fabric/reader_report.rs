use crate::accounts::ReaderKind;

/// What a shutdown found at one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderReport {
    /// The group's name; `subscriber` or `tap` with a number for the others.
    pub name: String,
    /// What sort of reader.
    pub kind: ReaderKind,
    /// Messages taken and finished since the shutdown began.
    pub drained: u64,
    /// Messages taken whose `Delivery` or `Responder` still existed at the end.
    pub in_hand: u64,
    /// Messages not taken. Of a lossy reader, which nobody waits for: what it had yet to read.
    pub undelivered: u64,
}
