use super::{ReaderKind, Skipped};
use crate::engine::{Kind, ReaderFigures};

/// What became of the messages meant for one reader: accepted = taken + skipped + left, at every moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderInfo {
    /// The group's name; for the others `subscriber` or `tap` with the number of readers that there had been before.
    pub name: String,
    /// What sort of reader.
    pub kind: ReaderKind,
    /// How many handles read here.
    pub members: usize,
    /// Messages accepted since it joined, and those kept for it from before.
    pub accepted: u64,
    /// Messages it was given.
    pub taken: u64,
    /// Messages it passed without getting them.
    pub skipped: Skipped,
    /// Messages it has yet to take.
    pub left: u64,
    /// Of those taken: how many a member works on, its `Delivery` or `Responder` not dropped yet.
    pub in_hand: u64,
}

impl ReaderInfo {
    pub(crate) fn new(figures: ReaderFigures) -> Self {
        let ReaderFigures { name, number, kind, members, accepted, taken, skipped, left, in_hand } = figures;
        let (kind, name) = match kind {
            Kind::Group(_) | Kind::Removed => (ReaderKind::Group, name),
            Kind::Subscriber => (ReaderKind::Subscriber, format!("subscriber {number}")),
            Kind::Lossy => (ReaderKind::Lossy, format!("tap {number}")),
        };
        Self { name, kind, members, accepted, taken, skipped, left, in_hand }
    }
}
