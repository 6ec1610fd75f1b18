use super::{
    Log, SharedInbox,
    departed::Departed,
    lossy::{LossyReader, LossyShared},
    reader::{Kind, Reader},
};
use crate::stats::{Caller, Skipped};

/// The figures of a log at one moment.
pub(crate) struct LogFigures {
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) len: u64,
    pub(crate) high_water: u64,
    pub(crate) closed: bool,
    /// Kept for readers to come.
    pub(crate) unclaimed: u64,
    /// Those who wait for room, the longest waiting first.
    pub(crate) blocked: Vec<Caller>,
    /// Those who were granted a place and have not used it.
    pub(crate) granted: Vec<Caller>,
    /// How many places those have.
    pub(crate) granted_places: u64,
    /// The permits that are out.
    pub(crate) permits: Vec<Caller>,
    /// The requests that wait for a group.
    pub(crate) unserved: Vec<Caller>,
    /// Those who wait for the close, or for the last reader to go.
    pub(crate) ending: Vec<Caller>,
    pub(crate) asked: u64,
    pub(crate) readers: Vec<ReaderFigures>,
}

/// The figures of one reader; accepted = taken + skipped + dead + left.
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
    pub(crate) in_flight: u64,
    pub(crate) kept: KeptFigures,
    /// Those who wait for a message.
    pub(crate) parked: Vec<Caller>,
}

/// What a group adds that acknowledges. Then what it has taken is what it has settled.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KeptFigures {
    /// Given up.
    pub(crate) dead: u64,
    /// Hand-overs after the first of a message.
    pub(crate) redelivered: u64,
    /// Of what is left: handed out, and not settled.
    pub(crate) unsettled: u64,
    /// Of what is left: waits for its delay to end.
    pub(crate) delayed: u64,
    /// Of what is left: waits for another to give its key back.
    pub(crate) behind: u64,
}

impl<M> Log<M> {
    /// Reads all figures.
    pub(crate) fn figures(&self) -> LogFigures {
        let tail = self.tail();
        let lossless = self.readers.iter().map(|reader| reader.figures(tail));
        let lossy = self.lossy.readers.iter().map(|reader| reader.figures(tail, self.lossy.keep));
        let mut readers: Vec<_> = lossless.chain(lossy).collect();
        readers.sort_unstable_by_key(|reader| reader.number);
        let delivered: u64 = readers.iter().map(|reader| reader.taken).sum();
        let (departed, delivered_to_departed) = self.departed_figures();
        readers.extend(departed);
        let callers = |list: &super::WaitList| list.callers().copied().collect();
        LogFigures {
            sent: tail,
            delivered: self.delivered_before + delivered + delivered_to_departed,
            len: self.len(),
            high_water: self.gate.high_water,
            closed: self.closed,
            unclaimed: self.unclaimed(),
            blocked: callers(&self.gate.line),
            granted: callers(&self.gate.granted),
            granted_places: self.gate.granted_places,
            permits: callers(&self.gate.permits),
            unserved: callers(&self.unserved),
            ending: self.closing.callers().chain(self.deserting.callers()).copied().collect(),
            asked: self.asked,
            readers,
        }
    }

    /// How many are accepted and not taken by the slowest; of a broadcast: how many its slowest reader can still get.
    pub(crate) fn len(&self) -> u64 {
        let tail = self.tail();
        if !self.keeps {
            let behind = self.lossy.readers.iter().map(|reader| reader.behind(tail)).max();
            return behind.unwrap_or(0).min(self.lossy.keep);
        }
        let places = |reader: &Reader<M>| {
            let inbox = reader.inbox.lock();
            tail - reader.next - reader.released + inbox.places()
        };
        self.readers.iter().map(places).max().unwrap_or(tail - self.kept_from)
    }

    /// How many messages a lossless reader has yet to get; 0 if it is gone.
    pub(crate) fn left_for(&self, inbox: &SharedInbox<M>) -> u64 {
        self.readers.get(inbox.place()).map_or(0, |reader| reader.left(self.tail()))
    }

    /// How many messages a lossy reader can still get.
    pub(crate) fn left_for_lossy(&self, of: &LossyShared) -> u64 {
        self.lossy_at(of).map_or(0, |reader| reader.behind(self.tail()).min(self.lossy.keep))
    }

    /// Messages kept for readers to come, while there is no lossless one.
    fn unclaimed(&self) -> u64 {
        if self.keeps && self.readers.is_empty() { self.tail() - self.kept_from } else { 0 }
    }

    /// Closed, nothing more to come, and every lossless reader that somebody serves has taken all and finished it.
    pub(crate) fn is_drained(&self) -> bool {
        let tail = self.tail();
        self.closed
            && self.gate.permits.is_empty()
            && !self.has_departed_work()
            && self.readers.iter().all(|it| (it.members == 0 || it.left(tail) == 0) && it.in_flight() == 0)
    }

    /// Deliveries exist, of readers that are here or have left.
    pub(crate) fn has_work_in_hand(&self) -> bool {
        self.has_departed_work() || self.readers.iter().any(|reader| reader.in_flight() > 0)
    }

    fn has_departed_work(&self) -> bool {
        self.departed.iter().any(|departed: &Departed| departed.in_flight() > 0)
    }

    /// Closed, nothing more to come, and nothing left for anybody.
    pub(crate) fn is_spent(&self) -> bool {
        let tail = self.tail();
        self.closed
            && self.gate.permits.is_empty()
            && self.unclaimed() == 0
            && self.readers.iter().all(|reader| reader.left(tail) == 0)
            && self.lossy.readers.iter().all(|reader| reader.behind(tail) == 0)
    }

    /// How many messages nobody has taken: the most that any lossless reader has left, or that are kept for one to come.
    pub(crate) fn undelivered(&self) -> u64 {
        let tail = self.tail();
        self.readers.iter().map(|reader| reader.left(tail)).sum::<u64>() + self.unclaimed()
    }
}

impl<M> Reader<M> {
    /// What it took is counted where messages leave the inbox, what is left where they are: that the two and what was
    /// skipped make what was accepted is a real check.
    pub(super) fn figures(&self, tail: u64) -> ReaderFigures {
        let inbox = self.inbox.lock();
        // Under the inbox's lock nothing is taken meanwhile.
        let (left, passed, in_flight) =
            (tail - self.next + inbox.left() as u64, self.passed + inbox.passed(), self.in_flight());
        let (kept, skipped) = inbox.kept_figures(self.skipped);
        drop(inbox);
        ReaderFigures {
            name: self.name.clone(),
            number: self.number,
            kind: self.kind,
            members: self.members as usize,
            accepted: tail - self.start + self.given,
            taken: passed.saturating_sub(skipped.total() + kept.dead),
            skipped,
            left,
            in_flight,
            kept,
            parked: self.parked.callers().copied().collect(),
        }
    }
}

impl LossyReader {
    /// `keep` is how far behind it may be: what is older it has missed, even before it learns so.
    pub(super) fn figures(&self, tail: u64, keep: u64) -> ReaderFigures {
        let accepted = tail - self.start;
        let behind = self.behind(tail);
        let left = behind.min(keep);
        let mut skipped = self.skipped;
        skipped.missed += behind - left;
        ReaderFigures {
            name: String::new(),
            number: self.number,
            kind: Kind::Lossy,
            members: 1,
            accepted,
            taken: accepted.saturating_sub(left).saturating_sub(skipped.total()),
            skipped,
            left,
            in_flight: 0,
            kept: KeptFigures::default(),
            parked: self.parked.callers().copied().collect(),
        }
    }
}
