use std::mem;

use super::{Effects, Fallout, LaneIndex, Log, Queue, SharedInbox, ledger::Entry, marks::Marks};

/// Readers that keep the latest message of each key, or hold senders back by a measure of their own.
impl<M: Clone> Log<M> {
    /// Some reader keeps the latest from now on.
    pub(crate) fn keep_latest(&mut self) {
        self.conflate = Some(Self::conflate_all);
    }

    /// So many messages may wait for this reader in a lane before it holds senders back.
    pub(crate) fn set_buffer(&mut self, inbox: &SharedInbox<M>, messages: u64, effects: &mut Effects<M>) {
        if let Some(reader) = self.readers.get_mut(inbox.place()) {
            reader.buffer = Some(messages);
            self.marks.set(Marks::UNEVEN, true);
            let lanes = self.lanes.read();
            lanes.for_each(|at| self.lanes[at].credit = 0); // it was for the lane's capacity
            self.serve(effects);
        }
    }

    fn conflate_all(&mut self, at: LaneIndex, effects: &mut Effects<M>) {
        for place in 0..self.readers.len() {
            if self.readers[place].latest {
                self.conflate_one(place, at, effects);
            }
        }
    }

    /// Has a reader see what has come in of a lane, so that of each key there is the newest.
    fn conflate_one(&mut self, place: usize, at: LaneIndex, effects: &mut Effects<M>) {
        loop {
            let reader = &self.readers[place];
            // Taken out, so that the keys run under the log's lock alone; a member that looks meanwhile comes here, and waits.
            let mut inbox = reader.inbox.lock();
            let ledger = inbox.ledger.take();
            let mut queue = mem::replace(&mut inbox.queues[at], Queue::new());
            drop(inbox);
            let Some(mut ledger) = ledger else { return };
            let mut fallout = Fallout::new();
            ledger.enter_all(at, &mut queue, &mut fallout);
            let mut inbox = reader.inbox.lock();
            inbox.ledger = Some(ledger);
            inbox.queues[at] = queue;
            drop(inbox);
            for Entry { message, request, .. } in fallout.gone {
                effects.dropped.extend(message);
                effects.dropped_requests.push(request);
            }
            if reader.seats[at].next == self.lanes[at].intake.end() {
                return;
            }
            self.pull(at, place, effects);
        }
    }
}
