use super::HeldHandle;
use crate::stats::{ChannelInfo, TaskInfo};

/// All that a fabric knows at one moment, for whoever shows or keeps it. Made by [`Fabric::snapshot`](crate::Fabric::snapshot).
///
/// With the feature `serde` it is written as its fields have it, places in the source as `file:line:column`.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// jobs.try_send(Job(1))?;
/// let snapshot = fabric.snapshot();
/// assert_eq!((&*snapshot.channels[0].name, snapshot.channels[0].len), ("jobs", 1));
/// assert_eq!((snapshot.handles[0].kind, snapshot.handles[0].count), ("Channel", 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The channels, in the order of their closing.
    pub channels: Vec<ChannelInfo>,
    /// The handles of each that there are, by the places where they were made.
    pub handles: Vec<HeldHandle>,
    /// The tasks that the fabric was told of.
    pub tasks: Vec<TaskInfo>,
}
