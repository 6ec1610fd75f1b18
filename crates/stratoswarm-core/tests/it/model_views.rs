//! What one reader of a channel has of each message, for `model_joint`: a state of each, and what follows from it. What is
//! over, because it expired or its caller went, is skipped whenever its turn comes; so of those alone the moment is left open.

use proptest::{prelude::*, test_runner::TestCaseResult};
use std::time::Duration;
use stratoswarm_core::{AckPolicy, ReaderInfo};
use tokio::time::Instant;

pub(crate) const KEYS: usize = 3;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    None,
    Ordered,
    Fair,
}

/// Of a group that acknowledges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) keys: Keys,
    pub(crate) max_deliver: u32,
    pub(crate) backoff: [u64; 2],
    pub(crate) max_in_flight: usize,
    pub(crate) ack_wait: Option<u64>,
    pub(crate) letters: bool,
}

impl Rules {
    pub(crate) fn policy(&self) -> AckPolicy {
        let policy = AckPolicy::explicit()
            .max_deliver(self.max_deliver)
            .backoff(self.backoff.map(ms))
            .max_in_flight(self.max_in_flight);
        self.ack_wait.map_or(policy.clone(), |wait| policy.ack_wait(ms(wait)))
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Keeps(Rules),
    Group,
    Subscriber,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    /// It came back.
    Back,
    Delayed(Instant),
    InFlight(Option<Instant>),
    Taken,
    Dead,
    /// It is known to have been skipped.
    Skipped,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    /// In the order of admission over all lanes.
    pub(crate) seq: u64,
    pub(crate) lane: usize,
    pub(crate) expires: Option<Instant>,
    pub(crate) asked: bool,
    pub(crate) abandoned: bool,
    pub(crate) state: State,
    pub(crate) attempts: u32,
}

impl Entry {
    pub(crate) fn key(&self) -> usize {
        self.number as usize % KEYS
    }

    fn waits(&self) -> bool {
        matches!(self.state, State::Queued | State::Back | State::Delayed(_))
    }

    fn is_done(&self) -> bool {
        matches!(self.state, State::Taken | State::Dead | State::Skipped)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) kind: Kind,
    max_bypass: u32,
    pub(crate) entries: Vec<Entry>,
    pub(crate) paused: bool,
    pub(crate) closed: bool,
    redelivered: u64,
    /// How many messages were handed out while something of each lane could have been.
    others: Vec<u32>,
    /// With keys in turn: how many of another key, while one of this could have been.
    passed: [[u32; KEYS]; KEYS],
}

impl View {
    pub(crate) fn new(kind: Kind, lanes: usize, max_bypass: u32, closed: bool) -> Self {
        let (others, passed) = (vec![0; lanes], [[0; KEYS]; KEYS]);
        Self { kind, max_bypass, entries: Vec::new(), paused: false, closed, redelivered: 0, others, passed }
    }

    fn rules(&self) -> Option<&Rules> {
        if let Kind::Keeps(rules) = &self.kind { Some(rules) } else { None }
    }

    fn keys(&self) -> Keys {
        self.rules().map_or(Keys::None, |rules| rules.keys)
    }

    pub(crate) fn is_over(&self, entry: &Entry, now: Instant) -> bool {
        entry.expires.is_some_and(|expires| expires <= now)
            || entry.abandoned && !matches!(self.kind, Kind::Subscriber)
    }

    pub(crate) fn count(&self, of: impl Fn(&Entry) -> bool) -> u64 {
        self.entries.iter().filter(|entry| of(entry)).count() as u64
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.count(|entry| matches!(entry.state, State::InFlight(_)))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rules().is_some_and(|rules| self.in_flight() >= rules.max_in_flight as u64)
    }

    /// How many places it takes of a lane, once what is over has given up its own.
    pub(crate) fn places(&self, lane: usize, now: Instant) -> usize {
        let live = |entry: &Entry| entry.waits() && !self.is_over(entry, now);
        let held = |entry: &Entry| live(entry) || matches!(entry.state, State::InFlight(_));
        self.count(|entry| entry.lane == lane && held(entry)) as usize
    }

