use std::panic::Location;

use super::{
    Log,
    reader::{Kind, Reader},
};
use crate::accounts::Skipped;

/// The figures of a log at one moment.
pub(crate) struct LogFigures {
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) len: u64,
    pub(crate) high_water: u64,
    pub(crate) closed: bool,
    pub(crate) permits: u64,
    pub(crate) blocked: Vec<&'static Location<'static>>,
    pub(crate) asked: u64,
    pub(crate) readers: Vec<ReaderFigures>,
}

/// The figures of one reader; accepted = taken + skipped + left.
#[derive(Clone)]
pub(crate) struct ReaderFigures {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) members: usize,
    pub(crate) accepted: u64,
    pub(crate) taken: u64,
    pub(crate) skipped: Skipped,
    pub(crate) left: u64,
    pub(crate) in_hand: u64,
}

impl<M> Log<M> {
    /// Reads all figures.
    pub(crate) fn figures(&self) -> LogFigures {
        let live = self.live().filter(|reader| reader.kind != Kind::Removed);
        let mut readers: Vec<_> = live.map(|reader| reader.figures(self.tail)).collect();
        readers.extend(self.departed.iter().cloned());
        LogFigures {
            sent: self.tail,
            delivered: self.delivered_before + readers.iter().map(|reader| reader.taken).sum::<u64>(),
            len: self.len(),
            high_water: self.high_water,
            closed: self.closed,
            permits: self.permits,
            blocked: self.senders.locations().collect(),
            asked: self.asked,
            readers,
        }
    }

    /// Closed, nothing more to come, and every lossless reader that somebody serves has taken all and finished it.
    pub(crate) fn is_drained(&self) -> bool {
        self.closed
            && self.permits == 0
            && self
                .live()
                .filter(|reader| reader.is_lossless())
                .all(|reader| (reader.members == 0 || reader.left(self.tail) == 0) && reader.in_hand() == 0)
    }

    /// Closed, nothing more to come, and nothing left for anybody.
    pub(crate) fn is_spent(&self) -> bool {
        self.closed
            && self.permits == 0
            && self.orphans.is_empty()
            && (!self.keeps || self.lossless > 0 || self.unclaimed == self.tail)
            && self.live().all(|reader| reader.left(self.tail) == 0)
    }
}

impl<M> Reader<M> {
    pub(super) fn figures(&self, tail: u64) -> ReaderFigures {
        let accepted = tail - self.start + self.adopted;
        let left = self.left(tail);
        ReaderFigures {
            name: self.name.clone(),
            kind: self.kind,
            members: self.members as usize,
            accepted,
            taken: accepted.saturating_sub(left + self.skipped.total()),
            skipped: self.skipped,
            left,
            in_hand: self.in_hand(),
        }
    }
}
