use std::{collections::VecDeque, sync::Arc};

use crossbeam_utils::CachePadded;

use super::{Hand, Slot, Stash, parked::Parked, stash::SharedStash};
use crate::{
    accounts::Skipped,
    sync::atomic::{AtomicU64, Ordering},
};

/// A cursor on the log.
pub(crate) struct Reader<M> {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// How many readers the log had before it.
    pub(super) number: u64,
    /// The first position that it has not taken from the ring.
    pub(super) next: u64,
    /// Positions passed under the log's lock; together with the stash's count it makes `passed`.
    pub(super) direct: u64,
    /// Whether the stash may hold something.
    pub(super) stashed: bool,
    /// What the stash's `ask` is.
    pub(super) asked: bool,
    pub(super) stash: SharedStash<M>,
    /// Messages that come before the stash, each with its position: kept or handed back from elsewhere.
    pub(super) backlog: VecDeque<(u64, Slot<M>)>,
    pub(super) parked: Parked,
    pub(super) members: u32,
    /// Requests ahead of it that gave up their place.
    pub(super) dead: u64,
    /// How many messages left the backlog.
    pub(super) from_backlog: u64,
    /// Where it started, and how many messages from before that it was given.
    pub(super) start: u64,
    pub(super) adopted: u64,
    pub(super) skipped: Skipped,
    /// Of a group that ever had a member: its deliveries that are in hand.
    pub(super) hand: Option<Arc<Hand>>,
    pub(super) warned: bool,
    /// Of a lossy reader: the position of the first message of its batch when it was last here; the end of time without.
    pub(super) batch_from: u64,
    /// Of a lossy reader: how much it took and did not hand out.
    pub(super) unread: Option<Arc<CachePadded<AtomicU64>>>,
}

/// What sort of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Group(Durability),
    Subscriber,
    Lossy,
    /// A group that was removed while members were there; they learn it at their next `recv`.
    Removed,
}

/// Whether a group outlives its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    Durable,
    Ephemeral,
}

impl<M> Reader<M> {
    pub(super) fn new(kind: Kind, name: String, start: u64) -> Self {
        Self {
            kind,
            name,
            number: 0,
            next: start,
            direct: start,
            stashed: false,
            asked: false,
            stash: Stash::shared(),
            backlog: VecDeque::new(),
            parked: Parked::new(),
            members: 0,
            dead: 0,
            from_backlog: 0,
            start,
            adopted: 0,
            skipped: Skipped::default(),
            hand: None,
            warned: false,
            batch_from: u64::MAX,
            unread: None,
        }
    }

    #[inline]
    pub(super) fn is_lossless(&self) -> bool {
        matches!(self.kind, Kind::Group(_) | Kind::Subscriber)
    }

    #[inline]
    pub(super) fn is_group(&self) -> bool {
        matches!(self.kind, Kind::Group(_))
    }

    /// How many positions it has passed: handed out or skipped. Without a stash it is all it took from the ring.
    #[inline]
    pub(super) fn passed(&self) -> u64 {
        if self.stashed { self.direct + self.stash.lock().popped } else { self.next }
    }

    /// Up to where it leaves the senders free, with so many positions passed: what ahead of it needs no place comes on
    /// top, what it was given off, and so do the requests behind it that are kept for a group to come.
    #[inline]
    pub(super) fn floor(&self, passed: u64, orphans: &VecDeque<(u64, Slot<M>)>) -> u64 {
        let kept =
            self.backlog.len() + if orphans.is_empty() { 0 } else { self.orphans_behind(passed, orphans) };
        (passed + self.dead).saturating_sub(kept as u64)
    }

    /// Without those that it was given itself, as a message.
    #[cold]
    fn orphans_behind(&self, passed: u64, orphans: &VecDeque<(u64, Slot<M>)>) -> usize {
        let given = |at: &u64| self.backlog.binary_search_by_key(at, |(other, _)| *other).is_ok();
        orphans.iter().take_while(|(at, _)| *at < passed).filter(|(at, _)| !given(at)).count()
    }

    /// How many deliveries exist that were taken here.
    pub(super) fn in_hand(&self) -> u64 {
        self.hand.as_ref().map_or(0, |hand| hand.count())
    }

    pub(super) fn left(&self, tail: u64) -> u64 {
        match self.kind {
            Kind::Removed => 0,
            Kind::Lossy => {
                tail - self.next + self.unread.as_ref().map_or(0, |unread| unread.load(Ordering::Relaxed))
            }
            Kind::Group(_) | Kind::Subscriber => tail - self.passed() + self.backlog.len() as u64,
        }
    }
}
