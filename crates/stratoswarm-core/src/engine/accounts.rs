use std::{panic::Location, sync::Arc};

use super::{
    Hand, Log,
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
    /// Kept for readers to come.
    pub(crate) unclaimed: u64,
    pub(crate) blocked: Vec<&'static Location<'static>>,
    pub(crate) asked: u64,
    pub(crate) readers: Vec<ReaderFigures>,
}

/// The figures of one reader; accepted = taken + skipped + left.
#[derive(Clone)]
pub(crate) struct ReaderFigures {
    pub(crate) name: String,
    pub(crate) number: u64,
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
        let mut readers: Vec<_> = live.map(|reader| reader.figures(self.tail, self.history())).collect();
        let remembered = self.departed.iter().filter(|departed| departed.remembered);
        let taken =
            readers.iter().chain(remembered.map(|departed| &departed.figures)).map(|reader| reader.taken);
        let delivered: u64 = taken.sum();
        readers.extend(self.departed.iter().filter(|departed| departed.matters()).map(Departed::figures));
        LogFigures {
            sent: self.tail,
            delivered: self.delivered_before + delivered,
            len: self.len(),
            high_water: self.high_water,
            closed: self.closed,
            permits: self.permits,
            unclaimed: self.unclaimed_messages(),
            blocked: self.senders.locations().collect(),
            asked: self.asked,
            readers,
        }
    }

    /// Closed, nothing more to come, and every lossless reader that somebody serves has taken all and finished it.
    pub(crate) fn is_drained(&self) -> bool {
        self.closed
            && self.permits == 0
            && self.departed.iter().all(|departed| departed.in_hand() == 0)
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
    /// What it took is counted where messages leave the log, what is left where they are: that the two and what was
    /// skipped make what was accepted is no matter of course.
    ///
    /// `history` is how far behind a lossy reader may be: what is older it has missed, even before it learns so.
    pub(super) fn figures(&self, tail: u64, history: u64) -> ReaderFigures {
        let accepted = tail - self.start + self.adopted;
        let mut skipped = self.skipped;
        let (left, passed, in_hand) = if self.kind == Kind::Lossy {
            let behind = self.left(tail);
            let left = behind.min(history);
            skipped.missed += behind - left;
            (left, accepted.saturating_sub(left), 0)
        } else {
            let stash = self.stash.lock();
            let left = (tail - self.next) + stash.queue.len() as u64 + self.backlog.len() as u64;
            // Under the stash's lock nothing is taken meanwhile.
            (left, (self.direct - self.start) + stash.popped + self.from_backlog, self.in_hand())
        };
        ReaderFigures {
            name: self.name.clone(),
            number: self.number,
            kind: self.kind,
            members: self.members as usize,
            accepted,
            taken: passed.saturating_sub(skipped.total()),
            skipped,
            left,
            in_hand,
        }
    }
}

/// A reader that left.
pub(super) struct Departed {
    pub(super) figures: ReaderFigures,
    /// Its deliveries, some of which may exist still.
    pub(super) hand: Option<Arc<Hand>>,
    /// Members of a removed group that do not know it yet.
    pub(super) members: u32,
    /// It is named even without work in hand.
    pub(super) remembered: bool,
}

impl Departed {
    pub(super) fn matters(&self) -> bool {
        self.remembered || self.members > 0 || self.in_hand() > 0
    }

    pub(super) fn in_hand(&self) -> u64 {
        self.hand.as_ref().map_or(0, |hand| hand.count())
    }

    pub(super) fn member_left(&mut self, of: Option<&Arc<Hand>>) {
        if self.hand.as_ref().zip(of).is_some_and(|(hand, of)| Arc::ptr_eq(hand, of)) {
            self.members = self.members.saturating_sub(1);
        }
    }

    fn figures(&self) -> ReaderFigures {
        ReaderFigures { in_hand: self.in_hand(), ..self.figures.clone() }
    }
}

impl<M> Log<M> {
    /// Messages kept for readers to come: all while there is no lossless reader, requests while there is no group.
    fn unclaimed_messages(&self) -> u64 {
        let all = if self.keeps && self.lossless == 0 {
            (self.tail - self.unclaimed).saturating_sub(self.unclaimed_dead)
        } else {
            0
        };
        all + self.orphans.len() as u64
    }
}
