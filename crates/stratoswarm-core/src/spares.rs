use std::sync::{
    Arc,
    atomic::{Ordering, fence},
};

/// Values that were shared out, to be used again once nobody else has them: most are given back before the next few are needed,
/// so none need be allocated for each use.
pub(crate) struct Spares<T> {
    all: Vec<Arc<T>>,
    /// The one that was probably shared out longest ago.
    next: usize,
}

impl<T> Default for Spares<T> {
    fn default() -> Self {
        Self { all: Vec::new(), next: 0 }
    }
}

impl<T> Spares<T> {
    /// One that nobody has any more; whatever its last owner did with it was before. None if the next one is in use still.
    #[inline]
    pub(crate) fn unused(&mut self) -> Option<&Arc<T>> {
        let at = self.next;
        if Arc::strong_count(self.all.get(at)?) != 1 {
            return None;
        }
        fence(Ordering::Acquire); // pairs with the release of the last other reference; only from here can there be more
        self.pass();
        self.all.get(at)
    }

    /// Keeps one that was made, as the next was in use, unless there are so many. The model checker does not see the count of
    /// references, so there none is kept.
    pub(crate) fn keep(&mut self, made: &Arc<T>, most: usize) {
        if self.all.len() < most && !cfg!(loom) {
            self.all.push(Arc::clone(made));
        } else {
            self.pass(); // that one is had for long; those behind it may not be
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    fn pass(&mut self) {
        self.next = if self.next + 1 < self.all.len() { self.next + 1 } else { 0 };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_used_again_and_no_more_than_so_many_are_kept() {
        let mut spares = Spares::default();
        let mut take = |most| {
            spares.unused().cloned().unwrap_or_else(|| {
                let made = Arc::new(());
                spares.keep(&made, most);
                made
            })
        };
        let address = |one: &Arc<()>| Arc::as_ptr(one);
        let three: Vec<_> = (0..3).map(|_| take(2)).collect();
        let [first, second, third] = [&three[0], &three[1], &three[2]].map(address);
        assert!(first != second && second != third);
        drop(three);
        let again: Vec<_> = (0..2).map(|_| take(2)).collect();
        assert!(again.iter().map(address).all(|one| one == first || one == second), "the third was not kept");
        assert_ne!(address(&again[0]), address(&again[1]), "nobody gets what another has");
    }
}
