use std::{any::Any, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{AnyResponder, Asked, Owed};
use crate::{stats::Skipped, tasks::TaskNumber, trace::TraceContext};

/// Whether a handler should still get a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestLiveness {
    Live,
    /// Its deadline has passed.
    Expired,
    /// Its caller has gone.
    Abandoned,
}

impl RequestLiveness {
    /// Counts a request that no handler gets, by its reason.
    pub(crate) fn count(self, skipped: &mut Skipped) {
        match self {
            Self::Abandoned => skipped.abandoned += 1,
            Self::Live | Self::Expired => skipped.expired += 1,
        }
    }
}

/// What travels with a message: a reply cell without its reply type, or the expiry of a message that was only sent.
pub(crate) trait AnyCell: Any + Send + Sync {
    /// Whether a caller waits, or waited, for a reply.
    fn is_request(&self) -> bool {
        true
    }

    /// Whether it is a charge, and nothing goes on with the message once it is taken.
    fn is_bare_charge(&self) -> bool {
        false
    }

    /// What goes on with the message once it is taken, if its sender was charged for it until then.
    fn without_charge(&self) -> Option<AnyResponder> {
        None
    }

    /// The charge of a request alone, for a reader that does not answer requests; none if there is no charge.
    fn charge_alone(&self) -> Option<AnyResponder> {
        None
    }

    fn deadline(&self) -> Option<Instant>;

    /// Says that a handler gets the request, if it should at this time.
    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness;

    /// Whether a handler should get the request at this time; if none is given, as far as the caller knows.
    fn state(&self, now: Option<Instant>) -> RequestLiveness;

    /// The deadline has passed: the caller is told, unless it has its answer.
    fn expire(&self);

    /// The channel has been shut down: the caller is told, unless it has its answer.
    fn close(&self);

    /// Which channel the request was made on, as an address.
    fn channel(&self) -> usize;

    /// Whether each group has a part of its own in it.
    fn has_parts(&self) -> bool {
        false
    }

    /// The part of this group, which has one responder; none if it was not asked, or has taken it.
    fn part_of(self: Arc<Self>, _group: u64) -> Option<Arc<dyn AnyCell>> {
        None
    }

    fn add_responder(&self);
    fn drop_responder(&self);
    fn fail_wrong_type(&self);

    /// A group gave the request up, after so many deliveries: unless another answers, that is what its caller is told.
    fn bury(&self, attempts: u32) {
        let _ = attempts;
    }

    /// A group that drops its oldest has lost the request.
    fn evict(&self) {}

    /// Which delivery of the message it is: 1 for the first.
    fn attempt(&self) -> u32 {
        1
    }

    /// Who waits for the reply, and how far it is; none if nobody does, or a lock is held for longer than this.
    fn asked(&self, _within: Duration) -> Option<Asked> {
        None
    }

    /// A tracked task has got it to do.
    fn set_holder(&self, _task: TaskNumber) {}

    /// Where the message belongs in a trace.
    fn trace(&self) -> Option<TraceContext> {
        None
    }

    /// What lies beside the message besides its place in a trace, if this is that.
    fn within(&self) -> Option<&AnyResponder> {
        None
    }

    /// What its group is owed, if it acknowledges.
    fn owed(&self) -> Option<&dyn Owed> {
        None
    }
}
