use std::{sync::Arc, time::Duration};

use super::{AnyResponder, Settled, Watching};

/// What a group is owed that acknowledges: what a delivery carries in the place of a request's responder.
pub(crate) trait Owed {
    /// Settles it, if nobody has.
    fn settle(&self, verdict: Verdict) -> Settled;

    /// A further responder of the request; none if nobody asked.
    fn request(&self) -> AnyResponder;

    /// Who is told of its reply, if anybody is.
    fn watching(&self) -> Option<Arc<dyn Watching>>;

    /// Whether something is owed: otherwise it is a request that is watched only.
    fn is_kept(&self) -> bool {
        true
    }
}

/// How a delivery is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Ack,
    /// It is to be delivered again: after so long, or as the policy says.
    Nak(Option<Duration>),
    /// It is to be delivered to nobody any more, for this reason.
    Term(String),
    /// Somebody still works on it.
    Progress,
}
