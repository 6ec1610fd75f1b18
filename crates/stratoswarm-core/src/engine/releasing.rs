use super::{Effects, Log};
use crate::requests::{AnyCell, AnyResponder, Handover};

impl<M> Log<M> {
    /// Makes every request that is expired or abandoned give up its place; whether there was one.
    pub(super) fn release_gone(&mut self, effects: &mut Effects<M>) -> bool {
        let ahead = self.live().any(|reader| !reader.backlog.is_empty());
        if self.requests_end <= self.floor && self.orphans.is_empty() && !ahead {
            return false;
        }
        let mut positions = Vec::new();
        let mut note = |position: u64, request: &AnyResponder| {
            let gone = request.cell().is_some_and(|cell| cell.state() != Handover::Live);
            if gone && !request.is_released() {
                positions.push(position);
            }
        };
        self.ring.requests().for_each(|(position, request)| note(position, request));
        self.orphans.iter().for_each(|(position, slot)| note(*position, &slot.request));
        for reader in self.readers.iter().flatten().filter(|reader| reader.is_group()) {
            reader.backlog.iter().for_each(|(position, slot)| note(*position, &slot.request));
            if reader.stashed {
                reader.stash.lock().queue.requests().for_each(|(position, request)| note(position, request));
            }
        }
        positions.sort_unstable();
        positions.dedup();
        for position in &positions {
            self.release(*position, effects);
        }
        !positions.is_empty()
    }

    /// The request at this position is over: for every group that has not passed it, its place is free from now on.
    pub(crate) fn reap(&mut self, position: u64, effects: &mut Effects<M>) {
        self.release(position, effects);
        if self.senders.none_waits() {
            self.refresh();
        } else {
            self.serve(effects);
        }
    }

    fn release(&mut self, position: u64, effects: &mut Effects<M>) {
        if let Ok(at) = self.orphans.binary_search_by_key(&position, |(other, _)| *other) {
            self.orphans.remove(at).into_iter().for_each(|(_, slot)| effects.drop_slot(slot));
        }
        let in_ring = self.ring.request(position).and_then(AnyResponder::cell);
        if self.lossless == 0 {
            if let Some(cell) = in_ring.filter(|cell| !cell.is_released()) {
                cell.set_released();
                self.unclaimed_dead += 1;
            }
            return;
        }
        let mut first = true;
        for reader in self.readers.iter_mut().flatten().filter(|reader| reader.is_group()) {
            if let Ok(at) = reader.backlog.binary_search_by_key(&position, |(other, _)| *other) {
                if let Some((_, slot)) = reader.backlog.remove(at) {
                    reader.skipped.count(slot.request.cell().map(AnyCell::state));
                    reader.from_backlog += 1;
                    effects.drop_slot(slot);
                }
                continue;
            }
            let stash = reader.stash.lock();
            let cell = if position >= reader.next {
                in_ring
            } else {
                stash.queue.request(position).and_then(AnyResponder::cell)
            };
            let Some(cell) = cell else { continue };
            if std::mem::take(&mut first) && cell.is_released() {
                return; // done before
            }
            cell.set_released();
            reader.dead += 1;
        }
    }

    /// Requests from this position on that gave up their places.
    pub(super) fn released_from(&self, position: u64) -> u64 {
        if self.requests_end <= position {
            return 0;
        }
        let released = |(at, request): &(u64, &AnyResponder)| *at >= position && request.is_released();
        self.ring.requests().filter(released).count() as u64
    }
}
