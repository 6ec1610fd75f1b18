use std::sync::Arc;

use super::{InFlight, SharedInbox, WaitList};
use crate::stats::Skipped;

/// A lossless reader: a group, or a subscriber.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Reader<M> {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// How many readers the log had before it.
    pub(super) number: u64,
    /// The number of the first message that it gets of those that were in the intake when it came, or came later.
    pub(super) start: u64,
    /// How many messages from before its start it was given nevertheless.
    pub(super) given: u64,
    /// The number of the first message that it has not taken from the intake.
    pub(super) next: u64,
    /// How many requests from there on gave up their places, if it is a group.
    pub(super) released: u64,
    pub(super) inbox: SharedInbox<M>,
    /// Whether the inbox may hold something.
    pub(super) filled: bool,
    /// Whether the inbox has a ledger.
    pub(super) keeps: bool,
    /// What the inbox's `serve` is.
    pub(super) serves: bool,
    /// How many places it took at the last look.
    pub(super) places: u64,
    /// How many messages it passed without the inbox.
    pub(super) passed: u64,
    pub(super) skipped: Skipped,
    /// The receiving futures that wait.
    pub(super) parked: WaitList,
    pub(super) members: u32,
    /// The deliveries of a group that ever had a member.
    pub(super) in_flight: Option<Arc<InFlight>>,
    /// It was told that this group has no members and holds senders.
    pub(super) warned: bool,
}

/// What sort of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Group(Durability),
    Subscriber,
    Lossy,
}

/// Whether a group outlives its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    Durable,
    Ephemeral,
}

impl<M> Reader<M> {
    pub(super) fn new(kind: Kind, name: String, place: usize, start: u64) -> Self {
        Self {
            kind,
            name,
            number: 0,
            start,
            given: 0,
            next: start,
            released: 0,
            inbox: SharedInbox::new(place),
            filled: false,
            keeps: false,
            serves: false,
            places: 0,
            passed: 0,
            skipped: Skipped::default(),
            parked: WaitList::new(),
            members: 0,
            in_flight: None,
            warned: false,
        }
    }

    #[inline]
    pub(super) fn is_group(&self) -> bool {
        matches!(self.kind, Kind::Group(_))
    }

    /// How many deliveries exist that were taken here.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.as_ref().map_or(0, |in_flight| in_flight.count())
    }

    /// What waits in the inbox, or is not settled.
    pub(super) fn queued(&self) -> usize {
        if self.filled { self.inbox.lock().left() } else { 0 }
    }

    /// Notes whether the inbox is found empty; whether it is.
    #[inline]
    pub(super) fn is_dry(&mut self) -> bool {
        if self.filled && self.inbox.lock().rest() {
            (self.filled, self.serves) = (false, false);
        }
        !self.filled
    }

    /// Nobody need be served here.
    pub(super) fn stop_serving(&mut self) {
        if self.serves {
            self.serves = false;
            self.inbox.lock().set_serve(false);
        }
    }

    /// How many messages it has yet to get.
    pub(super) fn left(&self, tail: u64) -> u64 {
        tail - self.next + self.queued() as u64
    }
}
