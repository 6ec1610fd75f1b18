use tokio::time::Instant;

use super::{Effects, Log};
use crate::request::{AnyCell, RequestLiveness};

/// Requests that give up their places, because their callers have gone or their deadlines have passed. For a group such a
/// place is free at once; the request goes when its turn comes. Subscribers still get it, as a message.
impl<M> Log<M> {
    /// Makes every request that is over give up its place; whether there was one.
    pub(super) fn release_gone(&mut self, now: Option<Instant>) -> bool {
        let Some(now) = now else { return false };
        let over = |cell: &dyn AnyCell| cell.state(Some(now)) != RequestLiveness::Live;
        let in_intake = self.intake.release_where(over);
        let mut released = in_intake;
        for group in self.readers.iter_mut().filter(|reader| reader.is_group()) {
            if in_intake {
                group.released = self.intake.released_from(group.next);
            }
            released |= group.filled && group.inbox.lock().release_where(over);
        }
        released
    }

    /// The request of this number is over: for every group that still has to take it, its place is free from now on.
    pub(crate) fn release(&mut self, number: u64, effects: &mut Effects<M>) {
        let in_intake = self.intake.release(number);
        for group in self.readers.iter_mut().filter(|reader| reader.is_group()) {
            if group.next <= number {
                group.released += u64::from(in_intake);
            } else if group.filled {
                group.inbox.lock().release(number);
            }
        }
        self.serve(effects);
    }
}
