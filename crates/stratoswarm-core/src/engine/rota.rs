use std::collections::{BTreeMap, HashMap, VecDeque};

use super::WaitId;

/// Whose turn it is among the handles that wait, where they take turns: each in the place in which it began to wait, and behind
/// all others once it was served. Within one handle it is the longest waiting's turn.
#[derive(Default)]
pub(super) struct Rota {
    /// The handle of each wait, of those also that wait for something else first.
    handles: HashMap<WaitId, usize>,
    lines: HashMap<usize, Line>,
    /// The handles that wait, by their turns.
    turns: BTreeMap<u64, usize>,
    next_turn: u64,
}

/// What one handle waits for: its waits by ascending number.
struct Line {
    turn: u64,
    waits: VecDeque<WaitId>,
}

impl Rota {
    /// Says whose wait this is.
    pub(super) fn note(&mut self, id: WaitId, handle: usize) {
        self.handles.insert(id, handle);
    }

    /// A wait of which it is known whose it is takes its place.
    pub(super) fn enter(&mut self, id: WaitId) {
        let Some(handle) = self.handles.get(&id).copied() else { return };
        let next_turn = &mut self.next_turn;
        let line = self.lines.entry(handle).or_insert_with(|| {
            *next_turn += 1;
            self.turns.insert(*next_turn, handle);
            Line { turn: *next_turn, waits: VecDeque::new() }
        });
        let at = line.waits.partition_point(|other| *other < id); // most often the last
        line.waits.insert(at, id);
    }

    /// Whose turn it is.
    pub(super) fn first(&self) -> Option<WaitId> {
        let (_, handle) = self.turns.first_key_value()?;
        self.lines.get(handle)?.waits.front().copied()
    }

    /// The same, who waits no more; his handle is behind all others.
    pub(super) fn pop(&mut self) -> Option<WaitId> {
        let (_, handle) = self.turns.pop_first()?;
        let line = self.lines.get_mut(&handle)?;
        let id = line.waits.pop_front()?;
        if line.waits.is_empty() {
            self.lines.remove(&handle);
        } else {
            self.next_turn += 1;
            line.turn = self.next_turn;
            self.turns.insert(self.next_turn, handle);
        }
        self.handles.remove(&id);
        Some(id)
    }

    /// This one waits no more.
    pub(super) fn remove(&mut self, id: WaitId) {
        let Some(handle) = self.handles.remove(&id) else { return };
        let Some(line) = self.lines.get_mut(&handle) else { return };
        if let Ok(at) = line.waits.binary_search(&id) {
            line.waits.remove(at);
        }
        if line.waits.is_empty() {
            self.turns.remove(&line.turn);
            self.lines.remove(&handle);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Beside a plain list of handles with their waits.
        #[test]
        fn handles_take_turns(steps in prop::collection::vec((0..4u8, 0..5usize, any::<prop::sample::Index>()), 0..200)) {
            let (mut rota, mut next) = (Rota::default(), 0);
            let mut model: Vec<(usize, Vec<WaitId>)> = Vec::new();
            for (step, handle, which) in steps {
                let known: Vec<_> = model.iter().flat_map(|(_, waits)| waits.iter().copied()).collect();
                match step {
                    0 | 1 => {
                        next += 1;
                        let id = WaitId::new(next).unwrap();
                        rota.note(id, handle);
                        rota.enter(id);
                        match model.iter_mut().find(|(other, _)| *other == handle) {
                            Some((_, waits)) => waits.push(id),
                            None => model.push((handle, vec![id])),
                        }
                    }
                    2 if !model.is_empty() => {
                        let (handle, mut waits) = model.remove(0);
                        prop_assert_eq!(rota.pop(), Some(waits.remove(0)));
                        if !waits.is_empty() {
                            model.push((handle, waits));
                        }
                    }
                    _ if !known.is_empty() => {
                        let id = known[which.index(known.len())];
                        rota.remove(id);
                        for (_, waits) in &mut model {
                            waits.retain(|other| *other != id);
                        }
                        model.retain(|(_, waits)| !waits.is_empty());
                    }
                    _ => prop_assert_eq!(rota.pop(), None),
                }
                prop_assert_eq!(rota.first(), model.first().map(|(_, waits)| waits[0]));
            }
            while rota.pop().is_some() {}
            prop_assert!(rota.handles.is_empty() && rota.lines.is_empty() && rota.turns.is_empty());
        }
    }
}
