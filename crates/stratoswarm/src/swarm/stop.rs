use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use super::Ending;

/// Tells everyone that the run is to end now, and remembers why: the first reason stands.
///
/// Work under way ends early and with what it has, so the end is graceful but not reproducible.
#[derive(Debug, Default)]
pub struct Stop {
    flag: AtomicBool,
    reason: OnceLock<Ending>,
}

impl Stop {
    /// Not set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the run because of `reason`.
    pub fn set(&self, reason: Ending) {
        // Too late if another reason was first; the flag is set all the same.
        let _ = self.reason.set(reason);
        self.flag.store(true, Ordering::Release);
    }

    /// Is the run to end?
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }

    /// Why it is to end; none while it is not.
    pub fn reason(&self) -> Option<Ending> {
        self.is_set().then(|| self.reason.get().copied()).flatten()
    }

    /// The bare flag, for loops that know nothing of swarms.
    pub fn flag(&self) -> &AtomicBool {
        &self.flag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stands() {
        let stop = Stop::new();
        assert_eq!((stop.is_set(), stop.reason()), (false, None));
        stop.set(Ending::Interrupted);
        stop.set(Ending::Seconds);
        assert_eq!((stop.is_set(), stop.reason()), (true, Some(Ending::Interrupted)));
        assert!(stop.flag().load(Ordering::Relaxed));
    }
}
