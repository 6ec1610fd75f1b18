use tokio::time::Instant;

use super::{AnyCell, RequestLiveness};

/// When a message that was only sent expires.
pub(crate) struct ExpiryCell {
    deadline: Instant,
}

impl ExpiryCell {
    pub(crate) fn new(deadline: Instant) -> Self {
        Self { deadline }
    }
}

impl AnyCell for ExpiryCell {
    fn is_request(&self) -> bool {
        false
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.deadline)
    }

    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness {
        self.state(now)
    }

    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        if now.is_some_and(|now| self.deadline <= now) {
            RequestLiveness::Expired
        } else {
            RequestLiveness::Live
        }
    }

    fn expire(&self) {}

    fn close(&self) {}

    fn channel(&self) -> usize {
        0
    }

    fn add_responder(&self) {}

    fn drop_responder(&self) {}

    fn fail_wrong_type(&self) {}
}