    /// The same as long as nobody has looked what expired.
    pub(crate) fn places_unseen(&self, lane: usize) -> usize {
        let gone = |entry: &Entry| entry.abandoned && entry.waits() && !matches!(self.kind, Kind::Subscriber);
        self.count(|entry| entry.lane == lane && !entry.is_done() && !gone(entry)) as usize
    }

    /// Whether this one may be the next that is handed out.
    fn is_available(&self, at: usize, now: Instant) -> bool {
        let entry = &self.entries[at];
        let holds = |other: &Entry| {
            let held = match other.state {
                State::Back => !self.is_over(other, now), // if it is, the key is free when its turn has come
                State::Delayed(_) | State::InFlight(_) => true,
                _ => false,
            };
            held && other.key() == entry.key() && other.number != entry.number
        };
        matches!(entry.state, State::Queued | State::Back)
            && !self.is_over(entry, now)
            && (self.keys() != Keys::Ordered || !self.entries.iter().any(holds))
    }

    fn available(&self, now: Instant) -> Vec<usize> {
        (0..self.entries.len()).filter(|at| self.is_available(*at, now)).collect()
    }

    /// Whether a reader that looks must be handed something.
    pub(crate) fn has_some(&self, now: Instant) -> bool {
        !self.paused && !self.is_full() && !self.available(now).is_empty()
    }

    /// Whether something is left that is not over, and how much that is.
    pub(crate) fn left(&self, now: Instant) -> (u64, u64) {
        let over =
            |entry: &Entry| matches!(entry.state, State::Queued | State::Back) && self.is_over(entry, now);
        (self.count(|entry| !entry.is_done() && !over(entry)), self.count(over))
    }

    // ---- what happens

    pub(crate) fn accept(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        for entry in &mut self.entries {
            if matches!(entry.state, State::Delayed(_)) {
                entry.state = State::Back;
            }
        }
    }

    /// What a member sees to that looks.
    pub(crate) fn sweep(&mut self, now: Instant) {
        for at in 0..self.entries.len() {
            match self.entries[at].state {
                State::Delayed(until) if until <= now => self.entries[at].state = State::Back,
                State::InFlight(Some(until)) if until <= now => self.give_back(at, 0, now),
                _ => {}
            }
        }
    }

    /// A delivery comes back.
    pub(crate) fn give_back(&mut self, at: usize, delay: u64, now: Instant) {
        let Some(rules) = self.rules().copied() else { return };
        let expired = self.entries[at].expires.is_some_and(|expires| expires <= now);
        let closed = self.closed;
        let entry = &mut self.entries[at];
        entry.state = if entry.abandoned {
            State::Skipped
        } else if expired {
            if rules.letters { State::Dead } else { State::Skipped }
        } else if entry.attempts >= rules.max_deliver {
            State::Dead
        } else if delay > 0 && !closed {
            State::Delayed(now + ms(delay))
        } else {
            State::Back
        };
    }

    pub(crate) fn backoff(&self, at: usize) -> u64 {
        let attempts = self.entries[at].attempts as usize;
        self.rules().map_or(0, |rules| rules.backoff[(attempts - 1).min(1)])
    }

