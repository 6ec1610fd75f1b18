use stratoswarm_core::{ReaderTimes, Times};

/// After so long what is told begins anew, in microseconds.
const WINDOW: u64 = 10_000_000;

/// Sampled times of one reader, of the last one or two windows.
#[derive(Debug, Default)]
pub(super) struct Lately {
    now: Both,
    /// What was known when this window began, and the one before it.
    before: [Both; 2],
    began: u64,
}

#[derive(Debug, Default, Clone)]
struct Both {
    waiting: Times,
    handling: Times,
}

impl Lately {
    /// What is known at this time.
    pub(super) fn add(&mut self, times: &ReaderTimes, at: u64) {
        if at.saturating_sub(self.began) >= WINDOW {
            let [this, last] = &mut self.before;
            // Of what nobody looked at for longer nothing is known to be old.
            std::mem::swap(this, last);
            *this = self.now.clone();
            if at.saturating_sub(self.began) >= 2 * WINDOW {
                *last = this.clone();
            }
            self.began = at;
        }
        self.now = Both { waiting: times.waiting.clone(), handling: times.handling.clone() };
    }

    /// How long messages waited lately, and were worked on.
    pub(super) fn times(&self) -> (Option<Times>, Option<Times>) {
        let since = |now: &Times, before: &Times| Some(now.since(before)).filter(|times| times.samples() > 0);
        let [_, last] = &self.before;
        (since(&self.now.waiting, &last.waiting), since(&self.now.handling, &last.handling))
    }
}
