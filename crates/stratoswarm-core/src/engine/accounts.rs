use super::{
    Gate, LaneIndex, Log, Member, SharedInbox, WaitList,
    departed::Departed,
    lane::Lane,
    lossy::{LossyReader, LossyShared},
    per_lane::PerLane,
    reader::{Kind, Reader},
    tape::Tape,
};
use crate::{
    message::Priority,
    stats::{Caller, Skipped},
};

/// The figures of a log at one moment.
pub(crate) struct LogFigures {
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) len: u64,
    /// Of the lane that has all without one of their own.
    pub(crate) capacity: u64,
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
    /// Of a channel that has several, the most urgent first.
    pub(crate) lanes: Vec<LaneFigures>,
    pub(crate) readers: Vec<ReaderFigures>,
}

/// The figures of one lane.
pub(crate) struct LaneFigures {
    pub(crate) priority: Priority,
    pub(crate) capacity: u64,
    pub(crate) sent: u64,
    pub(crate) len: u64,
    pub(crate) high_water: u64,
    /// How many wait for a place.
    pub(crate) waiting: usize,
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
    pub(crate) paused: bool,
    pub(crate) kept: KeptFigures,
    /// Those who wait for a message.
    pub(crate) parked: Vec<Caller>,
    pub(crate) listed: Vec<Member>,
    /// Why what a recorder is given is not kept any more.
    pub(crate) failure: Option<String>,
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
        let lossless = self.readers.iter().map(|reader| reader.figures(&self.lanes));
        let lossy = self.lossy.readers.iter().map(|reader| reader.figures(tail, self.lossy.keep));
        let tapes = self.tapes.iter().flat_map(|tapes| tapes.iter()).map(|tape| tape.figures(tail));
        let mut readers: Vec<_> = lossless.chain(lossy).chain(tapes).collect();
        readers.sort_unstable_by_key(|reader| reader.number);
        let delivered: u64 = readers.iter().map(|reader| reader.taken).sum();
        let (departed, delivered_to_departed) = self.departed_figures();
        readers.extend(departed);
        let callers = |list: fn(&Gate) -> &WaitList| {
            self.lanes.iter().flat_map(|lane| list(&lane.gate).callers()).copied().collect()
        };
        let normal = self.own_lane(Priority::Normal).unwrap_or(0);
        LogFigures {
            sent: tail,
            delivered: self.delivered_before + delivered + delivered_to_departed,
            len: self.len(),
            capacity: self.lanes[normal].gate.capacity,
            high_water: self.lanes[normal].gate.high_water,
            closed: self.closed,
            unclaimed: self.unclaimed(),
            blocked: callers(|gate| &gate.line),
            granted: callers(|gate| &gate.granted),
            granted_places: self.lanes.iter().map(|lane| lane.gate.granted_places).sum(),
            permits: callers(|gate| &gate.permits),
            unserved: callers(|gate| &gate.unserved),
            lanes: self.lane_figures(),
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
            let in_lane = |at: LaneIndex| {
                let seat = &reader.seats[at];
                self.lanes[at].intake.end() - seat.next - seat.released + inbox.places(at)
            };
            self.lanes.read().map(in_lane).sum::<u64>()
        };
        self.readers
            .iter()
            .map(places)
            .max()
            .unwrap_or_else(|| self.lanes.read().map(|at| self.lanes[at].kept_places()).sum())
    }

    /// Messages in the intakes for the first reader to come, while there is none.
    fn kept(&self) -> u64 {
        self.lanes.read().map(|at| self.lanes[at].intake.end() - self.lanes[at].kept_from).sum()
    }

    /// What each lane of several has.
    fn lane_figures(&self) -> Vec<LaneFigures> {
        let Some(classes) = self.classes.as_ref().filter(|_| self.lanes.more.len() > 1) else {
            return Vec::new();
        };
        let figures = |at: LaneIndex| {
            let lane = &self.lanes[at];
            let (intake, gate) = (&lane.intake, &lane.gate);
            let places = |reader: &Reader<M>| {
                let (seat, inbox) = (&reader.seats[at], reader.inbox.lock());
                intake.end() - seat.next - seat.released + inbox.places(at)
            };
            let waiting = self.readers.iter().map(places).max();
            LaneFigures {
                priority: classes.class(at),
                capacity: gate.capacity,
                sent: intake.end(),
                len: waiting.unwrap_or_else(|| lane.kept_places()),
                high_water: gate.high_water,
                waiting: gate.line.len(),
            }
        };
        self.lanes.read().map(figures).collect()
    }

    /// How many messages a lossless reader has yet to get; 0 if it is gone.
    pub(crate) fn left_for(&self, inbox: &SharedInbox<M>) -> u64 {
        self.readers.get(inbox.place()).map_or(0, |reader| reader.left(&self.lanes))
    }

    /// How many messages a lossy reader can still get.
    pub(crate) fn left_for_lossy(&self, of: &LossyShared) -> u64 {
        self.lossy_at(of).map_or(0, |reader| reader.behind(self.tail()).min(self.lossy.keep))
    }

    /// Messages kept for readers to come, while there is no lossless one.
    fn unclaimed(&self) -> u64 {
        if self.keeps && self.readers.is_empty() { self.kept() } else { 0 }
    }

    /// Closed, nothing more to come, and every lossless reader that somebody serves has taken all and finished it.
    pub(crate) fn is_drained(&self) -> bool {
        let served = |reader: &Reader<M>| reader.members > 0 && !reader.paused;
        self.closed
            && !self.has_permits()
            && !self.has_departed_work()
            && self.readers.iter().all(|it| (!served(it) || it.left(&self.lanes) == 0) && it.in_flight() == 0)
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
            && !self.has_permits()
            && self.unclaimed() == 0
            && self.readers.iter().all(|reader| reader.left(&self.lanes) == 0)
            && self.lossy.readers.iter().all(|reader| reader.behind(tail) == 0)
            && self.tapes.iter().all(|tapes| tapes.iter().all(|tape| tape.left() == 0))
    }

    /// How many messages nobody has taken: the most that any lossless reader has left, or that are kept for one to come.
    pub(crate) fn undelivered(&self) -> u64 {
        self.readers.iter().map(|reader| reader.left(&self.lanes)).sum::<u64>() + self.unclaimed()
    }
}

