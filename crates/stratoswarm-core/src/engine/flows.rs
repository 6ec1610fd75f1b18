use std::{
    any::TypeId,
    collections::{BTreeMap, VecDeque},
    hash::Hash,
};

use super::{
    keys::{KeyTable, Keys},
    slots::{Slot, Slots},
};

/// What a group does with keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// One message of a key at a time.
    Ordered,
    /// Keys take turns.
    Fair,
}

/// The messages of a group by their keys.
pub(crate) struct Flows<M> {
    order: Order,
    keys: Box<dyn Keys<M>>,
    all: Slots<Flow>,
    /// Whose turn it is, if keys take turns: those that have something.
    turns: VecDeque<Slot>,
    /// How many messages wait in all flows.
    waiting: usize,
}

#[derive(Default)]
struct Flow {
    /// What waits: for the one that has the key, or for the turn. By their numbers.
    waiting: BTreeMap<u64, Slot>,
    entries: usize,
    /// One has the key.
    busy: bool,
    in_turn: bool,
}

impl<M> Flows<M> {
    pub(crate) fn new<K>(order: Order, key: impl Fn(&M) -> K + Send + 'static) -> Self
    where
        K: Hash + Eq + Clone + Send + 'static,
    {
        let keys = Box::new(KeyTable::new(key));
        Self { order, keys, all: Slots::new(), turns: VecDeque::new(), waiting: 0 }
    }

    pub(super) fn is_fair(&self) -> bool {
        self.order == Order::Fair
    }

    /// What two of the same kind have in common.
    pub(super) fn kind(&self) -> (Order, TypeId) {
        (self.order, self.keys.key_type())
    }

    /// How many messages wait for the one that has their key, or for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The flow of a message that came, of which it is part from now on.
    pub(super) fn enter(&mut self, message: &M) -> Slot {
        let fresh = self.all.insert(Flow::default());
        let flow = self.keys.flow(message, fresh);
        if flow != fresh {
            self.all.remove(fresh);
        }
        if let Some(flow) = self.all.get_mut(flow) {
            flow.entries += 1;
        }
        flow
    }

    /// Takes the key, if nobody has it.
    pub(super) fn try_hold(&mut self, flow: Slot) -> bool {
        self.all.get_mut(flow).is_some_and(|flow| !std::mem::replace(&mut flow.busy, true))
    }

    /// A message waits: for its key, or for its turn.
    pub(super) fn wait(&mut self, flow: Slot, number: u64, slot: Slot) {
        let fair = self.is_fair();
        let Some(its) = self.all.get_mut(flow) else { return };
        self.waiting += usize::from(its.waiting.insert(number, slot).is_none());
        if fair && !std::mem::replace(&mut its.in_turn, true) {
            self.turns.push_back(flow);
        }
    }

    /// A message does not wait any more.
    pub(super) fn unwait(&mut self, flow: Slot, number: u64) {
        if let Some(flow) = self.all.get_mut(flow) {
            self.waiting -= usize::from(flow.waiting.remove(&number).is_some());
        }
    }

    /// The first message of the key whose turn it is.
    pub(super) fn next_turn(&mut self) -> Option<Slot> {
        while let Some(turn) = self.turns.pop_front() {
            let Some(flow) = self.all.get_mut(turn) else { continue };
            flow.in_turn = false;
            if let Some((_, slot)) = flow.waiting.pop_first() {
                self.waiting -= 1;
                if !flow.waiting.is_empty() {
                    flow.in_turn = true;
                    self.turns.push_back(turn);
                }
                return Some(slot);
            }
        }
        None
    }

    /// A message leaves its flow. `held`: it had the key, which the first that waits has from now on.
    pub(super) fn leave(&mut self, flow: Slot, held: bool) -> Option<Slot> {
        let its = self.all.get_mut(flow)?;
        its.entries -= 1;
        let mut next = None;
        if held {
            next = its.waiting.pop_first().map(|(_, slot)| slot);
            its.busy = next.is_some();
            self.waiting -= usize::from(next.is_some());
        }
        if its.entries == 0 {
            if its.in_turn {
                self.turns.retain(|turn| *turn != flow);
            }
            self.all.remove(flow);
            self.keys.forget(flow);
        }
        next
    }

    /// Nothing is here any more. What the user has in it stays, and is dropped with it.
    pub(super) fn clear(&mut self) {
        drop(self.all.take_all());
        self.turns.clear();
        self.waiting = 0;
    }
}
