use super::{Committed, Stopped};

/// What became of a proposal whose call had ended: see [`Undecided::fate`](crate::Undecided::fate).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate<R> {
    /// It was decided and applied.
    Committed(Committed<R>),
    /// No node has applied it, and none will.
    Never,
    /// It was decided, but not applied: another command was, at this index, after the one that was stated.
    Changed {
        /// The last command's index.
        last: u64,
    },
    /// It was applied, in a stretch of the log that was purged before this node read it: what the machine said is not known here.
    CommittedUnseen,
    /// The node was behind for more than an hour, and the stretch of the log that tells was purged meanwhile.
    Untold,
    /// The node has stopped: another node can say what the log holds.
    Stopped(Stopped),
}
