use super::{ReaderKind, Skipped, WaitInfo};

/// What became of the messages meant for one reader: accepted = taken + skipped + left, at every moment.
///
/// # Examples
/// ```
/// # use stratoswarm_core::{Fabric, Message, NoReply};
/// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
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
#[non_exhaustive]
pub struct ReaderInfo {
    /// The group's name; for the others `subscriber` or `tap` with the number of readers that there had been before.
    pub name: String,
    /// What tells readers of one name apart.
    pub(crate) number: u64,
    /// What sort of reader.
    pub kind: ReaderKind,
    /// How many handles read here.
    pub members: usize,
    /// Messages accepted since it joined, and those kept for it from before.
    pub accepted: u64,
    /// Messages it was given.
    pub taken: u64,
    /// Messages it passed without getting them.
    pub skipped: Skipped,
    /// Messages it has yet to take; of a lossy reader: those of them that it can still get.
    pub left: u64,
    /// Of those taken: how many a member works on, its `Delivery` or `Responder` not dropped yet.
    pub in_flight: u64,
    /// Whether it is [paused](crate::Channel::pause_group).
    pub is_paused: bool,
    /// Its members that wait for a message.
    pub waits: Vec<WaitInfo>,
}
