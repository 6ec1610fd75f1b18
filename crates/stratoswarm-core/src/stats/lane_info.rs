use crate::message::Priority;

/// The figures of one lane of a channel that has several; see [`ChannelInfo::lanes`](crate::ChannelInfo::lanes).
///
/// # Examples
/// ```
/// # use stratoswarm_core::{Fabric, Message, NoReply, Priority};
/// # #[derive(Clone)] struct Job(Priority);
/// # impl Message for Job { type Reply = NoReply; fn priority(&self) -> Priority { self.0 } }
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(100).lane(Priority::Critical, 4).open()?;
/// let worker = jobs.join("workers");
/// jobs.try_send(Job(Priority::Normal))?;
/// jobs.try_send(Job(Priority::Low))?;
/// let lanes = jobs.info().lanes;
/// assert_eq!((lanes[0].priority, lanes[0].capacity, lanes[0].len), (Priority::Critical, 4, 0));
/// assert_eq!((lanes[1].priority, lanes[1].capacity, lanes[1].len), (Priority::Normal, 100, 2));
/// # drop(worker);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LaneInfo {
    /// The class whose lane it is; `Normal`'s is also that of the classes without one.
    pub priority: Priority,
    /// How many of its messages may wait.
    pub capacity: usize,
    /// Messages accepted.
    pub sent: u64,
    /// How many wait: accepted and not yet taken by the slowest lossless reader.
    pub len: usize,
    /// The most that ever waited at once.
    pub high_water: usize,
    /// Senders that wait for room in it.
    pub blocked_senders: usize,
}
