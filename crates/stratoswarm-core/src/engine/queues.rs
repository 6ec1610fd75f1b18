use std::{
    mem,
    ops::{Index, IndexMut, Range},
};

use super::{LaneIndex, Queue};

/// What an inbox holds of each lane.
pub(super) struct Queues<M> {
    /// Of a channel without lanes all; otherwise of the lane that has a run, where the short ways find it.
    pub(super) main: Queue<M>,
    /// Of a channel with lanes; empty where `main` stands in.
    more: Vec<Queue<M>>,
    /// The lane that lies in `main`.
    at: LaneIndex,
}

impl<M> Queues<M> {
    /// Of so many lanes besides the first.
    pub(super) fn new(lanes: usize) -> Self {
        Self { main: Queue::new(), more: (0..lanes).map(|_| Queue::with_seqs()).collect(), at: 0 }
    }

    /// The lanes that are read.
    #[inline]
    pub(super) fn read(&self) -> Range<LaneIndex> {
        if self.more.is_empty() { 0..1 } else { 1..self.more.len() + 1 }
    }

    /// The only lane besides the first, if there is one and it has no run.
    #[inline(always)]
    pub(super) fn sole(&mut self) -> Option<&mut Queue<M>> {
        match self.more.as_mut_slice() {
            [sole] if self.at == 0 => Some(sole),
            _ => None,
        }
    }

    /// Puts a lane into `main`, where none of several lies.
    pub(super) fn raise(&mut self, at: LaneIndex) {
        debug_assert_eq!(self.at, 0, "one lies there");
        mem::swap(&mut self.main, &mut self.more[at - 1]);
        self.at = at;
    }

    /// Puts the lane that lies in `main` back.
    pub(super) fn lower(&mut self) {
        if self.at > 0 {
            mem::swap(&mut self.main, &mut self.more[self.at - 1]);
            self.at = 0;
        }
    }

    /// Those of all lanes, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Queue<M>> {
        std::iter::once(&self.main).chain(&self.more)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Queue<M>> {
        std::iter::once(&mut self.main).chain(&mut self.more)
    }
}

impl<M> Index<LaneIndex> for Queues<M> {
    type Output = Queue<M>;

    #[inline]
    fn index(&self, at: LaneIndex) -> &Queue<M> {
        if at == self.at { &self.main } else { &self.more[at - 1] }
    }
}

impl<M> IndexMut<LaneIndex> for Queues<M> {
    #[inline]
    fn index_mut(&mut self, at: LaneIndex) -> &mut Queue<M> {
        if at == self.at { &mut self.main } else { &mut self.more[at - 1] }
    }
}
