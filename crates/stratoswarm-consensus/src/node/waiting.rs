use tokio::sync::oneshot;

use super::{Committed, Settled, Stopped};
use crate::{Machine, replica::LeaseAnswer};

/// Who waits for a proposal to be decided.
pub(crate) enum Reply<M: Machine> {
    Command(oneshot::Sender<Settled<M::Response>>),
    Lease(oneshot::Sender<Settled<LeaseAnswer>>),
}

/// A proposal that is not decided.
pub(super) struct Waiting<M: Machine> {
    /// In the log's time, in nanoseconds.
    pub(super) expires: u64,
    pub(super) reply: Reply<M>,
}

/// What is the same for both.
#[derive(Clone)]
pub(super) enum Verdict {
    Never,
    Changed(u64),
    Unseen,
    Untold,
    Stopped(Stopped),
}

impl Verdict {
    fn settled<R>(self) -> Settled<R> {
        match self {
            Self::Never => Settled::Never,
            Self::Changed(last) => Settled::Changed(last),
            Self::Unseen => Settled::Unseen,
            Self::Untold => Settled::Untold,
            Self::Stopped(why) => Settled::Stopped(why),
        }
    }
}

impl<M: Machine> Reply<M> {
    // Whoever has dropped the call does not want to know: that a receiver is gone is no matter in any of these.

    pub(super) fn say(self, verdict: Verdict) {
        match self {
            Self::Command(waiter) => drop(waiter.send(verdict.settled())),
            Self::Lease(waiter) => drop(waiter.send(verdict.settled())),
        }
    }

    pub(super) fn command(self, index: u64, response: M::Response) {
        if let Self::Command(waiter) = self {
            drop(waiter.send(Settled::Committed(Committed { index, response })));
        }
    }

    pub(super) fn lease(self, index: u64, response: LeaseAnswer) {
        if let Self::Lease(waiter) = self {
            drop(waiter.send(Settled::Committed(Committed { index, response })));
        }
    }
}
