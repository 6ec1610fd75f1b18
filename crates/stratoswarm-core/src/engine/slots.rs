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

    pub(super) fn insert(&mut self, value: T) -> Slot {
        if let Some(slot) = self.free.pop() {
            self.values[slot as usize] = Some(value);
            return slot;
        }
        self.values.push(Some(value));
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
        self.free.push(slot);
        if self.is_empty() && self.values.len() > Self::KEPT {
            *self = Self::new();
        }
        Some(value)
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
