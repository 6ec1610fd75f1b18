use std::{collections::VecDeque, panic::Location, task::Waker};

use super::{
    Effects, Gate, Kind, LaneIndex, Log, Member, ReaderFacts, Record, Tag, WaitId, WaitList, lane::Lane,
    log::wake, marks::Marks, per_lane::PerLane, queue::cloned,
};
use crate::{
    error::Lagged,
    message::Priority,
    request::AnyCell,
    stats::{Caller, Skipped},
    tasks::Who,
    traced::Origin,
};

/// The recorders of a log. Each has a tape, to which a message is copied under the lock that admits it: what lies beside it is
/// still there then, and what came before it is on the tape.
///
/// While there is one, [`Log::parked`] counts one more, so that no sender passes [`Log::after_push`] by.
pub(super) struct Tapes<M> {
    tapes: Vec<Tape<M>>,
    clone: fn(&M) -> Option<M>,
}

pub(super) struct Tape<M> {
    /// How many readers the log had before it.
    pub(super) number: u64,
    /// The sequence number of the first message that it is to get.
    start: u64,
    /// That of the next one that its recorder is to get, or to learn that it is missing.
    next: u64,
    records: VecDeque<Record<M>>,
    /// So many are kept.
    depth: u64,
    /// Whether senders wait when so many are there; otherwise the oldest goes.
    lossless: bool,
    /// How many it has handed out.
    handed: u64,
    /// How many messages' clones panicked.
    panicked: u64,
    /// The recorder.
    recorder: Member,
    /// How many its recorder waits for.
    wanted: u64,
    parked: WaitList,
    /// Why what it hands out is not kept any more.
    failure: Option<Box<str>>,
}

/// What is known of a message besides itself.
struct Beside {
    class: Priority,
    deadline: Option<tokio::time::Instant>,
    is_request: bool,
    origin: Option<Origin>,
}

impl Beside {
    fn new(class: Priority, tag: Option<&Tag>, origin: Option<Origin>) -> Self {
        Self {
            class,
            deadline: tag.and_then(|tag| tag.request.cell().and_then(AnyCell::deadline)),
            is_request: tag.is_some_and(|tag| tag.request.is_request()),
            origin,
        }
    }
}

impl<M> Tape<M> {
    /// How many there are to be handed out or told of, when so many were admitted.
    fn pending(&self, tail: u64) -> u64 {
        tail - self.next
    }

    /// How many are on it.
    pub(super) fn left(&self) -> u64 {
        self.records.len() as u64
    }

    pub(super) fn accepted(&self, tail: u64) -> u64 {
        tail - self.start
    }

    pub(super) fn handed(&self) -> u64 {
        self.handed
    }

    /// What is not on it, whether its recorder knows already or not.
    pub(super) fn skipped(&self, tail: u64) -> Skipped {
        let lost = self.accepted(tail) - self.handed - self.left();
        Skipped { missed: lost - self.panicked, panicked: self.panicked, ..Skipped::default() }
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.as_deref().map(str::to_owned)
    }

    pub(super) fn callers(&self) -> impl Iterator<Item = &Caller> + '_ {
        self.parked.callers()
    }

    /// How many places it takes of the lane of this gate, if senders wait for it: as many as leave those that it can still
    /// hold, less what is reserved of them in other lanes.
    pub(super) fn places(&self, gate: &Gate, lanes: &PerLane<Lane<M>>) -> Option<u64> {
        let reserved: u64 = lanes.iter().map(|lane| lane.gate.reserved()).sum();
        let free = self.depth.saturating_sub(self.left() + reserved - gate.reserved());
        self.lossless.then(|| gate.capacity.saturating_sub(free))
    }

    pub(super) fn facts(&self, tail: u64) -> ReaderFacts {
        ReaderFacts {
            number: self.number,
            kind: Kind::Recorder,
            name: String::new(),
            members: vec![self.recorder.clone()],
            left: self.left(),
            passed: self.accepted(tail) - self.left(),
            in_flight: 0,
            paused: false,
            was_joined: true,
            keeps: false,
            parked: self.parked.waits().collect(),
        }
    }

    /// Takes one more, or none, as its clone panicked; the oldest that goes for it.
    fn add(&mut self, record: Option<Record<M>>) -> Option<M> {
        let Some(record) = record else {
            self.panicked += 1;
            return None;
        };
        let is_full = !self.lossless && self.left() >= self.depth;
        let oldest = if is_full { self.records.pop_front() } else { None };
        self.records.push_back(record);
        oldest.map(|oldest| oldest.message)
    }

    /// Gives storage back that is far more than what is here and was there when its recorder looked: one that empties it at each
    /// look would have it made anew for the next.
    fn give_back(&mut self, before: usize) {
        let needed = before.max(64);
        if self.records.capacity() / 8 > needed {
            self.records.shrink_to(2 * needed);
        }
    }

    /// Wakes its recorder, if it has what it waits for.
    fn wake(&mut self, tail: u64, over: bool, effects: &mut Effects<M>) {
        if !self.parked.is_empty() && (over || self.pending(tail) >= self.wanted) {
            wake(&mut self.parked, u64::MAX, effects);
        }
    }
}

