use std::{collections::VecDeque, sync::Arc};

use tokio::time::Instant;

use super::{Effects, Log, Queue, Start, Tag, cursors::Whose};
use crate::{
    error::JoinError,
    request::{AnyResponder, ExpiryCell},
};

/// The last messages, which stay in the intake for late readers whoever has taken them. They take no place: what a reader has
/// to take is counted from its own cursor on.
///
/// Its cursor is one among those of lossy readers, so whoever takes messages leaves them there as for a tap.
pub(super) struct Retention {
    /// So many messages.
    keep: u64,
    /// Where the cursor is: never too far on.
    from: u64,
    /// Until when those that expire are good: what lies beside a message in the intake goes once all have taken it.
    expiries: VecDeque<(u64, Instant)>,
}

impl<M> Log<M> {
    /// Keeps the last so many messages for late readers. There may be no lanes, and nobody may have used it yet.
    pub(crate) fn retain(&mut self, messages: usize) {
        let keep = messages as u64;
        self.retention = Some(Box::new(Retention { keep, from: 0, expiries: VecDeque::new() }));
        self.lossy.keep = self.lossy.keep.max(keep); // one cursor is as far behind as that
        self.lanes.main.cursors.track([(Whose::Lossless, 0), (Whose::Lossy, 0)].into_iter());
    }

    /// The number of the first message that is retained.
    pub(super) fn retained_from(&self) -> u64 {
        let tail = self.tail();
        let capacity = self.lanes.main.gate.capacity;
        self.retention.as_ref().map_or(tail, |kept| tail.saturating_sub(kept.keep.min(capacity)))
    }

    /// Lets go of what is older than what is to be kept.
    pub(super) fn advance_retention(&mut self) {
        let tail = self.tail();
        if let Some(retention) = &mut self.retention {
            let to = tail.saturating_sub(retention.keep).max(retention.from);
            self.lanes.main.cursors.moved(Whose::Lossy, retention.from, to);
            retention.from = to;
            while retention.expiries.front().is_some_and(|(number, _)| *number < to) {
                retention.expiries.pop_front();
            }
        }
    }

    /// The newest message expires then, if ever.
    pub(super) fn remember_expiry(&mut self, deadline: Option<Instant>) {
        if let (Some(retention), Some(deadline)) = (&mut self.retention, deadline) {
            let newest = self.lanes.main.intake.end() - 1;
            retention.expiries.push_back((newest, deadline));
        }
    }

    /// Gives a late reader the expiry of what is retained, where it has none yet.
    pub(super) fn share_retained_expiries(&self, queue: &mut Queue<M>, effects: &mut Effects<M>) {
        for (number, deadline) in self.retention.iter().flat_map(|kept| &kept.expiries) {
            let cell = AnyResponder::first(Arc::new(ExpiryCell::new(*deadline)));
            if let Err(tag) = queue.attach(Tag::expiry(*number, cell)) {
                effects.dropped_requests.push(tag.request);
            }
        }
    }

    /// Whether a new reader may begin there.
    pub(crate) fn may_start(&self, start: Start) -> Result<(), JoinError> {
        let Start::Seq(seq) = start else { return Ok(()) };
        if self.retention.is_none() {
            let with = "a channel that retains nothing";
            return Err(JoinError::Incompatible { option: "Start::Seq", with });
        }
        // The first reader begins with what is kept for it, if that is older.
        let kept = if self.readers.is_empty() { self.lanes.main.kept_from } else { self.tail() };
        let held = self.oldest_source(0).map_or(kept, |(oldest, _)| oldest.min(kept));
        let oldest = self.retained_from().min(held);
        if seq < oldest { Err(JoinError::NotRetained { oldest }) } else { Ok(()) }
    }

    /// The number of the first message that a reader gets that begins there, if it is there.
    pub(super) fn first_of(&self, start: Start) -> u64 {
        match start {
            Start::Next => self.tail(),
            Start::Oldest => 0,
            Start::Last(messages) => self.tail().saturating_sub(messages as u64),
            Start::Seq(seq) => seq,
        }
    }
}
