use std::{panic::Location, time::Duration};

use super::{Caller, WaitKind, WaitState};
use crate::tasks::{TaskNumber, Who};

/// One who waits on a channel, or holds a place in it: who, where, and for how long.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, WaitKind, WaitState};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// let mut worker = jobs.join("workers");
/// jobs.send(Job(1)).await?;
/// let mut kept = jobs.send(Job(2));
/// assert!(futures::poll!(&mut kept).is_pending());
/// assert_eq!(worker.recv().await.map(|job| job.0), Some(1));
/// // Its place is free, but nobody else gets it: it was granted to a future that is kept and not polled.
/// let info = jobs.info();
/// assert_eq!((info.len, info.blocked_senders, info.granted), (0, 0, 1));
/// let wait = &info.waits[0];
/// assert_eq!((wait.kind, wait.state, wait.at.file()), (WaitKind::Send, WaitState::Granted, file!()));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WaitInfo {
    /// What it waits for, or holds.
    pub kind: WaitKind,
    /// How far it is.
    pub state: WaitState,
    /// The task that waits, if it is one of tokio's that was spawned.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::stats::serialize::task"))]
    pub task: Option<tokio::task::Id>,
    /// The name of that task, if the fabric [knows it](crate::Fabric::spawn). [`Fabric::channels`](crate::Fabric::channels)
    /// and [`snapshot`](crate::Fabric::snapshot) tell it, and [`info`](crate::Channel::info) of a handle does not.
    pub name: Option<String>,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) tracked: Option<TaskNumber>,
    /// Where the call is; of a reader, where its handle was made.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::stats::serialize::location"))]
    pub at: &'static Location<'static>,
    /// For how long it has been waiting, or has held the place.
    pub waited: Duration,
}

impl WaitInfo {
    pub(crate) fn new(caller: &Caller, state: WaitState) -> Self {
        let Caller { kind, who, at, since } = *caller;
        let Who { task, tracked } = who;
        Self { kind, state, task, name: None, tracked, at, waited: since.elapsed() }
    }
}