impl<M> Tapes<M> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Tape<M>> {
        self.tapes.iter()
    }

    fn get(&mut self, number: u64) -> Option<&mut Tape<M>> {
        self.tapes.iter_mut().find(|tape| tape.number == number)
    }

    fn add(&mut self, message: &M, seq: u64, beside: &Beside, effects: &mut Effects<M>) {
        let Beside { class, deadline, is_request, origin } = *beside;
        for tape in &mut self.tapes {
            let clone = (self.clone)(message);
            let record = clone.map(|message| Record { seq, class, deadline, is_request, origin, message });
            effects.dropped.extend(tape.add(record));
        }
    }

    /// The same with a message that nobody else wants: the last tape gets it itself, and what goes for it there comes back.
    fn give(&mut self, message: M, seq: u64, beside: &Beside, effects: &mut Effects<M>) -> Option<M> {
        let Beside { class, deadline, is_request, origin } = *beside;
        let record = |message| Record { seq, class, deadline, is_request, origin, message };
        let Some((last, others)) = self.tapes.split_last_mut() else { return Some(message) };
        for tape in others {
            effects.dropped.extend(tape.add((self.clone)(&message).map(record)));
        }
        last.add(Some(record(message)))
    }

    fn wake(&mut self, tail: u64, over: bool, effects: &mut Effects<M>) {
        self.tapes.iter_mut().for_each(|tape| tape.wake(tail, over, effects));
    }
}

impl<M: Clone> Log<M> {
    /// A new recorder, from the next message on; its number. Nobody waits for it, or everybody does when it is `depth` behind.
    pub(crate) fn open_tape(&mut self, depth: u64, lossless: bool, at: &'static Location<'static>) -> u64 {
        let (number, start) = (self.readers_made, self.tail());
        self.readers_made += 1;
        self.onlookers += 1;
        let tapes = self.tapes.get_or_insert_with(|| {
            self.parked += 1;
            Box::new(Tapes { tapes: Vec::new(), clone: cloned })
        });
        tapes.tapes.push(Tape {
            number,
            start,
            next: start,
            records: VecDeque::new(),
            depth,
            lossless,
            handed: 0,
            panicked: 0,
            recorder: Member::new(number, at),
            wanted: 0,
            parked: WaitList::new(),
            failure: None,
        });
        if lossless {
            self.marks.set(Marks::TAPED | Marks::UNEVEN, true);
            self.lanes.iter_mut().for_each(|lane| lane.credit = 0);
        }
        number
    }
}

impl<M> Log<M> {
    /// A recorder leaves.
    pub(crate) fn leave_tape(&mut self, number: u64, effects: &mut Effects<M>) {
        let tail = self.tail();
        let Some(tapes) = &mut self.tapes else { return };
        let Some(place) = tapes.tapes.iter().position(|tape| tape.number == number) else { return };
        self.onlookers -= 1;
        let mut gone = tapes.tapes.remove(place);
        let figures = gone.figures(tail);
        effects.wakers_dropped.extend(gone.parked.clear());
        effects.dropped.extend(gone.records.drain(..).map(|record| record.message));
        let taped = tapes.tapes.iter().any(|tape| tape.lossless);
        self.marks.set(Marks::TAPED, taped);
        if tapes.tapes.is_empty() {
            self.tapes = None;
            self.parked -= 1;
        }
        self.remember(figures, None, self.closed);
        self.serve(effects);
    }

    /// Copies the last `count` messages, which have just come into a log without lanes from this sender, and wakes who waits for them. A
    /// message that went for one of them comes back: it is to be dropped without the lock.
    #[inline]
    pub(crate) fn record_last(&mut self, count: u64, sender: u32, effects: &mut Effects<M>) -> Option<M> {
        let Self { tapes: Some(tapes), lanes, lossy, trace, .. } = self else { return None };
        let mut gone = None;
        if !lanes.are_several() {
            let intake = &mut lanes.main.intake;
            let is_recorded_only = !self.keeps && lossy.readers.is_empty();
            let only = if is_recorded_only && intake.len() == 1 { intake.pop_plain() } else { None };
            if let Some(message) = only {
                let origin = trace.as_ref().map(|trace| trace.origin(sender));
                let (seq, beside) = (intake.end() - 1, Beside::new(Priority::Normal, None, origin));
                gone = tapes.give(message, seq, &beside, effects);
            } else {
                for (seq, message, tag) in intake.last(count as usize) {
                    let origin = trace.as_ref().map(|trace| trace.origin(sender));
                    tapes.add(message, seq, &Beside::new(Priority::Normal, tag, origin), effects);
                }
                if is_recorded_only {
                    effects.drop_all(intake); // it was there to be copied only
                }
            }
        }
        let tail = self.tail();
        if let Some(tapes) = &mut self.tapes {
            tapes.wake(tail, false, effects);
        }
        gone
    }

