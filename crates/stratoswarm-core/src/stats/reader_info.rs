use super::{MemberInfo, ReaderKind, Skipped, WaitInfo};

/// What became of the messages meant for one reader: accepted = taken + skipped + dead + left, at every moment.
///
/// A group that [acknowledges](crate::GroupOptions::ack) has taken what it has settled; what is left to it was not handed out
/// yet, or is not settled.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// for n in 1..=5 { jobs.try_send(Job(n))?; }
/// let in_work = (worker.try_recv()?, worker.try_recv()?);
/// let info = &jobs.info().readers[0];
/// assert_eq!((&*info.name, info.members, info.in_flight), ("workers", 1, 2));
/// assert_eq!((info.accepted, info.taken, info.left), (5, 2, 3));
/// assert_eq!(info.accepted, info.taken + info.skipped.total() + info.left);
/// # drop(in_work);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ReaderInfo {
    /// The group's name, or the subscriber's; for the others `subscriber` or `tap` with the number of readers that there had been
    /// before.
    pub name: String,
    /// What tells readers of one name apart.
    pub(crate) number: u64,
    /// What sort of reader.
    pub kind: ReaderKind,
    /// How many handles read here.
    pub members: usize,
    /// Messages accepted since it joined, and those kept for it from before.
    pub accepted: u64,
    /// Messages it was given; of a group that acknowledges, those acknowledged.
    pub taken: u64,
    /// Messages it passed without getting them.
    pub skipped: Skipped,
    /// Messages it has yet to take; of a lossy reader: those of them that it can still get.
    pub left: u64,
    /// How many a member works on, its `Delivery`, `Responder` or `Ack` not dropped yet; they were taken, or are unsettled.
    pub in_flight: u64,
    /// Whether it is [paused](crate::Channel::pause_group).
    pub is_paused: bool,
    /// Messages that a group gave up: after the last delivery, or as a handler said so.
    pub dead: u64,
    /// Deliveries after the first of a message.
    pub redelivered: u64,
    /// Of those left: how many were handed out and are not settled.
    pub unsettled: u64,
    /// Of those left: how many came back, and wait for their delay to end.
    pub delayed: u64,
    /// Of those left: how many wait for one of their key, in a group that is [ordered](crate::GroupOptions::ordered_by).
    pub behind: u64,
    /// Its members that wait for a message.
    pub waits: Vec<WaitInfo>,
    /// The handles that read here, the oldest first; none of readers that hold nobody back.
    pub handles: Vec<MemberInfo>,
    /// Of a recorder: why what it is given is not kept any more, if it [is not](crate::Recorder::fail).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub failure: Option<String>,
}
