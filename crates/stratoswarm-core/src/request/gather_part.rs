use std::{panic::RefUnwindSafe, sync::Arc};

use tokio::time::Instant;

use super::{AnyCell, GatherCell, ReplyOutcome, RequestLiveness};
use crate::sync::atomic::{AtomicU32, Ordering};

/// The part that one group has in a request to each of them.
pub(crate) struct GatherPart<R> {
    gather: Arc<GatherCell<R>>,
    /// The group's place among those that were asked.
    place: usize,
    /// How many responders the group has.
    responders: AtomicU32,
}

// No user's code runs under the gather's lock.
impl<R> RefUnwindSafe for GatherPart<R> {}

impl<R> GatherPart<R> {
    /// A part with one responder.
    pub(super) fn new(gather: Arc<GatherCell<R>>, place: usize) -> Self {
        Self { gather, place, responders: AtomicU32::new(1) }
    }

    pub(crate) fn gather(&self) -> &GatherCell<R> {
        &self.gather
    }

    /// Brings the group's reply to the caller; hands it back if it is not its first, or not wanted any more.
    pub(crate) fn answer(&self, reply: R) -> ReplyOutcome<R> {
        self.gather.answer(self.place, reply)
    }

    /// One responder less; with the last one the group is missing, unless it has answered.
    pub(crate) fn drop_responder(&self) {
        if self.responders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.gather.miss(self.place);
        }
    }
}

impl<R: Send + 'static> AnyCell for GatherPart<R> {
    fn deadline(&self) -> Option<Instant> {
        self.gather.deadline()
    }

    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness {
        self.gather.begin_handling(now)
    }

    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        self.gather.state(now)
    }

    fn expire(&self) {
        self.gather.expire();
    }

    fn close(&self) {
        self.gather.close();
    }

    fn channel(&self) -> usize {
        self.gather.channel()
    }

    fn add_responder(&self) {
        self.responders.fetch_add(1, Ordering::Relaxed);
    }

    fn drop_responder(&self) {
        self.drop_responder();
    }

    fn fail_wrong_type(&self) {
        self.gather.fail_wrong_type();
    }
}
