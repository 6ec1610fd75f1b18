use std::time::Duration;

/// A stretch of a recording's time, which counts from its first message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    /// When the first message was logged, in nanoseconds since 1970.
    begins: u64,
    from: Duration,
    to: Duration,
}

impl Stretch {
    /// All of it.
    pub(crate) fn all(begins: u64) -> Self {
        Self { begins, from: Duration::ZERO, to: Duration::MAX }
    }

    /// From then on, and before that.
    pub(crate) fn between(self, from: Duration, to: Duration) -> Self {
        Self { from, to, ..self }
    }

    /// How long after the first message this was logged.
    pub(crate) fn at(&self, logged: u64) -> Duration {
        Duration::from_nanos(logged.saturating_sub(self.begins))
    }

    /// Whether it was logged within.
    pub(crate) fn has(&self, logged: u64) -> bool {
        (self.from..self.to).contains(&self.at(logged))
    }
}
