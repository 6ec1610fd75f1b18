use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970, which never fall: the wall clock is read once, and what has passed since is added.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clock {
    /// For a thread.
    Std(u64, Instant),
    /// For a task, whose clock may be paused.
    Tokio(u64, tokio::time::Instant),
}

impl Clock {
    pub(super) fn std() -> Self {
        Self::Std(wall(), Instant::now())
    }

    pub(super) fn tokio() -> Self {
        Self::Tokio(wall(), tokio::time::Instant::now())
    }

    pub(super) fn now(&self) -> u64 {
        let (base, passed) = match self {
            Self::Std(base, since) => (base, since.elapsed()),
            Self::Tokio(base, since) => (base, since.elapsed()),
        };
        base.saturating_add(nanos(passed))
    }

    /// What the recorder says of its times.
    pub(super) fn resolution(&self) -> &'static str {
        match self {
            Self::Std(..) => "1ms..50ms",
            Self::Tokio(..) => "exact",
        }
    }
}

/// What the wall clock says now.
pub(super) fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos)
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
