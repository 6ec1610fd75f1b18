use std::sync::Arc;

use super::{Effects, Inbox, LaneIndex, Log, Membership, Taken, cursors::Whose, lane::Lane, marks::Marks};
use crate::{
    request::{AnyCell, AnyResponder, RequestLiveness},
    traced::OutcomeKind,
};

/// Groups that hold no sender back: what does not fit drives out the oldest that they have not taken.
impl<M> Log<M> {
    /// Whether a group may be joined as one that drops its oldest: there is none, or nobody has joined it yet, or it does.
    pub(crate) fn may_drop(&self, group: &str) -> bool {
        let reader = self.group(group).and_then(|place| self.readers.get(place));
        reader.is_none_or(|reader| reader.drops || reader.in_flight.is_none())
    }

    /// Has a group that was joined drop its oldest.
    pub(crate) fn drop_oldest(&mut self, of: &Membership<M>, effects: &mut Effects<M>) {
        if let Some(reader) = self.readers.get_mut(of.inbox.place()) {
            reader.drops = true;
            self.marks.set(Marks::UNEVEN, true);
            self.serve(effects); // it may have been among the fullest
        }
    }

    /// Makes room for `count` messages in the groups that drop their oldest, where there are such.
    #[inline]
    pub(super) fn make_room(&mut self, at: LaneIndex, count: u64, effects: &mut Effects<M>) {
        if self.marks.has(Marks::UNEVEN) {
            self.drive_out(at, count, effects);
        }
    }

    #[cold]
    fn drive_out(&mut self, at: LaneIndex, count: u64, effects: &mut Effects<M>) {
        let mut most = 0;
        for place in 0..self.readers.len() {
            while self.readers[place].drops {
                let (reader, lane) = (&self.readers[place], &self.lanes[at]);
                let seat = &reader.seats[at];
                let in_inbox = if seat.filled { reader.inbox.lock().places(at) } else { 0 };
                let places = lane.intake.end() - seat.next - seat.released + in_inbox;
                if places + count <= lane.gate.capacity || places == 0 {
                    most = most.max(places);
                    break;
                }
                self.drop_first(place, at, effects);
            }
        }
        self.trim(at, effects);
        self.lanes[at].gate.dropping = most;
    }

    /// Drops the oldest message that a group has in a lane.
    fn drop_first(&mut self, place: usize, at: LaneIndex, effects: &mut Effects<M>) {
        let reader = &mut self.readers[place];
        reader.deaf = 0;
        let in_inbox = if reader.seats[at].filled { reader.inbox.lock().drop_first(at) } else { None };
        let (mut request, released, number) = match in_inbox {
            Some((Taken { message, request, number, .. }, released)) => {
                effects.dropped.push(message);
                (request, released, number)
            }
            None => self.pass_first(place, at, effects),
        };
        request.narrow(self.readers[place].number); // of what each group is asked, its part
        let reader = &mut self.readers[place];
        let skipped = &mut reader.skipped;
        let how = match request.cell().map(|cell| cell.state(None)) {
            Some(RequestLiveness::Abandoned) => {
                skipped.abandoned += 1;
                OutcomeKind::Abandoned
            }
            _ if released => {
                skipped.expired += 1;
                OutcomeKind::Expired
            }
            lost => {
                skipped.missed += 1;
                if lost.is_some() {
                    request.cell().into_iter().for_each(AnyCell::evict);
                }
                OutcomeKind::Evicted
            }
        };
        if let Some(trace) = &self.trace
            && trace.is_read()
        {
            trace.tell(number, Some(&Arc::from(&*reader.name)), None, 0, how, None);
        }
        effects.dropped_requests.push(request);
    }

    /// A group passes the first message that it has in an intake. Its share in the request, whether it had given up its place
    /// before, and its sequence number.
    fn pass_first(
        &mut self,
        place: usize,
        at: LaneIndex,
        effects: &mut Effects<M>,
    ) -> (AnyResponder, bool, u64) {
        let Lane { intake, cursors, .. } = &mut self.lanes[at];
        let seat = &mut self.readers[place].seats[at];
        let (number, before) = (seat.next, seat.released);
        let seq = intake.seq(number);
        let first = number == intake.front();
        let alone = first && (!cursors.are_several() || cursors.alone(Whose::Lossless, number, 1) == 1);
        let request = match if alone { intake.take(None) } else { None } {
            Some(Taken { message, request, .. }) => {
                effects.dropped.push(message);
                request
            }
            None => intake.unclaim_one(number),
        };
        seat.next = number + 1;
        seat.passed += 1;
        seat.released = if before > 0 { intake.released_from(seat.next, true) } else { 0 };
        cursors.moved(Whose::Lossless, number, number + 1);
        (request, seat.released < before, seq)
    }
}

impl<M> Inbox<M> {
    /// Takes the first message of a lane out, which nobody gets; and whether it had given up its place before.
    fn drop_first(&mut self, at: LaneIndex) -> Option<(Taken<M>, bool)> {
        self.end_run();
        let queue = &mut self.queues[at];
        let released = queue.released();
        let taken = queue.take_numbered(None)?;
        let over = queue.released() < released;
        self.passed += 1;
        Some((taken, over))
    }
}
