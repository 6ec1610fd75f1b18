/// Values under small numbers, which are used again.
pub(super) struct Slots<T> {
    values: Vec<Option<T>>,
    free: Vec<Slot>,
}

/// The number of a value.
pub(crate) type Slot = u32;

impl<T> Slots<T> {
    /// So many empty places are kept when there is no value any more.
    const KEPT: usize = 64;

    pub(super) const fn new() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    pub(super) fn insert(&mut self, value: T) -> Slot {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => self.another(),
        };
        if let Some(free) = self.values.get_mut(slot as usize) {
            *free = Some(value);
        }
        slot
    }

    #[cold]
    fn another(&mut self) -> Slot {
        self.values.push(None);
        (self.values.len() - 1) as Slot
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        self.values.get(slot as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.values.get_mut(slot as usize)?.as_mut()
    }

    pub(super) fn remove(&mut self, slot: Slot) -> Option<T> {
        let value = self.values.get_mut(slot as usize)?.take()?;
        self.freed(slot);
        Some(value)
    }

    /// The same of a value that is nothing any more, and is not moved.
    #[inline(always)]
    pub(super) fn forget(&mut self, slot: Slot) {
        if let Some(value) = self.values.get_mut(slot as usize)
            && value.is_some()
        {
            *value = None;
            self.freed(slot);
        }
    }

    #[inline(always)]
    fn freed(&mut self, slot: Slot) {
        self.free.push(slot);
        if self.values.len() > Self::KEPT && self.is_empty() {
            self.shrink();
        }
    }

    #[cold]
    fn shrink(&mut self) {
        *self = Self::new();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        let values = self.values.iter().enumerate();
        values.filter_map(|(slot, value)| Some((slot as Slot, value.as_ref()?)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.values.iter_mut().flatten()
    }

    /// All of them, which are here no more.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::replace(self, Self::new()).values.into_iter().flatten()
    }
}
