use std::{
    any::Any,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    Body, Digest, Fault, LeaseCommand, Outcome, Plant, SESSION_LIFE, Seen, Step,
    chain::nanoseconds,
    entry::{Decoded, decode},
    lease_table::LeaseTable,
    sessions::Sessions,
    step::Kind,
};
use crate::{At, Machine, Stopped, log::Stored};

/// How far back what others have seen can be compared.
const RING: usize = 4_096;

/// The state of a node: what all entries up to one have led to.
pub(crate) struct Replica<M> {
    state: State<M>,
    /// The chain at each of the last entries, the newest at the end.
    ring: VecDeque<Digest>,
    /// Up to where another node was seen to have read the same.
    agreed: u64,
    /// The session of this node.
    own: u64,
    plant: Plant,
    /// What this node takes for the time, where that fault is planted.
    local_time: u64,
}

/// What a snapshot has: all of it follows from the entries.
#[derive(Default, Serialize, Deserialize)]
#[serde(bound(deserialize = "M: Machine"))]
struct State<M> {
    index: u64,
    /// The log's time, in nanoseconds, which never falls.
    time: u64,
    chain: Digest,
    /// The index of the last command that was applied.
    last_command: u64,
    sessions: Sessions,
    leases: LeaseTable,
    machine: M,
}

impl<M: Machine> Replica<M> {
    /// Before the first entry.
    pub(crate) fn new(own: u64, plant: Plant) -> Self {
        Self::at(State::default(), own, plant)
    }

    /// From the body of a snapshot; none if it is not one of this machine.
    pub(crate) fn from_snapshot(body: &[u8], own: u64, plant: Plant) -> Option<Self> {
        cbor4ii::serde::from_slice(body).ok().map(|state| Self::at(state, own, plant))
    }

    fn at(state: State<M>, own: u64, plant: Plant) -> Self {
        let (ring, agreed) = (VecDeque::from([state.chain]), state.index);
        Self { state, ring, agreed, own, plant, local_time: 0 }
    }

    /// The body of a snapshot.
    pub(crate) fn to_snapshot(&self) -> Result<Vec<u8>, String> {
        cbor4ii::serde::to_vec(Vec::new(), &self.state).map_err(|error| error.to_string())
    }

    pub(crate) fn machine(&self) -> &M {
        &self.state.machine
    }

    pub(crate) fn index(&self) -> u64 {
        self.state.index
    }

    pub(crate) fn time(&self) -> u64 {
        self.state.time
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen(self.state.index, self.state.chain)
    }

    /// Whether a proposal was applied; none if its session is not known (any more).
    pub(crate) fn applied(&self, session: u64, serial: u64) -> Option<bool> {
        self.state.sessions.applied(session, serial)
    }

    /// Whether no other session is open.
    pub(crate) fn is_alone(&self, session: u64) -> bool {
        self.state.sessions.is_alone(session)
    }

    /// The token with which a lease is held at the time of the last entry.
    pub(crate) fn lease(&self, name: &str) -> Option<u64> {
        self.state.leases.token(name, self.state.time)
    }

    pub(crate) fn set_local_time(&mut self, time: u64) {
        self.local_time = time;
    }

    /// Applies the next entry. `strict` is whether this node has answered already, so that it stops when another has read another log.
    pub(crate) fn step(&mut self, stored: &Stored, strict: bool) -> Result<Step<M>, Stopped> {
        let state = &mut self.state;
        let before = (state.index, state.chain);
        state.index = stored.index;
        state.time = state.time.max(nanoseconds(stored.time));
        state.chain = before.1.chain(stored);
        let at = At::new(state.index, Duration::from_nanos(state.time));
        let entry = match decode::<M::Command>(&stored.entry) {
            Decoded::Entry(entry) => entry,
            Decoded::Foreign => {
                self.push(self.state.chain);
                return Ok(Step { session: 0, serial: 0, at, kind: Kind::Foreign, differs: false });
            }
            Decoded::Unknown(why) => return Err(Stopped::Undecodable { index: stored.index, why }),
        };
        let differs = self.compare(entry.session, entry.seen);
        if differs && strict {
            return Err(Stopped::Rewritten { agreed: self.agreed, index: entry.seen.0 });
        }
        self.push(self.state.chain);
        let (session, serial, expires) = (entry.session, entry.serial, entry.expires);
        self.state.sessions.touch(session, self.state.time);
        let kind = match entry.body {
            Body::Barrier => Kind::Barrier,
            Body::Snapshot(at, digest) => Kind::Snapshot(at, digest),
            Body::Confirm(at, _) => Kind::Confirm(at),
            Body::Lease(command) => {
                let name = command.name().to_owned();
                let outcome = match self.refused(session, serial, expires, None) {
                    Some(outcome) => outcome,
                    None => Outcome::Applied(self.lease_step(command)),
                };
                Kind::Lease(outcome, name)
            }
            Body::Command(command, only_at) => {
                let outcome = match self.refused(session, serial, expires, only_at) {
                    Some(outcome) => outcome,
                    None => Outcome::Applied(self.command_step(at, &command)?),
                };
                Kind::Command(outcome, Arc::new(command))
            }
        };
        Ok(Step { session, serial, at, kind, differs })
    }

