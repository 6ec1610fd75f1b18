use std::{ops::Deref, panic::RefUnwindSafe, sync::Arc};

use crossbeam_utils::CachePadded;

use super::{
    Batch, InFlight, LaneIndex, Ledger, Queue, Taken,
    lane::{Run, Sorted},
    queues::Queues,
    sampled::Sampled,
};
use crate::sync::{
    Mutex, Rank,
    atomic::{AtomicUsize, Ordering},
};

/// What one lossless reader has to take. The members of a group share one.
pub(crate) struct Inbox<M> {
    /// What was pulled of each lane.
    pub(super) queues: Queues<M>,
    /// Up to this number messages in `main` go the short way: 0 where somebody has to look at each, as where `serve` says
    /// so, and in a channel with lanes without a run.
    until: u64,
    /// How many messages left it.
    pub(super) passed: u64,
    /// For each lane whether senders wait for it and this is one of the fullest inboxes: whoever takes a message of it here, or
    /// settles one, serves them. And whether it is [paused](PAUSED), or [keeps](KEEPS) what it hands out.
    serve: u8,
    /// Of a channel with lanes.
    pub(super) sorted: Option<Box<Sorted>>,
    /// What a group that acknowledges has handed out and not settled.
    pub(super) ledger: Option<Box<Ledger<M>>>,
    /// The samples here, and what they told.
    pub(super) sampled: Option<Box<Sampled>>,
}

/// What a look for whose turn it is came to.
pub(super) enum Turn<M> {
    Took(Taken<M>),
    /// A run began, while these lanes wait.
    Begun(u8),
    /// The next message is in this lane's intake.
    InIntake(LaneIndex),
    Nowhere,
}

/// Nothing is handed out here: beside the lanes in [`Inbox::serve`], so that the short way out need not look for it.
const PAUSED: u8 = 1 << 7;

/// It has a ledger, so no message goes from here the short way.
const KEEPS: u8 = 1 << 6;

/// An inbox under its lock, and where its reader is.
pub(crate) struct SharedInbox<M>(Arc<CachePadded<Place<M>>>);

pub(crate) struct Place<M> {
    /// The reader's place among the log's readers; kept and read under the log's lock.
    place: AtomicUsize,
    inbox: Mutex<Inbox<M>>,
}

// Of the user's code, only what a ledger needs runs under its lock; and that it panics is caught there.
impl<M> RefUnwindSafe for Place<M> {}

/// The place of a reader that is gone.
const GONE: usize = usize::MAX;