    /// Copies a message that is coming into a lane.
    pub(super) fn record_in(
        &mut self,
        at: LaneIndex,
        message: &M,
        tag: Option<&Tag>,
        sender: u32,
        effects: &mut Effects<M>,
    ) {
        let Self { tapes: Some(tapes), lanes, classes, trace, .. } = self else { return };
        let class = classes.as_ref().map_or(Priority::Normal, |classes| classes.class(at));
        let origin = trace.as_ref().map(|trace| trace.origin(sender));
        tapes.add(message, lanes.main.intake.end(), &Beside::new(class, tag, origin), effects);
    }

    /// Wakes every recorder: nothing more will come.
    pub(super) fn wake_tapes(&mut self, effects: &mut Effects<M>) {
        let tail = self.tail();
        if let Some(tapes) = &mut self.tapes {
            tapes.wake(tail, true, effects);
        }
    }

    /// The least depth of those that hold senders.
    pub(super) fn least_tape(&self) -> Option<u64> {
        let tapes = self.tapes.iter().flat_map(|tapes| tapes.iter());
        tapes.filter(|tape| tape.lossless).map(|tape| tape.depth).min()
    }

    /// How many places of a lane the fullest lossless tape takes.
    pub(super) fn taped_places(&self, at: LaneIndex) -> u64 {
        let Some(tapes) = self.tapes.as_ref().filter(|_| self.marks.has(Marks::TAPED)) else { return 0 };
        tapes.iter().filter_map(|tape| tape.places(&self.lanes[at].gate, &self.lanes)).max().unwrap_or(0)
    }

    /// Hands up to `most` of what is on a tape to its recorder, and where messages are missing, how many; how many items.
    pub(crate) fn take_tape(
        &mut self,
        number: u64,
        most: usize,
        into: &mut impl Extend<Result<Record<M>, Lagged>>,
        effects: &mut Effects<M>,
    ) -> usize {
        let tail = self.tail();
        let Some(tape) = self.tapes.as_mut().and_then(|tapes| tapes.get(number)) else { return 0 };
        tape.recorder.who = Some(Who::here());
        let (mut given, before) = (0, tape.records.len());
        into.extend(std::iter::from_fn(|| {
            if given == most {
                return None;
            }
            let there = tape.records.front().map_or(tail, |record| record.seq);
            let item = if tape.next < there {
                let missed = there - tape.next;
                tape.next = there;
                Err(Lagged { missed })
            } else {
                let record = tape.records.pop_front()?;
                tape.next += 1;
                tape.handed += 1;
                Ok(record)
            };
            given += 1;
            Some(item)
        }));
        if tape.records.is_empty() {
            tape.give_back(before);
        }
        if self.marks.has(Marks::TAPED) {
            self.serve(effects);
        }
        given
    }

    /// How many items a recorder has at least: 0 means that nothing is there, and none that nothing will come.
    pub(crate) fn tape_has(&self, number: u64) -> Option<u64> {
        let tape = self.tapes.as_ref().and_then(|tapes| tapes.iter().find(|tape| tape.number == number))?;
        let pending = tape.pending(self.tail());
        (pending > 0 || !self.is_over()).then_some(pending)
    }

    /// What a recorder is given is not kept any more.
    pub(crate) fn fail_tape(&mut self, number: u64, why: Box<str>) {
        if let Some(tape) = self.tapes.as_mut().and_then(|tapes| tapes.get(number)) {
            tape.failure = Some(why);
        }
    }

    /// How many messages a recorder has yet to get.
    pub(crate) fn tape_left(&self, number: u64) -> u64 {
        let tapes = self.tapes.iter().flat_map(|tapes| tapes.iter());
        tapes.filter(|tape| tape.number == number).map(Tape::left).sum()
    }

    /// Parks a recorder until so many are there, or keeps its waker current; the old one comes back, if replaced.
    pub(crate) fn park_tape(
        &mut self,
        number: u64,
        wanted: u64,
        id: Option<WaitId>,
        waker: &Waker,
        caller: impl FnOnce() -> Caller,
        replaced: &mut Option<Waker>,
    ) -> Option<WaitId> {
        let fresh = self.next_id();
        let tape = self.tapes.as_mut().and_then(|tapes| tapes.get(number))?;
        tape.wanted = wanted;
        tape.recorder.who = Some(Who::here());
        let (id, old) = tape.parked.wait(id, fresh, waker, true, caller);
        *replaced = old;
        Some(id)
    }

    /// A recorder waits no more.
    pub(crate) fn unpark_tape(&mut self, number: u64, id: WaitId, effects: &mut Effects<M>) {
        let tape = self.tapes.as_mut().and_then(|tapes| tapes.get(number));
        if let Some(waiter) = tape.and_then(|tape| tape.parked.remove(id)) {
            effects.drop_waker(waiter.waker);
        }
    }

    /// Has all that is on tapes dropped: no handle is left.
    pub(super) fn clear_tapes(&mut self, effects: &mut Effects<M>) {
        for tape in self.tapes.iter_mut().flat_map(|tapes| &mut tapes.tapes) {
            effects.dropped.extend(tape.records.drain(..).map(|record| record.message));
        }
    }
}
