/// Why a node answers nothing any more. Open it anew to go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// The log lost what it had acknowledged, or this node has read another one: a proposer saw something else there. What this
    /// node said of indexes beyond `agreed` may not be in the log any more. A node that is opened anew follows the log that is left.
    #[error(
        "the log was rewritten: another node has read something else up to index {index}; last known to agree at {agreed}"
    )]
    Rewritten {
        /// Up to where this node is known to have read what another one has.
        agreed: u64,
        /// Where they differ, at the latest.
        index: u64,
    },
    /// The state at this index is not that of the node that wrote the snapshot: the machine is not deterministic on one of them.
    #[error(
        "the state at index {at} is not that of another node: the machine is not deterministic, or not the same program"
    )]
    Diverged {
        /// The snapshot's index.
        at: u64,
    },
    /// The machine panicked.
    #[error("the machine panicked at index {index}: {message}")]
    Panicked {
        /// At this entry.
        index: u64,
        /// What it said.
        message: String,
    },
    /// An entry of this crate's cannot be read: it is of a newer version, or of another machine.
    #[error("the entry at index {index} is not one of this machine's, or of a newer version: {why}")]
    Undecodable {
        /// The entry.
        index: u64,
        /// Why.
        why: String,
    },
    /// What this node needs was purged, and no snapshot could be read that goes so far.
    #[error("the log begins at index {first}, and no snapshot that goes so far can be read")]
    Purged {
        /// The first index that is left.
        first: u64,
    },
    /// All its handles are gone, or it was closed.
    #[error("the node is closed")]
    Closed,
}
