use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SESSION_LIFE;

/// How many serials of a session are told apart: what is further behind counts as applied.
pub(crate) const WINDOW: u64 = 1_024;

/// Which proposals were applied: the same on every node.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Sessions {
    open: BTreeMap<u64, Session>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Session {
    /// The time of its last entry.
    #[serde(rename = "a")]
    active: u64,
    /// The highest serial that was applied.
    #[serde(rename = "h")]
    high: u64,
    /// Whether serial `n` was, for the last [`WINDOW`]: bit `n % WINDOW`.
    #[serde(rename = "b")]
    bits: [u64; WINDOW as usize / 64],
}

impl Sessions {
    /// An entry of this session was stored: it lives on. The idle ones end when another begins, on all nodes alike.
    pub(super) fn touch(&mut self, session: u64, now: u64) {
        if let Some(open) = self.open.get_mut(&session) {
            open.active = now;
            return;
        }
        self.open.retain(|_, open| now <= open.active.saturating_add(SESSION_LIFE));
        self.open.insert(session, Session { active: now, high: 0, bits: [0; WINDOW as usize / 64] });
    }

    /// Notes that this serial is applied now; whether it was not before.
    pub(super) fn first(&mut self, session: u64, serial: u64) -> bool {
        self.open.get_mut(&session).is_some_and(|open| open.first(serial))
    }

    /// Whether this serial was applied; none if the session is not known (any more).
    pub(super) fn applied(&self, session: u64, serial: u64) -> Option<bool> {
        self.open.get(&session).map(|open| open.applied(serial))
    }

    /// Whether no other session is open.
    pub(super) fn is_alone(&self, session: u64) -> bool {
        self.open.keys().all(|&open| open == session)
    }
}

impl Session {
    fn applied(&self, serial: u64) -> bool {
        serial.saturating_add(WINDOW) <= self.high || (serial <= self.high && self.bit(serial))
    }

    fn first(&mut self, serial: u64) -> bool {
        if self.applied(serial) {
            return false;
        }
        if serial > self.high {
            // The bits of those between are of serials that are too far behind now.
            for between in (self.high + 1..serial).rev().take(WINDOW as usize) {
                self.bits[word(between)] &= !mask(between);
            }
            self.high = serial;
        }
        self.bits[word(serial)] |= mask(serial);
        true
    }

    fn bit(&self, serial: u64) -> bool {
        self.bits[word(serial)] & mask(serial) != 0
    }
}

fn word(serial: u64) -> usize {
    (serial % WINDOW / 64) as usize
}

fn mask(serial: u64) -> u64 {
    1 << (serial % 64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::log::Dice;

    #[test]
    fn each_serial_is_first_once() {
        let mut dice = Dice::new(1);
        let mut sessions = Sessions::default();
        sessions.touch(9, 0);
        let mut model = BTreeSet::new();
        let mut high = 0;
        for _ in 0..20_000 {
            let serial = 1 + (high + dice.below(40)).saturating_sub(dice.below(2_000));
            let is_first = serial + WINDOW > high && model.insert(serial);
            high = high.max(if is_first { serial } else { 0 });
            assert_eq!(sessions.first(9, serial), is_first, "{serial} of {high}");
            assert_eq!(sessions.applied(9, serial), Some(true));
        }
        sessions.first(9, high + 5_000);
        assert_eq!(sessions.applied(9, high + 4_999), Some(false));
    }

    #[test]
    fn idle_sessions_end_when_another_begins() {
        let mut sessions = Sessions::default();
        sessions.touch(1, 0);
        sessions.touch(2, SESSION_LIFE);
        assert!(!sessions.is_alone(2), "an hour, and not more");
        sessions.touch(3, SESSION_LIFE + 1);
        assert_eq!(sessions.applied(1, 1), None);
        assert_eq!(sessions.applied(2, 1), Some(false));
    }
}
