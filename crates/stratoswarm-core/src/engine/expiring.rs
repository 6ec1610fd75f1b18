use tokio::time::Instant;

use super::{Effects, LaneIndex, Log};
use crate::request::{AnyCell, RequestLiveness};

/// Messages that give up their places: requests whose callers have gone, and whatever is past its deadline. Such a place is
/// free at once; the message goes when its turn comes. A request that is over frees it for groups; subscribers still get
/// it, as a message.
impl<M> Log<M> {
    /// Makes all in a lane that is over give up its place; whether there was something.
    pub(super) fn release_gone(&mut self, at: LaneIndex, now: Option<Instant>) -> bool {
        let Some(now) = now else { return false };
        let over = |cell: &dyn AnyCell| cell.state(Some(now)) != RequestLiveness::Live;
        let intake = &mut self.lanes[at].intake;
        let in_intake = intake.release_where(over);
        let mut released = in_intake;
        for reader in &mut self.readers {
            let (group, seat) = (reader.is_group(), &mut reader.seats[at]);
            if in_intake {
                seat.released = intake.released_from(seat.next, group);
            }
            released |= seat.filled && reader.inbox.lock().release_where(at, over);
        }
        released
    }

    /// Whether messages were accepted that expire.
    #[inline]
    pub(crate) fn has_expiring(&self) -> bool {
        self.expiring
    }

    /// Gives the places of what is over to those who wait; whether there were some.
    pub(crate) fn expire(&mut self, at: LaneIndex, now: Instant, effects: &mut Effects<M>) -> bool {
        let released = self.release_gone(at, Some(now));
        if released {
            self.serve_in(at, effects);
        }
        released
    }

    /// The earliest moment at which a message of a lane gives up its place, if none does before.
    pub(crate) fn next_expiry(&self, at: LaneIndex, now: Instant) -> Option<Instant> {
        let in_inboxes = self.readers.iter().filter(|reader| reader.seats[at].filled);
        let in_inboxes = in_inboxes.filter_map(|reader| reader.inbox.lock().next_expiry(at, now));
        in_inboxes.chain(self.lanes[at].intake.next_expiry()).min()
    }

    /// The request of this number is over: for every group that still has to take it, its place is free from now on.
    pub(crate) fn release(&mut self, at: LaneIndex, number: u64, effects: &mut Effects<M>) {
        let in_intake = self.lanes[at].intake.release(number);
        for group in self.readers.iter_mut().filter(|reader| reader.is_group()) {
            let seat = &mut group.seats[at];
            if seat.next <= number {
                seat.released += u64::from(in_intake);
            } else if seat.filled {
                group.inbox.lock().release(at, number);
            }
        }
        self.serve_in(at, effects);
    }
}
