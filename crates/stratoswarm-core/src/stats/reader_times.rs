use super::{ReaderKind, Times};

/// How long messages take that one reader gets.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ReaderTimes {
    /// The group's name, or the subscriber's, as in [`ReaderInfo::name`](super::ReaderInfo::name).
    pub name: String,
    /// What sort of reader.
    pub kind: ReaderKind,
    /// From when a message was accepted until its reader took it, or found that it was over; of one that comes again, the first
    /// time.
    pub waiting: Times,
    /// From then on until its [`Delivery`](crate::Delivery), [`Responder`](crate::Responder) or [`Ack`](crate::Ack) was dropped.
    /// None of subscribers, which get the message alone.
    pub handling: Times,
}
