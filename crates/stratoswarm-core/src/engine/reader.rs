use std::sync::Arc;

use super::{InFlight, LaneIndex, Member, SharedInbox, WaitList, per_lane::PerLane};
use crate::stats::Skipped;

/// A lossless reader: a group, or a subscriber.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Reader<M> {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// How many readers the log had before it.
    pub(super) number: u64,
    /// Where it is in each lane.
    pub(super) seats: PerLane<Seat>,
    pub(super) inbox: SharedInbox<M>,
    /// Whether the inbox has a ledger.
    pub(super) keeps: bool,
    pub(super) skipped: Skipped,
    /// The receiving futures that wait.
    pub(super) parked: WaitList,
    pub(super) members: u32,
    /// The handles of its members, or of the subscriber.
    pub(super) listed: Vec<Member>,
    /// The deliveries of a group that ever had a member.
    pub(super) in_flight: Option<Arc<InFlight>>,
    /// It was told that this group has no members and holds senders.
    pub(super) warned: bool,
    /// It is handed nothing.
    pub(super) paused: bool,
    /// It keeps the latest message of each key.
    pub(super) latest: bool,
    /// So many messages may wait for it in a lane, whatever the lane's capacity.
    pub(super) buffer: Option<u64>,
    /// It holds no sender back: what does not fit drives out its oldest.
    pub(super) drops: bool,
    /// The lanes that do not wait while it has a run, as a mask.
    pub(super) deaf: u8,
    /// A sample is for it in the intake, which it has to pull.
    pub(super) sampled: bool,
}

/// Where a reader is in one lane.
pub(super) struct Seat {
    /// The number of the first message that it gets of those that were in the intake when it came, or came later.
    pub(super) start: u64,
    /// How many messages from before its start it was given nevertheless.
    pub(super) given: u64,
    /// The number of the first message that it has not taken from the intake.
    pub(super) next: u64,
    /// How many messages from there on gave up their places.
    pub(super) released: u64,
    /// Whether the inbox may hold something.
    pub(super) filled: bool,
    /// Whether the inbox is to serve the senders that wait.
    pub(super) serves: bool,
    /// How many places it took at the last look.
    pub(super) places: u64,
    /// How many messages it passed without the inbox.
    pub(super) passed: u64,
}

/// What sort of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Group(Durability),
    Subscriber,
    Lossy,
    Recorder,
}

/// Whether a group outlives its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    Durable,
    Ephemeral,
}

impl Seat {
    pub(super) const fn new(start: u64) -> Self {
        Self { start, given: 0, next: start, released: 0, filled: false, serves: false, places: 0, passed: 0 }
    }
}

impl<M> Reader<M> {
    pub(super) fn new(kind: Kind, name: String, inbox: SharedInbox<M>, seats: PerLane<Seat>) -> Self {
        Self {
            kind,
            name,
            number: 0,
            seats,
            inbox,
            keeps: false,
            skipped: Skipped::default(),
            parked: WaitList::new(),
            members: 0,
            listed: Vec::new(),
            in_flight: None,
            warned: false,
            paused: false,
            latest: false,
            buffer: None,
            drops: false,
            deaf: 0,
            sampled: false,
        }
    }

    #[inline]
    pub(super) fn is_group(&self) -> bool {
        matches!(self.kind, Kind::Group(_))
    }

    /// Whether it holds senders back otherwise than by the lane's capacity.
    pub(super) fn holds_otherwise(&self) -> bool {
        self.drops || self.buffer.is_some()
    }

    /// How many deliveries exist that were taken here.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.as_ref().map_or(0, |in_flight| in_flight.count())
    }

    /// Notes whether the inbox of a channel without lanes is found empty; whether it is, and may be passed by.
    #[inline]
    pub(super) fn is_dry(&mut self) -> bool {
        let seat = &mut self.seats.main;
        if seat.filled && !self.paused && !self.sampled && self.inbox.lock().rest() {
            (seat.filled, seat.serves) = (false, false);
        }
        !seat.filled
    }

    /// Nobody need be served here.
    pub(super) fn stop_serving(&mut self, at: LaneIndex) {
        if self.seats[at].serves {
            self.seats[at].serves = false;
            self.inbox.lock().set_serve(at, false);
        }
    }
}
