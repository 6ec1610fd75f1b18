//! What is due in a ledger: the ends of delays, and of the time that a delivery has to be settled.

use std::time::Duration;

use tokio::time::Instant;

use super::{Ledger, fallout::Fallout, ledger::State};
use crate::{traced::OutcomeKind, waiting::WaitId};

impl<M> Ledger<M> {
    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A member parks: until when, if it is the one to watch for what is due. One whose wait may outlive its future looks by
    /// itself, but is nobody to rely on.
    pub(super) fn watch(&mut self, member: WaitId, firm: bool) -> Option<Instant> {
        let due = self.next_due()?;
        if self.watch.is_some_and(|(_, until)| until <= due) {
            return None;
        }
        if firm {
            self.watch = Some((member, due));
        }
        Some(due)
    }

    /// A member does not park any more; whether it was the one to watch.
    pub(super) fn unwatch(&mut self, member: WaitId) -> bool {
        let watches = self.watch.is_some_and(|(watching, _)| watching == member);
        if watches {
            self.watch = None;
        }
        watches
    }

    /// Whether nobody watches for what is due next.
    pub(super) fn is_unwatched(&self) -> bool {
        self.next_due().is_some_and(|due| self.watch.is_none_or(|(_, until)| until > due))
    }

    /// Sees to what is due by now.
    pub(super) fn sweep(&mut self, now: Option<Instant>, fallout: &mut Fallout<M>) {
        let Some(now) = now else { return };
        while let Some((at, slot)) = self.due.first().copied()
            && at <= now
        {
            let Some(entry) = self.entries.get(slot) else { return };
            match entry.state {
                State::InFlight { .. } => {
                    self.tell_outcome(slot, None, OutcomeKind::Lapsed);
                    self.give_back(slot, Duration::ZERO, Some(now), fallout);
                }
                State::Ready | State::Behind | State::Delayed { .. } => self.make_ready(slot),
            }
        }
    }

    /// The channel is closed: delays are over.
    pub(super) fn close(&mut self) {
        self.closed = true;
        let due: Vec<_> = self.due.iter().map(|(_, slot)| *slot).collect();
        for slot in due {
            if self.entries.get(slot).is_some_and(|entry| matches!(entry.state, State::Delayed { .. })) {
                self.make_ready(slot);
            }
        }
    }
}
