use std::sync::Arc;

use super::{Digest, LeaseAnswer};
use crate::{At, Machine};

/// What an entry was, and what came of it.
pub(crate) struct Step<M: Machine> {
    pub(crate) session: u64,
    pub(crate) serial: u64,
    pub(crate) at: At,
    pub(crate) kind: Kind<M>,
    /// The proposer has read another log than this node.
    pub(crate) differs: bool,
}

/// What kind of entry it was.
pub(crate) enum Kind<M: Machine> {
    Barrier,
    Command(Outcome<M::Response>, Arc<M::Command>),
    Lease(Outcome<LeaseAnswer>, String),
    Snapshot(u64, Digest),
    Confirm(u64),
    Foreign,
}

/// What became of a proposal.
pub(crate) enum Outcome<R> {
    Applied(R),
    /// It was applied before.
    Repeated,
    /// It was stored too late, or for too long.
    Expired,
    /// It was judged, and not applied: another was, at this index.
    Changed(u64),
}