impl<M> Reader<M> {
    /// How many messages it has yet to get.
    pub(super) fn left(&self, lanes: &PerLane<Lane<M>>) -> u64 {
        let filled = lanes.read().any(|at| self.seats[at].filled);
        let in_inbox = if filled { self.inbox.lock().left() as u64 } else { 0 };
        self.not_pulled(lanes) + in_inbox
    }

    /// How many messages are for it in the intakes.
    pub(super) fn not_pulled(&self, lanes: &PerLane<Lane<M>>) -> u64 {
        lanes.read().map(|at| lanes[at].intake.end() - self.seats[at].next).sum()
    }

    /// What it took is counted where messages leave the inbox, what is left where they are: that the two and what was
    /// skipped make what was accepted is a real check.
    pub(super) fn figures(&self, lanes: &PerLane<Lane<M>>) -> ReaderFigures {
        let accepted = |at: LaneIndex| lanes[at].intake.end() - self.seats[at].start + self.seats[at].given;
        let passed: u64 = self.seats.iter().map(|seat| seat.passed).sum();
        let inbox = self.inbox.lock();
        // Under the inbox's lock nothing is taken meanwhile.
        let (left, passed, in_flight) =
            (self.not_pulled(lanes) + inbox.left() as u64, passed + inbox.passed(), self.in_flight());
        let (kept, skipped) = inbox.kept_figures(self.skipped);
        drop(inbox);
        ReaderFigures {
            name: self.name.clone(),
            number: self.number,
            kind: self.kind,
            members: self.members as usize,
            accepted: lanes.read().map(accepted).sum(),
            taken: passed.saturating_sub(skipped.total() + kept.dead),
            skipped,
            left,
            in_flight,
            paused: self.paused,
            kept,
            parked: self.parked.callers().copied().collect(),
            listed: self.listed.clone(),
            failure: None,
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
            paused: false,
            kept: KeptFigures::default(),
            parked: self.parked.callers().copied().collect(),
            listed: Vec::new(),
            failure: None,
        }
    }
}

impl<M> Tape<M> {
    pub(super) fn figures(&self, tail: u64) -> ReaderFigures {
        ReaderFigures {
            name: String::new(),
            number: self.number,
            kind: Kind::Recorder,
            members: 1,
            accepted: self.accepted(tail),
            taken: self.handed(),
            skipped: self.skipped(tail),
            left: self.left(),
            in_flight: 0,
            paused: false,
            kept: KeptFigures::default(),
            parked: self.callers().copied().collect(),
            listed: Vec::new(),
            failure: self.failure(),
        }
    }
}