    /// Why a proposal is not to be applied; none if it is, and it counts as applied from here on.
    fn refused<R>(
        &mut self,
        session: u64,
        serial: u64,
        expires: u64,
        only_at: Option<u64>,
    ) -> Option<Outcome<R>> {
        let time = self.state.time;
        // One for longer than a session is kept could have a copy that lands once the session is forgotten.
        let outlives = expires > time.saturating_add(SESSION_LIFE);
        if (time > expires || outlives) && !self.plant.is(Fault::NoExpiry) {
            return Some(Outcome::Expired);
        }
        if !self.state.sessions.first(session, serial) && !self.plant.is(Fault::NoSessions) {
            return Some(Outcome::Repeated);
        }
        only_at
            .filter(|&index| index < self.state.last_command)
            .map(|_| Outcome::Changed(self.state.last_command))
    }

    fn lease_step(&mut self, command: LeaseCommand) -> super::LeaseAnswer {
        let State { index, time, leases, .. } = &mut self.state;
        let now = if self.plant.is(Fault::LeaseByLocalClock) { self.local_time } else { *time };
        leases.apply(*index, now, command)
    }

    fn command_step(&mut self, at: At, command: &M::Command) -> Result<M::Response, Stopped> {
        self.state.last_command = at.index;
        let machine = &mut self.state.machine;
        catch_unwind(AssertUnwindSafe(|| machine.apply(at, command)))
            .map_err(|panic| Stopped::Panicked { index: at.index, message: message(&*panic) })
    }

    /// Whether a proposer had read another log. `self.ring` ends before the entry that says so.
    fn compare(&mut self, session: u64, Seen(index, chain): Seen) -> bool {
        let last = self.state.index - 1;
        let Some(back) = last.checked_sub(index) else {
            // It has read further than this entry was stored: there was another in this place.
            return !self.plant.is(Fault::NoSeen);
        };
        let Some(own) = self.ring.len().checked_sub(1 + back as usize).and_then(|place| self.ring.get(place))
        else {
            return false;
        };
        if *own == chain {
            if session != self.own {
                self.agreed = self.agreed.max(index);
            }
            return false;
        }
        !self.plant.is(Fault::NoSeen)
    }

    fn push(&mut self, chain: Digest) {
        if self.ring.len() == RING {
            self.ring.pop_front();
        }
        self.ring.push_back(chain);
    }
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.map(str::to_owned)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        log::Dice,
        replica::{Entry, encode},
    };

    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Count(u64);

    impl Machine for Count {
        type Command = u64;
        type Response = u64;

        fn apply(&mut self, _at: At, add: &u64) -> u64 {
            self.0 += add;
            self.0
        }
    }

    fn stored(index: u64, entry: Vec<u8>) -> Stored {
        Stored { index, time: Duration::from_secs(index), entry: entry.into() }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let body = Body::Command(7_u64, None);
        let entry = Entry { session: 1, serial: 1, expires: u64::MAX / 2, seen: Seen::default(), body };
        let whole = encode(&entry).unwrap().to_vec();
        let mut dice = Dice::new(1);
        let mut stopped = 0;
        for _ in 0..20_000 {
            let mut bytes = whole.clone();
            for _ in 0..=dice.below(3) {
                let place = dice.below(bytes.len() as u64) as usize;
                bytes[place] = dice.below(256) as u8;
            }
            bytes.truncate(dice.below(2 * bytes.len() as u64) as usize);
            let mut replica = Replica::<Count>::new(9, Plant::default());
            stopped += u32::from(replica.step(&stored(1, bytes), true).is_err());
        }
        assert!(stopped > 1_000, "{stopped} were seen not to be entries");
    }

    #[test]
    fn no_bytes_of_a_snapshot_make_it_panic() {
        let mut replica = Replica::<Count>::new(9, Plant::default());
        let body = Body::Command(7_u64, None);
        let entry = Entry { session: 1, serial: 1, expires: 2_000_000_000, seen: Seen::default(), body };
        replica.step(&stored(1, encode(&entry).unwrap().to_vec()), true).unwrap();
        let whole = replica.to_snapshot().unwrap();
        let same = Replica::<Count>::from_snapshot(&whole, 9, Plant::default()).unwrap();
        assert_eq!((same.machine().0, same.seen()), (7, replica.seen()));
        assert_eq!(same.to_snapshot().unwrap(), whole);
        let mut dice = Dice::new(1);
        for _ in 0..20_000 {
            let mut bytes = whole.clone();
            let place = dice.below(bytes.len() as u64) as usize;
            bytes[place] = dice.below(256) as u8;
            bytes.truncate(dice.below(2 * bytes.len() as u64) as usize);
            drop(Replica::<Count>::from_snapshot(&bytes, 9, Plant::default()));
        }
    }

    #[test]
    fn an_entry_that_outlives_sessions_is_refused() {
        let mut replica = Replica::<Count>::new(9, Plant::default());
        let body = || Body::Command(7_u64, None);
        let second = 1_000_000_000;
        for (index, expires, applied) in [
            (1, SESSION_LIFE + second + 1, false),
            (2, SESSION_LIFE + 2 * second, true),
            (3, 3 * second - 1, false),
        ] {
            let entry = Entry { session: 1, serial: index, expires, seen: Seen::default(), body: body() };
            let step = replica.step(&stored(index, encode(&entry).unwrap().to_vec()), true).unwrap();
            let Kind::Command(outcome, _) = step.kind else { panic!("it is a command") };
            assert_eq!(matches!(outcome, Outcome::Applied(_)), applied, "{index}");
        }
    }
}