    /// This one was handed out, and might be.
    pub(crate) fn handed(&mut self, number: u64, attempt: u32, now: Instant) -> TestCaseResult {
        let available = self.available(now);
        let Some(at) = self.entries.iter().position(|entry| entry.number == number) else {
            return Err(TestCaseError::fail(format!("{number} was never accepted for this reader")));
        };
        let (entry, keys) = (self.entries[at].clone(), self.keys());
        prop_assert!(!self.paused && !self.is_full(), "nothing is to be handed out");
        prop_assert!(available.contains(&at), "{:?} is not to be handed out: {:?}", entry, self.entries);
        prop_assert_eq!(attempt, entry.attempts + 1);
        // The first of its lane, or of its key where those take turns. One that waited for its key has it before it is handed
        // out, in whatever lane: then others of that key are not passed by.
        let contended = |older: &Entry| {
            let rival = |other: &Entry| {
                let waits = matches!(other.state, State::Queued | State::Back);
                waits && other.key() == older.key() && other.lane != older.lane
            };
            keys == Keys::Ordered && self.entries.iter().any(rival)
        };
        for older in available.iter().take_while(|older| **older < at).map(|older| &self.entries[*older]) {
            let passed = match keys {
                Keys::Fair => older.key() == entry.key(),
                _ => older.lane == entry.lane && !contended(older),
            };
            prop_assert!(!passed, "{entry:?} came before {older:?}");
        }
        let has = |of: &dyn Fn(&Entry) -> bool| available.iter().any(|at| of(&self.entries[*at]));
        match keys {
            Keys::None => {
                let bound = self.max_bypass + 2 * (self.others.len() as u32 - 1);
                prop_assert!(self.others[entry.lane] <= bound, "{:?} after {:?} others", entry, self.others);
                let waits: Vec<_> =
                    (0..self.others.len()).map(|lane| has(&|other| other.lane == lane)).collect();
                for (lane, others) in self.others.iter_mut().enumerate() {
                    *others = if lane != entry.lane && waits[lane] { *others + 1 } else { 0 };
                }
            }
            Keys::Fair => {
                let clear = |key| !self.entries.iter().any(|it| it.key() == key && self.is_over(it, now));
                let waits: Vec<_> =
                    (0..KEYS).map(|key| has(&|other| other.key() == key) && clear(key)).collect();
                for (key, passed) in self.passed.iter_mut().enumerate() {
                    if key == entry.key() || !waits[key] {
                        *passed = [0; KEYS];
                        continue;
                    }
                    passed[entry.key()] += 1;
                    prop_assert!(passed[entry.key()] <= 1, "a key waits for two of another");
                }
            }
            Keys::Ordered => {}
        }
        let kept = self.rules().map(|rules| State::InFlight(rules.ack_wait.map(|wait| now + ms(wait))));
        self.redelivered += u64::from(attempt > 1);
        self.entries[at].attempts = attempt;
        self.entries[at].state = kept.unwrap_or(State::Taken);
        Ok(())
    }

    // ---- what the figures say

    /// What was accepted is settled, dead, skipped or left, and what is left is as it is.
    pub(crate) fn check(&self, figures: &ReaderInfo, now: Instant) -> TestCaseResult {
        let is = |state: State| move |entry: &Entry| entry.state == state;
        prop_assert_eq!(figures.accepted, self.entries.len() as u64);
        let gone = figures.dead + figures.skipped.total();
        prop_assert_eq!(figures.accepted, figures.taken + gone + figures.left, "{:?}", figures);
        prop_assert_eq!(figures.taken, self.count(is(State::Taken)), "{:?}", figures);
        let (known, over) = (self.count(is(State::Dead)) + self.count(is(State::Skipped)), self.left(now).1);
        prop_assert!((known..=known + over).contains(&gone), "{known} and {over} at most: {figures:?}");
        prop_assert_eq!(figures.redelivered, self.redelivered);
        prop_assert_eq!(figures.is_paused, self.paused);
        let unsettled = if self.rules().is_some() { self.in_flight() } else { 0 };
        prop_assert_eq!(figures.unsettled, unsettled);
        prop_assert_eq!(figures.delayed, self.count(|entry| matches!(entry.state, State::Delayed(_))));
        prop_assert!(figures.unsettled + figures.delayed + figures.behind <= figures.left, "{:?}", figures);
        prop_assert!(figures.behind == 0 || self.keys() == Keys::Ordered, "{:?}", figures);
        Ok(())
    }
}