impl<M> Inbox<M> {
    /// Whether its group acknowledges what it is given.
    #[cfg(feature = "chaos")]
    pub(crate) fn acknowledges(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.acks())
    }

    /// The next message. None if there is none here, or a more urgent one in the intake; or if the log is to say whose turn it
    /// is.
    #[inline(always)]
    pub(crate) fn pop(&mut self, in_flight: Option<&InFlight>) -> Option<Taken<M>> {
        if self.is_paused() {
            return None;
        }
        if self.sorted.is_some() {
            return self.pop_sorted(in_flight);
        }
        let taken = self.queues.main.take(in_flight)?;
        self.passed += 1;
        self.sample(taken.number, &taken.guard);
        Some(taken)
    }

    /// The same of a channel with lanes.
    #[inline(never)]
    fn pop_sorted(&mut self, in_flight: Option<&InFlight>) -> Option<Taken<M>> {
        let sorted = self.sorted.as_deref_mut()?;
        if let Some(run) = &sorted.run {
            sorted.last = run.lane;
            if self.queues.main.front() >= run.end {
                return None;
            }
            let taken = self.queues.main.take_numbered(in_flight)?;
            self.passed += 1;
            self.sample(taken.number, &taken.guard);
            self.renew();
            return Some(taken);
        }
        let (at, waiting) = sorted.turn(&self.queues, 0)?;
        let queue = &mut self.queues[at];
        if queue.len() > 1 && queue.is_plain() {
            return None; // where there may be a run, only the log begins one
        }
        let taken = queue.take_numbered(in_flight)?; // none, if it is in the intake
        sorted.took(at, taken.number, waiting);
        self.passed += 1;
        self.sample(taken.number, &taken.guard);
        Some(taken)
    }

    /// Takes the next message, or begins a run of several, if that is how it is: those lanes that wait meanwhile. The log's
    /// lock must be held, and no run be.
    pub(super) fn take_turn(&mut self, in_flight: Option<&InFlight>) -> Turn<M> {
        let Some(sorted) = self.sorted.as_deref_mut() else { return Turn::Nowhere };
        let Some((at, waiting)) = sorted.turn(&self.queues, 0) else { return Turn::Nowhere };
        let queue = &mut self.queues[at];
        let run = if queue.is_plain() { sorted.bypass.run(at - 1, waiting) } else { 1 };
        if run.min(queue.len() as u64) <= 1 {
            let Some(taken) = queue.take_numbered(in_flight) else { return Turn::InIntake(at) };
            sorted.took(at, taken.number, waiting);
            self.passed += 1;
            self.sample(taken.number, &taken.guard);
            return Turn::Took(taken);
        }
        let from = queue.front();
        let end = from.saturating_add(run);
        sorted.run = Some(Run { lane: at, from, end, waiting });
        self.queues.raise(at);
        self.renew();
        Turn::Begun(waiting)
    }

    /// Ends a run: what of it was taken counts.
    pub(super) fn end_run(&mut self) {
        if let Some(sorted) = &mut self.sorted
            && let Some(run) = sorted.run.take()
        {
            let taken = self.queues.main.front().min(run.end).saturating_sub(run.from);
            if taken > 0 {
                sorted.bypass.took(run.lane - 1, run.waiting, u32::try_from(taken).unwrap_or(u32::MAX));
            }
            self.queues.lower();
            self.renew();
        }
    }

    /// Says anew what goes the short way.
    pub(super) fn renew(&mut self) {
        self.until = match &self.sorted {
            _ if self.serve != 0 => 0,
            None => u64::MAX,
            Some(sorted) => sorted.run.as_ref().map_or(0, |run| run.end.min(self.queues.main.even_until())),
        };
        if self.sampled.is_some() {
            self.until = self.until.min(self.first_sample());
        }
    }

    /// How many messages its reader may look for here before it asks the log.
    #[inline]
    pub(crate) fn hint(&self) -> usize {
        let main = &self.queues.main;
        if self.sorted.is_none() || main.front() < self.until { main.len() } else { 0 }
    }

    /// The message of this number was taken and not handed out.
    pub(super) fn skipped(&mut self, seq: u64) {
        if let Some(sorted) = &mut self.sorted {
            sorted.skipped(seq);
        }
    }

    /// Whether the next `count` messages, at least one, may be popped the short way: they are here, and without tags, nobody asks to be
    /// served, and no storage is to be given back after them.
    #[inline(always)]
    pub(crate) fn is_plain(&self, count: usize) -> bool {
        // Without tags no request can be over and no number missing; and up to `until` no sender sleeps for this place and no
        // other lane's turn comes. That the inbox ran empty, the log learns when its reader comes for more.
        let main = &self.queues.main;
        main.front() < self.until
            && (count == 1 || main.front() + count as u64 <= self.until)
            && !main.has_tags()
            && main.has(count)
    }

    /// The next message, once [`is_plain`](Self::is_plain) has said yes.
    #[inline(always)]
    pub(crate) fn pop_plain(&mut self) -> Option<M> {
        debug_assert!(self.queues.main.is_plain(), "what is counted here is popped");
        self.passed += 1;
        self.queues.main.pop_plain()
    }

    /// The sequence number of the next message, once [`is_plain`](Self::is_plain) has said yes.
    #[inline(always)]
    pub(crate) fn front(&self) -> u64 {
        self.queues.main.front_seq()
    }

    /// How many messages are here.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.queues.iter().map(Queue::len).sum()
    }

    /// Up to `most` messages, if they are without tags; how many.
    #[inline]
    pub(crate) fn pop_many<T, B: Batch<M, T>>(
        &mut self,
        most: usize,
        in_flight: Option<&InFlight>,
        into: &mut B,
    ) -> usize {
        if self.is_paused() {
            return 0;
        }
        let mut most = most;
        if self.sampled.is_some() {
            let before = self.first_sample().saturating_sub(self.queues.main.front());
            most = most.min(usize::try_from(before).unwrap_or(usize::MAX));
        }
        if let Some(sorted) = &mut self.sorted {
            let main = &mut self.queues.main;
            let Some(run) = &sorted.run else { return 0 };
            let even = run.end.min(main.even_until()).saturating_sub(main.front());
            most = most.min(usize::try_from(even).unwrap_or(usize::MAX));
            sorted.last = run.lane;
        }
        let count = self.queues.main.take_plain_many(most, in_flight, into);
        self.passed += count as u64;
        if self.sorted.is_some() {
            self.renew();
        }
        count
    }

    /// Gives the storage of a burst back, once it is drained.
    #[inline]
    pub(crate) fn give_back(&mut self) {
        // With lanes that is done at the log, where whoever finds a lane empty comes to.
        if self.queues.main.is_empty() {
            self.queues.main.give_back(0);
        }
    }

    /// Whether a lane is empty here; then nobody need be served, and the storage of a burst is given back.
    #[inline]
    pub(super) fn rest_in(&mut self, at: LaneIndex) -> bool {
        let empty = self.queues[at].is_empty() && self.ledger.is_none();
        if empty {
            self.set_serve(at, false);
            self.queues[at].give_back(0);
        }
        empty
    }

    /// The same of a channel without lanes.
    #[inline]
    pub(super) fn rest(&mut self) -> bool {
        self.rest_in(0)
    }

    /// Whether its channel has lanes.
    pub(crate) fn is_sorted(&self) -> bool {
        self.sorted.is_some()
    }

    /// Whether whoever popped the last message is to serve those who wait.
    #[inline(always)]
    pub(crate) fn asks_for_service(&self) -> bool {
        self.serve & !PAUSED != 0
            && self.serve >> self.sorted.as_ref().map_or(0, |sorted| sorted.last) & 1 != 0
    }

    /// Whether whoever takes something here has more to look at.
    #[inline(always)]
    pub(super) fn is_asked(&self) -> bool {
        self.serve != 0
    }

    /// Whether senders wait for what is taken here, or settled.
    pub(super) fn serves(&self) -> bool {
        self.serve & !(PAUSED | KEEPS) != 0
    }

    /// What it hands out is kept from now on.
    pub(super) fn keep(&mut self, ledger: Ledger<M>) {
        self.ledger = Some(Box::new(ledger));
        self.serve |= KEEPS;
        self.renew();
    }

    pub(super) fn set_serve(&mut self, at: LaneIndex, serve: bool) {
        self.serve = self.serve & !(1 << at) | u8::from(serve) << at;
        self.renew();
    }

    #[inline(always)]
    pub(super) fn is_paused(&self) -> bool {
        self.serve & PAUSED != 0
    }

    pub(super) fn set_paused(&mut self, paused: bool) {
        self.serve = self.serve & !PAUSED | if paused { PAUSED } else { 0 };
        self.renew();
    }
}

