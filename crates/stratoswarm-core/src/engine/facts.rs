//! What a look at a log sees that is to tell why nothing moves: who waits, who holds what, and whom readers belong to. It is
//! read from the queues and lists themselves, and gives up where a lock is held for long.

use std::{panic::Location, time::Duration};

use tokio::time::Instant;

use super::{
    Gate, Kind, LaneIndex, Log, Reader, SharedInbox, WaitList, gate::in_lane, marks::Marks, reading::Seat,
};
use crate::{clock::Moment, stats::Caller, tasks::Who, waiting::Wait};

/// One log at one moment.
pub(crate) struct LogFacts {
    pub(crate) closed: bool,
    /// How many messages were admitted.
    pub(crate) sent: u64,
    pub(crate) lanes: Vec<LaneFacts>,
    /// Those that hold senders, and the groups and recorders that do not.
    pub(crate) readers: Vec<ReaderFacts>,
    /// Who waits for the close, or for the last reader to go.
    pub(crate) ending: Vec<Wait>,
}

/// One lane of a log; the only one, where there are no lanes.
pub(crate) struct LaneFacts {
    pub(crate) capacity: u64,
    /// Who waits for a place.
    pub(crate) line: Vec<Wait>,
    /// Who was granted one and has not taken it.
    pub(crate) granted: Vec<Wait>,
    pub(crate) permits: Vec<Wait>,
    /// Requests that wait for a group.
    pub(crate) unserved: Vec<Wait>,
    /// The readers, by their numbers, each of which has to take something before there is room.
    pub(crate) floor: Vec<u64>,
    /// How many places the fullest reader takes.
    pub(crate) depth: u64,
    /// When the next message that is queued expires and gives up its place, if one does; requests apart.
    pub(crate) expires: Option<Instant>,
}

/// One reader.
pub(crate) struct ReaderFacts {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    /// A group's.
    pub(crate) name: String,
    pub(crate) members: Vec<Member>,
    /// What it has yet to get.
    pub(crate) left: u64,
    /// How many messages it was done with.
    pub(crate) passed: u64,
    pub(crate) in_flight: u64,
    pub(crate) paused: bool,
    /// Whether it ever had a member.
    pub(crate) was_joined: bool,
    /// It acknowledges: what it was handed it may have to settle before it is handed more.
    pub(crate) keeps: bool,
    pub(crate) parked: Vec<Wait>,
}

/// A handle that reads.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) number: u64,
    /// Where it was made.
    pub(crate) at: &'static Location<'static>,
    pub(crate) made: Moment,
    /// Who polled it last, if somebody did.
    pub(crate) who: Option<Who>,
}

impl Member {
    pub(super) fn new(number: u64, at: &'static Location<'static>) -> Self {
        Self { number, at, made: Moment::now(), who: None }
    }
}

/// A member, which is known by its number.
pub(crate) struct MemberSeat<'a, M>(pub(crate) &'a SharedInbox<M>, pub(crate) u64);

impl<M> Seat<M> for MemberSeat<'_, M> {
    fn parked<'a>(&self, log: &'a mut Log<M>) -> Option<&'a mut WaitList> {
        self.0.parked(log)
    }

    fn parks(&self, log: &mut Log<M>, caller: &Caller) {
        log.member_seen(self.0, self.1, caller.who);
    }
}

impl<M> Log<M> {
    /// A handle that reads has come, which was made there; its number.
    pub(crate) fn list_member(&mut self, inbox: &SharedInbox<M>, at: &'static Location<'static>) -> u64 {
        let number = self.next_id().get();
        if let Some(reader) = self.readers.get_mut(inbox.place()) {
            reader.listed.reserve_exact(1); // most groups have few
            reader.listed.push(Member::new(number, at));
        }
        number
    }

    pub(crate) fn unlist_member(&mut self, inbox: &SharedInbox<M>, number: u64) {
        if let Some(reader) = self.readers.get_mut(inbox.place()) {
            reader.listed.retain(|member| member.number != number);
        }
    }

