use std::{panic::Location, time::Duration};

use super::TaskState;
use crate::tasks::{Phase, TaskFacts};

/// A task that its fabric [tracks](crate::Fabric::track), at one moment.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, TaskState};
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// let working = fabric.spawn("worker-1", async move { while worker.recv().await.is_some() {} });
/// tokio::task::yield_now().await;
/// let task = &fabric.snapshot().tasks[0];
/// assert_eq!((&*task.name, task.state, task.polls > 0), ("worker-1", TaskState::Parked, true));
/// # drop(working);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: TaskState,
    /// For how long it has done so.
    pub lasted: Duration,
    /// How often it was polled.
    pub polls: u64,
    /// Where it was started.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::location"))]
    pub at: &'static Location<'static>,
}

impl TaskInfo {
    pub(crate) fn new(facts: &TaskFacts) -> Self {
        let state = match facts.phase {
            Phase::Running => TaskState::Running,
            Phase::Woken => TaskState::Woken,
            Phase::Parked => TaskState::Parked,
        };
        let TaskFacts { name, lasted, polls, at, .. } = facts;
        Self { name: name.to_string(), state, lasted: *lasted, polls: *polls, at }
    }
}
