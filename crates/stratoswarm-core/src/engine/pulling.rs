use std::mem;

use super::{Effects, LaneIndex, Log, Queue, cursors::Whose, lane::Lane, marks::Marks};

/// How many messages a reader takes from the intake at once, if others need them, too.
pub(super) const BATCH: usize = if cfg!(loom) { 2 } else { 64 };

impl<M> Log<M> {
    /// How many lossless readers a lane has, those to come counted as one; the order of admission beside lanes has none.
    fn lossless_at(&self, at: LaneIndex) -> usize {
        if at == 0 && self.lanes.are_several() { 0 } else { self.readers.len().max(usize::from(self.keeps)) }
    }

    /// How many lossy readers read a lane, what is retained counted as one: they read in the order of admission.
    fn lossy_at_lane(&self, at: LaneIndex) -> usize {
        if at == 0 { self.lossy.readers.len() + usize::from(self.retention.is_some()) } else { 0 }
    }

    /// A cursor more, which needs all from this number on. Of lossless readers there is always one: the one to come.
    pub(super) fn cursor_came(&mut self, lane: LaneIndex, whose: Whose, at: u64) {
        let (lossless, lossy) = (self.lossless_at(lane), self.lossy_at_lane(lane));
        let cursors = &mut self.lanes[lane].cursors;
        if cursors.are_several() {
            cursors.add(whose, at);
        } else if lossless + lossy > 1 {
            let (readers, lossy) =
                (&self.readers[..lossless.min(self.readers.len())], &self.lossy.readers[..lossy]);
            let to_come = (lossless > readers.len()).then_some((Whose::Lossless, self.lanes[lane].kept_from));
            let lossless = readers.iter().map(|reader| (Whose::Lossless, reader.seats[lane].next));
            let lossy = lossy.iter().map(|reader| (Whose::Lossy, reader.next));
            self.lanes[lane].cursors.track(lossless.chain(to_come).chain(lossy));
        }
    }

    /// A cursor less; what only it needed goes.
    pub(super) fn cursor_went(&mut self, lane: LaneIndex, whose: Whose, at: u64, effects: &mut Effects<M>) {
        let left = self.lossless_at(lane) + self.lossy_at_lane(lane);
        if self.lanes[lane].cursors.are_several() {
            self.lanes[lane].cursors.remove(whose, at);
            self.trim(lane, effects);
            if left <= 1 {
                self.lanes[lane].cursors.forget();
            }
        } else if left == 0
            || left == 1 && self.keeps && self.readers.is_empty() && self.lossless_at(lane) == 1
        {
            let from = if left == 1 { self.lanes[lane].kept_from } else { self.lanes[lane].intake.end() };
            self.let_go_before(lane, from, effects);
        }
    }

    /// Lets go of what nobody needs any more.
    pub(super) fn trim(&mut self, lane: LaneIndex, effects: &mut Effects<M>) {
        self.lanes[lane].trim_tags(effects);
        let tail = self.tail();
        if self.lanes[lane].cursors.are_several() {
            if lane == 0 && self.retention.is_some() {
                self.advance_retention();
            }
            let lane_of = &mut self.lanes[lane];
            if lane == 0 && !self.lossy.readers.is_empty() {
                lane_of.cursors.raise_lossy(tail.saturating_sub(self.lossy.keep));
            }
            if let Some(least) = lane_of.cursors.least()
                && least > lane_of.intake.front()
            {
                self.let_go_before(lane, least, effects);
            }
        }
    }

    pub(super) fn let_go_before(&mut self, lane: LaneIndex, number: u64, effects: &mut Effects<M>) {
        let intake = &mut self.lanes[lane].intake;
        intake.drop_before(number, &mut effects.dropped, &mut effects.dropped_requests);
        intake.give_back(0);
    }
}

impl<M> Lane<M> {
    /// Lets go of what lies beside the messages that every lossless reader has pulled, though a lossy one may still read
    /// them: it is none of theirs.
    #[inline]
    fn trim_tags(&mut self, effects: &mut Effects<M>) {
        if self.intake.has_tags()
            && let Some(least) = self.cursors.least_lossless()
        {
            self.intake.drop_tags_before(least, &mut effects.dropped_requests);
        }
    }
}

/// So many messages that only one reader needs are taken at once: they are moved, but counted first.
const MOVED: usize = 16 * BATCH;

impl<M: Clone> Log<M> {
    /// Takes what is in a lane's intake for a lossless reader into its inbox, where the lane is empty: moves what only it
    /// needs, and clones what others need, too.
    pub(super) fn pull(&mut self, lane: LaneIndex, place: usize, effects: &mut Effects<M>) {
        if self.retention.is_some() {
            self.trim(lane, effects); // what was taken before
        }
        let reader = &mut self.readers[place];
        let Lane { intake, cursors, .. } = &mut self.lanes[lane];
        let seat = &mut reader.seats[lane];
        let before = seat.next;
        let left = (intake.end() - before) as usize;
        let alone = if !cursors.are_several() {
            left
        } else if before == intake.front() {
            cursors.alone(Whose::Lossless, before, left.min(MOVED))
        } else {
            0
        };
        // Taken out, as `Clone` runs under the log's lock alone; and put back, as its storage is where its reader is.
        let mut batch = mem::replace(&mut reader.inbox.lock().queues[lane], Queue::new());
        batch.skip_to(before);
        intake.move_first(alone, &mut batch);
        if alone < left && alone < BATCH {
            let from = (before + alone as u64 - intake.front()) as usize;
            let panicked = intake.copy(from..intake.len().min(from + BATCH - alone), &mut batch);
            seat.passed += panicked;
            reader.skipped.panicked += panicked;
            if intake.has_tags() {
                let (skipped, group) = (&mut reader.skipped, matches!(reader.kind, super::Kind::Group(_)));
                let number = reader.number;
                intake.share_tags(before + alone as u64, &mut batch, group, |lost| {
                    if lost.released
                        && let Some(cell) = lost.request.cell()
                    {
                        skipped.panicked -= 1; // it was over before
                        cell.state(None).count(skipped);
                    }
                    effects.dropped_requests.extend(lost.request.part_of(number));
                    effects.dropped_requests.push(lost.request);
                });
            }
        }
        if let Some(trace) = self.trace.as_ref().filter(|_| !matches!(reader.kind, super::Kind::Group(_))) {
            batch.tag_bare(before, || trace.mark()); // a request is one message more to it, and what lies beside is not its own
        }
        seat.next = batch.end();
        seat.filled = true;
        reader.sampled = false;
        if seat.released > 0 {
            seat.released = intake.released_from(seat.next, matches!(reader.kind, super::Kind::Group(_)));
        }
        cursors.moved(Whose::Lossless, before, seat.next);
        self.lanes[lane].trim_tags(effects);
        let mut inbox = reader.inbox.lock();
        inbox.queues[lane] = batch;
        if let Some(sorted) = &mut inbox.sorted {
            sorted.pulled[lane - 1] = seat.next;
        }
        if self.marks.has(Marks::SAMPLED)
            && let Some(sampling) = &self.sampling
        {
            inbox.expect(sampling.of(lane, before..seat.next));
        }
    }
}
