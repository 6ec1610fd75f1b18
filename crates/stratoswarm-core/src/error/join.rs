/// A group could not be joined as asked, or a subscriber cannot start there.
///
/// # Examples
/// ```
/// # use stratoswarm_core::{Fabric, JoinError};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let worker = jobs.join("workers"); // outlives its members
/// let refused = jobs.group("workers").ephemeral().join();
/// assert_eq!(refused.err(), Some(JoinError::Conflict));
/// # drop(worker);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The group exists with another policy: it outlives its members and was asked for as ephemeral, or it acknowledges, has
    /// keys or dead letters otherwise than was asked for.
    #[error("group exists with another policy")]
    Conflict,
    /// Two options do not go together.
    #[error("{option} does not go with {with}")]
    Incompatible {
        /// One of them.
        option: &'static str,
        /// The other, or what is missing.
        with: &'static str,
    },
    /// The message to start at is not there any more, or was not kept.
    #[error("what is retained begins with {oldest}")]
    NotRetained {
        /// The sequence number of the first that is there.
        oldest: u64,
    },
    /// There is no such group, and it was not to be made.
    #[error(
        "channel {channel:?} has no group {group:?}, only {groups:?}: declare it at the channel's opening"
    )]
    Undeclared {
        /// The channel's name.
        channel: String,
        /// The group that was asked for.
        group: String,
        /// Those that there are.
        groups: Vec<String>,
    },
}
