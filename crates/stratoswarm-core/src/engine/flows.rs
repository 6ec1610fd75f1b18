use std::{any::TypeId, collections::VecDeque, hash::Hash};

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
    /// Keys take turns, and of each there is the newest message only.
    Latest,
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
    /// How many flows have nothing: the next message of their keys finds them again, as long as they are not too many.
    empty: usize,
}

#[derive(Default)]
struct Flow {
    /// What waits: for the one that has the key, or for the turn. By ascending numbers.
    waiting: VecDeque<(u64, Slot)>,
    entries: usize,
    /// One has the key.
    busy: bool,
    in_turn: bool,
}

/// So many flows that have nothing are kept, and twice as many as have something.
const KEPT: usize = 64;

impl<M> Flows<M> {
    pub(crate) fn new<K>(order: Order, key: impl Fn(&M) -> K + Send + 'static) -> Self
    where
        K: Hash + Eq + Clone + Send + 'static,
    {
        let keys = Box::new(KeyTable::new(key));
        Self { order, keys, all: Slots::new(), turns: VecDeque::new(), waiting: 0, empty: 0 }
    }

    pub(super) fn takes_turns(&self) -> bool {
        self.order != Order::Ordered
    }

    /// The message of this flow that waits, if a newer one takes its place.
    pub(super) fn older(&self, flow: Slot) -> Option<Slot> {
        let its = self.all.get(flow).filter(|_| self.order == Order::Latest)?;
        its.waiting.front().map(|(_, slot)| *slot)
    }

    pub(super) fn keeps_latest(&self) -> bool {
        self.order == Order::Latest
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
    #[inline]
    pub(super) fn enter(&mut self, message: &M) -> Slot {
        let (all, empty) = (&mut self.all, &mut self.empty);
        let mut made = None;
        let mut fresh = || {
            *empty += 1;
            let flow = all.insert(Flow::default());
            made = Some(flow);
            flow
        };
        let found = self.keys.flow(message, &mut fresh);
        // One whose key panics has a flow of its own.
        let flow = found.or(made).unwrap_or_else(|| {
            self.empty += 1;
            self.all.insert(Flow::default())
        });
        if let Some(its) = self.all.get_mut(flow) {
            self.empty -= usize::from(its.entries == 0);
            its.entries += 1;
        }
        flow
    }

    /// Takes the key, if nobody has it.
    pub(super) fn try_hold(&mut self, flow: Slot) -> bool {
        self.all.get_mut(flow).is_some_and(|flow| !std::mem::replace(&mut flow.busy, true))
    }

    /// A message waits: for its key, or for its turn.
    pub(super) fn wait(&mut self, flow: Slot, number: u64, slot: Slot) {
        let fair = self.takes_turns();
        let Some(its) = self.all.get_mut(flow) else { return };
        let last = its.waiting.back().is_none_or(|(last, _)| *last < number);
        let at =
            if last { its.waiting.len() } else { its.waiting.partition_point(|(other, _)| *other < number) };
        its.waiting.insert(at, (number, slot));
        self.waiting += 1;
        if fair && !std::mem::replace(&mut its.in_turn, true) {
            self.turns.push_back(flow);
        }
    }

    /// A message does not wait any more.
    pub(super) fn unwait(&mut self, flow: Slot, number: u64) {
        if let Some(flow) = self.all.get_mut(flow)
            && let Ok(at) = flow.waiting.binary_search_by_key(&number, |(number, _)| *number)
        {
            flow.waiting.remove(at);
            self.waiting -= 1;
        }
    }

    /// The first message of the key whose turn it is.
    pub(super) fn next_turn(&mut self) -> Option<Slot> {
        while let Some(turn) = self.turns.pop_front() {
            let Some(flow) = self.all.get_mut(turn) else { continue };
            flow.in_turn = false;
            if let Some((_, slot)) = flow.waiting.pop_front() {
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
    #[inline]
    pub(super) fn leave(&mut self, flow: Slot, held: bool) -> Option<Slot> {
        let its = self.all.get_mut(flow)?;
        its.entries -= 1;
        let mut next = None;
        if held {
            next = its.waiting.pop_front().map(|(_, slot)| slot);
            its.busy = next.is_some();
            self.waiting -= usize::from(next.is_some());
        }
        if its.entries == 0 {
            self.empty += 1;
            if self.empty > KEPT && self.empty > 2 * (self.all.len() - self.empty) {
                self.forget_empty();
            }
        }
        next
    }

    /// Forgets the flows that have nothing, but for those that are in turn still.
    #[cold]
    fn forget_empty(&mut self) {
        let empty = |(flow, its): (Slot, &Flow)| (its.entries == 0 && !its.in_turn).then_some(flow);
        let gone: Vec<_> = self.all.iter().filter_map(empty).collect();
        self.empty -= gone.len();
        for flow in gone {
            self.all.remove(flow);
            self.keys.forget(flow);
        }
    }

    /// Nothing is here any more. What the user has in it stays, and is dropped with it.
    pub(super) fn clear(&mut self) {
        drop(self.all.take_all());
        self.turns.clear();
        (self.waiting, self.empty) = (0, 0);
    }
}
