use tokio::time::Instant;

use crate::request::{AnyCell, RequestLiveness};

/// What lies beside a message of a traced channel, where nothing else does. It says nothing.
pub(super) struct Mark;

impl AnyCell for Mark {
    fn is_request(&self) -> bool {
        false
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn begin_handling(&self, _: Option<Instant>) -> RequestLiveness {
        RequestLiveness::Live
    }

    fn state(&self, _: Option<Instant>) -> RequestLiveness {
        RequestLiveness::Live
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
