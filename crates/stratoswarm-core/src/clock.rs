//! Clocks: moments for the figures, and whether tokio's clock stands still.

use std::{sync::OnceLock, time::Duration};

use tokio::time::Instant;

/// When something began, for figures only: nothing is decided by it. It is read where a future parks, so it is the
/// system's coarse clock, a few milliseconds off, for a quarter of the time that an exact one takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(coarsetime::Instant);

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        Self(if MAY_PAUSE { of_tokio() } else { coarsetime::Instant::now_without_cache_update() })
    }

    /// How long ago it was.
    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0.duration_since(self.0).into()
    }
}

/// The time, for one who asks whether this deadline has passed: exactly, unless the deadline is far.
#[inline]
pub(crate) fn near(deadline: Instant) -> Instant {
    /// Far more than the few milliseconds by which coarse time is behind.
    const FAR: Duration = Duration::from_secs(1);

    // Elsewhere the two may be different clocks, which stand still at different times.
    if !MAY_PAUSE && cfg!(target_os = "linux") {
        static ORIGIN: OnceLock<(Moment, Instant)> = OnceLock::new();

        let (origin, exact) = *ORIGIN.get_or_init(|| (Moment::now(), Instant::now()));
        if let Some(now) = exact.checked_add(origin.elapsed())
            && let Some(far) = now.checked_add(FAR)
            && far < deadline
        {
            return now;
        }
    }
    Instant::now()
}

/// The time of tokio's clock: where it may be paused, figures go by it, too.
fn of_tokio() -> coarsetime::Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    /// Ten years, as a clock that is paused may be before the first one that was looked at.
    const MIDDLE: coarsetime::Duration = coarsetime::Duration::from_days(3652);

    let now = Instant::now();
    let origin = *ORIGIN.get_or_init(|| now);
    let middle = coarsetime::Instant::from_ticks(0) + MIDDLE;
    match now.checked_duration_since(origin) {
        Some(after) => middle + coarsetime::Duration::from(after),
        None => middle - coarsetime::Duration::from(origin.duration_since(now)),
    }
}

/// Whether tokio's clock can be paused at all: whether tokio is built with its feature `test-util`, which programs other
/// than tests do without.
pub(crate) const MAY_PAUSE: bool = feature::test_util();

/// Whether the clock of the runtime here is paused.
pub(crate) fn is_paused() -> bool {
    use tokio::runtime::{Handle, RuntimeFlavor};

    let may_pause = MAY_PAUSE
        && Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::CurrentThread);
    if !may_pause {
        return false;
    }
    // Paused, it stands still while the system's goes on.
    let (before, start) = (Instant::now(), std::time::Instant::now());
    while start.elapsed() < Duration::from_micros(1) {}
    Instant::now() == before
}

/// Finds out about the feature of a dependency, which no `cfg` tells: with it, `tokio::time` has a function `pause`.
mod feature {
    /// What [`pause`] returns; tokio's returns nothing.
    pub(super) struct Ours(#[allow(dead_code, reason = "its size is the point")] u8);

    #[allow(dead_code, reason = "where tokio has it")]
    fn pause() -> Ours {
        Ours(0)
    }

    pub(super) const fn test_util() -> bool {
        #[allow(unused_imports, clippy::wildcard_imports, reason = "where tokio does not have it")]
        use tokio::time::*; // its `pause` comes before the one above

        returns_nothing(pause)
    }

    const fn returns_nothing<T>(_: fn() -> T) -> bool {
        size_of::<T>() == 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    #[test]
    fn the_tests_of_this_crate_may_pause_the_clock() {
        const { assert!(super::MAY_PAUSE, "they are built with `test-util`") };
    }

    #[test]
    fn the_coarse_clock_goes_on() {
        let coarse = coarsetime::Instant::now_without_cache_update;
        let (start, exact) = (coarse(), std::time::Instant::now());
        while coarse() == start {
            assert!(exact.elapsed() < std::time::Duration::from_secs(1), "it stands still");
        }
        assert!(coarse() > start);
    }

    #[tokio::test(start_paused = true)]
    async fn figures_go_by_a_paused_clock() {
        let start = super::Moment::now();
        tokio::time::advance(std::time::Duration::from_secs(100)).await;
        let off = start.elapsed().abs_diff(std::time::Duration::from_secs(100));
        assert!(off < std::time::Duration::from_micros(1), "{off:?}");
    }

    #[tokio::test]
    async fn a_clock_is_paused_from_when_to_when_it_is() {
        assert!(!super::is_paused());
        tokio::time::pause();
        assert!(super::is_paused());
        tokio::time::resume();
        assert!(!super::is_paused());
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_advanced_is_still_paused() {
        assert!(super::is_paused());
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        assert!(super::is_paused());
    }
}
