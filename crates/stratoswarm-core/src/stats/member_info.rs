use std::panic::Location;

use crate::tasks::TaskNumber;

/// A handle that reads: a member of a group, or a subscriber.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// let working = fabric.spawn("worker-1", async move { while worker.recv().await.is_some() {} });
/// tokio::task::yield_now().await;
/// let member = &fabric.channels()[0].readers[0].handles[0];
/// assert_eq!((member.name.as_deref(), member.at.file()), (Some("worker-1"), file!()));
/// # drop(working);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MemberInfo {
    /// Where it was made.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::location"))]
    pub at: &'static Location<'static>,
    /// The task that was last seen to wait there, if it is one of tokio's that was spawned.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::task"))]
    pub task: Option<tokio::task::Id>,
    /// Its name, if the fabric [knows it](crate::Fabric::spawn), as with [`WaitInfo::name`](super::WaitInfo::name).
    pub name: Option<String>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) tracked: Option<TaskNumber>,
}