impl<M> SharedInbox<M> {
    /// `sorted`: how it goes through so many lanes besides the first.
    pub(super) fn new(place: usize, lanes: usize, sorted: Option<Box<Sorted>>) -> Self {
        let mut inbox = Inbox {
            queues: Queues::new(lanes),
            until: 0,
            passed: 0,
            serve: 0,
            sorted,
            ledger: None,
            sampled: None,
        };
        inbox.renew();
        Self(Arc::new(CachePadded::new(Place {
            place: AtomicUsize::new(place),
            inbox: Mutex::new(Rank::Inbox, inbox),
        })))
    }

    /// The reader's place. The log's lock must be held.
    #[inline(always)]
    pub(super) fn place(&self) -> usize {
        self.0.place.load(Ordering::Relaxed)
    }

    pub(super) fn set_place(&self, place: usize) {
        self.0.place.store(place, Ordering::Relaxed);
    }

    /// The reader is gone: a group was removed while it had members.
    pub(super) fn set_gone(&self) {
        self.set_place(GONE);
    }
}

impl<M> Clone for SharedInbox<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> Deref for SharedInbox<M> {
    type Target = Mutex<Inbox<M>>;

    fn deref(&self) -> &Mutex<Inbox<M>> {
        &self.0.inbox
    }
}