    /// Whether senders wait: then it matters whose its readers are.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.gate.line.is_empty())
    }

    /// Somebody polls it.
    pub(crate) fn member_seen(&mut self, inbox: &SharedInbox<M>, number: u64, who: Who) {
        let reader = self.readers.get_mut(inbox.place());
        let member = reader.and_then(|reader| reader.listed.iter_mut().find(|it| it.number == number));
        if let Some(member) = member {
            member.who = Some(who);
        }
    }

    /// What a look sees; none if an inbox is locked for longer than this.
    pub(crate) fn facts(&self, now: Instant, within: Duration) -> Option<LogFacts> {
        let mut readers = Vec::with_capacity(self.readers.len()); // `collect` would make room for four large ones
        for reader in &self.readers {
            readers.push(ReaderFacts::of(reader, self, within)?);
        }
        readers.extend(self.tapes.iter().flat_map(|tapes| tapes.iter()).map(|tape| tape.facts(self.tail())));
        let mut lanes = Vec::with_capacity(1);
        for at in self.lanes.read() {
            lanes.push(self.lane_facts(at, now, within)?);
        }
        Some(LogFacts {
            closed: self.closed,
            sent: self.tail(),
            lanes,
            readers,
            ending: self.closing.waits().chain(self.deserting.waits()).collect(),
        })
    }

    fn lane_facts(&self, at: LaneIndex, now: Instant, within: Duration) -> Option<LaneFacts> {
        let lane = &self.lanes[at];
        let gate: &Gate = &lane.gate;
        let (mut places, mut expires) = (Vec::new(), lane.intake.next_expiry());
        for reader in &self.readers {
            let inbox = reader.inbox.try_lock_for(within)?;
            expires = expires.into_iter().chain(inbox.next_expiry(at, now)).min();
            if reader.drops {
                continue;
            }
            let seat = &reader.seats[at];
            let waiting = lane.intake.end() - seat.next - seat.released + inbox.places(at);
            let in_lane = in_lane(reader.buffer, gate.capacity, waiting);
            places.push((reader.number, in_lane));
        }
        if self.marks.has(Marks::TAPED) {
            let tapes = self.tapes.iter().flat_map(|tapes| tapes.iter());
            places.extend(tapes.filter_map(|tape| Some((tape.number, tape.places(gate, &self.lanes)?))));
        }
        let kept = if self.readers.is_empty() { lane.kept_places() } else { 0 };
        let full = gate.capacity.saturating_sub(gate.reserved());
        let depth = places.iter().map(|(_, places)| *places).max().unwrap_or(0).max(kept);
        let floor = places.into_iter().filter(|(_, places)| *places > 0 && *places >= full);
        Some(LaneFacts {
            capacity: gate.capacity,
            line: gate.line.waits().collect(),
            granted: gate.granted.waits().collect(),
            permits: gate.permits.waits().collect(),
            unserved: gate.unserved.waits().collect(),
            floor: floor.map(|(number, _)| number).collect(),
            depth,
            expires,
        })
    }
}

impl ReaderFacts {
    fn of<M>(reader: &Reader<M>, log: &Log<M>, within: Duration) -> Option<Self> {
        let inbox = reader.inbox.try_lock_for(within)?;
        let left = reader.not_pulled(&log.lanes) + inbox.left() as u64;
        let passed = reader.seats.iter().map(|seat| seat.passed).sum::<u64>() + inbox.passed();
        drop(inbox);
        Some(Self {
            number: reader.number,
            kind: reader.kind,
            name: reader.name.clone(),
            members: reader.listed.clone(),
            left,
            passed,
            in_flight: reader.in_flight(),
            paused: reader.paused,
            was_joined: reader.in_flight.is_some() || reader.members > 0,
            keeps: reader.keeps,
            parked: reader.parked.waits().collect(),
        })
    }
}
