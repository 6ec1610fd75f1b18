use std::ops::{Index, IndexMut, Range};

/// The number of a lane: 0 is the order of admission; see [`Log`](super::Log).
pub(crate) type LaneIndex = usize;

/// What there is of each lane: the first beside the others, so that a channel without others finds it where it is.
pub(super) struct PerLane<T> {
    pub(super) main: T,
    pub(super) more: Vec<T>,
}

impl<T> PerLane<T> {
    pub(super) const fn new(main: T) -> Self {
        Self { main, more: Vec::new() }
    }

    /// The lanes that lossless readers read: all but the first, if there are others.
    #[inline]
    pub(super) fn read(&self) -> Range<LaneIndex> {
        if self.more.is_empty() { 0..1 } else { 1..self.more.len() + 1 }
    }

    /// Whether there are others than the first.
    #[inline(always)]
    pub(super) fn are_several(&self) -> bool {
        !self.more.is_empty()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.main).chain(&self.more)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        std::iter::once(&mut self.main).chain(&mut self.more)
    }
}

impl<T> Index<LaneIndex> for PerLane<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, at: LaneIndex) -> &T {
        if at == 0 { &self.main } else { &self.more[at - 1] }
    }
}

impl<T> IndexMut<LaneIndex> for PerLane<T> {
    #[inline(always)]
    fn index_mut(&mut self, at: LaneIndex) -> &mut T {
        if at == 0 { &mut self.main } else { &mut self.more[at - 1] }
    }
}
