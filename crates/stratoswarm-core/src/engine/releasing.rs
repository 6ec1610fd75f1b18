use super::{Effects, Log, Slot};
use crate::requests::{AnyCell, Handover};

impl<M> Log<M> {
    /// Makes every request that is expired or abandoned give up its place; whether there was one.
    pub(super) fn release_gone(&mut self, effects: &mut Effects<M>) -> bool {
        if self.requests_end <= self.floor && self.orphans.is_empty() {
            return false;
        }
        let gone = |slot: &Slot<M>| {
            !slot.request.is_released()
                && slot.request.cell().is_some_and(|cell| cell.state() != Handover::Live)
        };
        let mut positions = Vec::new();
        positions.extend(
            (self.base..).zip(&self.ring).filter(|(_, slot)| gone(slot)).map(|(position, _)| position),
        );
        positions.extend(self.orphans.iter().filter(|(_, slot)| gone(slot)).map(|(position, _)| *position));
        for reader in self.readers.iter().flatten().filter(|reader| reader.is_group()) {
            positions
                .extend(reader.backlog.iter().filter(|(_, slot)| gone(slot)).map(|(position, _)| *position));
            if reader.stashed {
                let stash = reader.stash.lock();
                let queued = (stash.front..).zip(&stash.queue);
                positions.extend(queued.filter(|(_, slot)| gone(slot)).map(|(position, _)| position));
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
            effects.dropped.extend(self.orphans.remove(at).map(|(_, slot)| slot));
        }
        let in_ring = position.checked_sub(self.base).and_then(|at| self.ring.get(at as usize));
        let in_ring = in_ring.and_then(|slot| slot.request.cell());
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
                    effects.dropped.push(slot);
                }
                continue;
            }
            let stash = reader.stash.lock();
            let cell = if position >= reader.next {
                in_ring
            } else {
                let slot = position.checked_sub(stash.front).and_then(|at| stash.queue.get(at as usize));
                slot.and_then(|slot| slot.request.cell())
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
        let ahead = position.saturating_sub(self.base) as usize;
        self.ring.iter().skip(ahead).filter(|slot| slot.request.is_released()).count() as u64
    }
}
