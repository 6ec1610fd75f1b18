use std::mem;

use super::{Effects, Log, Queue, cursors::Whose};

/// How many messages a reader takes from the intake at once, if others need them, too.
pub(super) const BATCH: usize = if cfg!(loom) { 2 } else { 64 };

impl<M> Log<M> {
    /// A cursor more, which needs all from this number on. Of lossless readers there is always one: the one to come.
    pub(super) fn cursor_came(&mut self, whose: Whose, at: u64) {
        if self.cursors.are_several() {
            self.cursors.add(whose, at);
        } else if self.readers.len().max(usize::from(self.keeps)) + self.lossy.readers.len() > 1 {
            let lossless = self.readers.iter().map(|reader| (Whose::Lossless, reader.next));
            let to_come =
                (self.keeps && self.readers.is_empty()).then_some((Whose::Lossless, self.kept_from));
            let lossy = self.lossy.readers.iter().map(|reader| (Whose::Lossy, reader.next));
            self.cursors.track(lossless.chain(to_come).chain(lossy));
        }
    }

    /// A cursor less; what only it needed goes.
    pub(super) fn cursor_went(&mut self, whose: Whose, at: u64, effects: &mut Effects<M>) {
        if self.cursors.are_several() {
            self.cursors.remove(whose, at);
            self.trim(effects);
            if self.readers.len().max(usize::from(self.keeps)) + self.lossy.readers.len() <= 1 {
                self.cursors.forget();
            }
        } else if self.readers.is_empty() && self.lossy.readers.is_empty() {
            self.let_go_before(if self.keeps { self.kept_from } else { self.tail() }, effects);
        }
    }

    /// Lets go of what nobody needs any more.
    pub(super) fn trim(&mut self, effects: &mut Effects<M>) {
        if self.cursors.are_several() {
            if !self.lossy.readers.is_empty() {
                self.cursors.raise_lossy(self.tail().saturating_sub(self.lossy.keep));
            }
            if let Some(least) = self.cursors.least()
                && least > self.intake.front()
            {
                self.let_go_before(least, effects);
            }
        }
    }

    pub(super) fn let_go_before(&mut self, number: u64, effects: &mut Effects<M>) {
        self.intake.drop_before(number, &mut effects.dropped, &mut effects.dropped_requests);
        self.intake.give_back(0);
    }
}

/// So many messages that only one reader needs are taken at once: they are moved, but counted first.
const MOVED: usize = 16 * BATCH;

impl<M: Clone> Log<M> {
    /// Takes what is in the intake for a lossless reader into its inbox, which is empty: moves what only it needs, and
    /// clones what others need, too.
    pub(super) fn pull(&mut self, place: usize, effects: &mut Effects<M>) {
        let reader = &mut self.readers[place];
        let before = reader.next;
        let left = (self.intake.end() - before) as usize;
        let alone = if !self.cursors.are_several() {
            left
        } else if before == self.intake.front() {
            self.cursors.alone(Whose::Lossless, before, left.min(MOVED))
        } else {
            0
        };
        // Taken out, as `Clone` runs under the log's lock alone; and put back, as its storage is where its reader is.
        let mut batch = mem::replace(&mut reader.inbox.lock().queue, Queue::new());
        batch.skip_to(before);
        self.intake.move_first(alone, &mut batch);
        if alone < left && alone < BATCH {
            let from = (before + alone as u64 - self.intake.front()) as usize;
            let panicked = self.intake.copy(from..self.intake.len().min(from + BATCH - alone), &mut batch);
            reader.passed += panicked;
            reader.skipped.panicked += panicked;
            if reader.is_group() && self.intake.has_tags() {
                let skipped = &mut reader.skipped;
                self.intake.share_requests(before + alone as u64, &mut batch, |lost| {
                    if lost.released
                        && let Some(cell) = lost.request.cell()
                    {
                        skipped.panicked -= 1; // it was over before
                        cell.state(None).count(skipped);
                    }
                    effects.dropped_requests.push(lost.request);
                });
            }
        }
        reader.next = batch.end();
        reader.filled = true;
        if reader.released > 0 {
            reader.released = self.intake.released_from(reader.next);
        }
        self.cursors.moved(Whose::Lossless, before, reader.next);
        reader.inbox.lock().queue = batch;
    }
}
