use super::{Committed, Stopped};

/// What became of a proposal.
pub(crate) enum Settled<R> {
    Committed(Committed<R>),
    Never,
    Changed(u64),
    Unseen,
    Untold,
    Stopped(Stopped),
}
