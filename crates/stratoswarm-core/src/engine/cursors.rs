use super::positions::Positions;

/// Where all readers are in the intake. Kept only while there are several: one alone needs all that is there.
pub(super) struct Cursors {
    /// The lossless readers; and, while there is none, the one to come.
    lossless: Positions,
    lossy: Positions,
    several: bool,
}

/// Whose cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Lossless,
    Lossy,
}

impl Cursors {
    pub(super) const fn new() -> Self {
        Self { lossless: Positions::new(), lossy: Positions::new(), several: false }
    }

    /// Whether there are several.
    #[inline(always)]
    pub(super) fn are_several(&self) -> bool {
        self.several
    }

    /// There are several from now on, and these are all of them.
    pub(super) fn track(&mut self, all: impl Iterator<Item = (Whose, u64)>) {
        *self = Self { several: true, ..Self::new() };
        all.for_each(|(whose, at)| self.of(whose).add(at));
    }

    /// There is one at most from now on.
    pub(super) fn forget(&mut self) {
        *self = Self::new();
    }

    pub(super) fn add(&mut self, whose: Whose, at: u64) {
        self.of(whose).add(at);
    }

    pub(super) fn remove(&mut self, whose: Whose, at: u64) {
        self.of(whose).remove(at);
    }

    #[inline]
    pub(super) fn moved(&mut self, whose: Whose, from: u64, to: u64) {
        if self.several {
            self.of(whose).moved(from, to);
        }
    }

    /// No lossy reader gets anything before this number any more.
    #[inline]
    pub(super) fn raise_lossy(&mut self, to: u64) {
        self.lossy.raise(to);
    }

    /// The number of the first message that somebody needs.
    #[inline]
    pub(super) fn least(&self) -> Option<u64> {
        let both = self.lossless.least().into_iter().chain(self.lossy.least());
        both.min()
    }

    /// The number of the first message that a lossless reader needs.
    #[inline]
    pub(super) fn least_lossless(&self) -> Option<u64> {
        self.lossless.least()
    }

    /// How many messages only this reader needs, of the first ones, up to `most`.
    pub(super) fn alone(&self, whose: Whose, at: u64, most: usize) -> usize {
        let (own, others) = match whose {
            Whose::Lossless => (&self.lossless, &self.lossy),
            Whose::Lossy => (&self.lossy, &self.lossless),
        };
        let before_others =
            others.least().map_or(most, |least| least.saturating_sub(at).min(most as u64) as usize);
        own.alone(at, before_others)
    }

    fn of(&mut self, whose: Whose) -> &mut Positions {
        match whose {
            Whose::Lossless => &mut self.lossless,
            Whose::Lossy => &mut self.lossy,
        }
    }
}
