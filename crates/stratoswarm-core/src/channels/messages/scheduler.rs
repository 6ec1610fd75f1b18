use serde::{Deserialize, Serialize};

use super::{Resources, TaskId};

crate::protocol! {
    /// Where tasks run.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum SchedulerMessage => SchedulerCall {
        /// Place a task.
        ScheduleTask -> Result<Placement, SchedulerFault>,
        /// Give a task's place up.
        CancelTask -> CancelOutcome,
        /// What is running?
        QueryStatus -> SchedulerStatus,
    }
}

/// Asks for a place for a task; answered with a [`Placement`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduleTask {
    /// The task.
    pub task: TaskId,
    /// What it needs where it is placed.
    pub requirements: Resources,
}

/// Gives a task's place up, whether it has ended or is not wanted any more; answered with a [`CancelOutcome`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CancelTask {
    /// The task.
    pub task: TaskId,
}

/// Asks what is placed; answered with a [`SchedulerStatus`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryStatus {}

/// Where a task runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// The task.
    pub task: TaskId,
    /// The device.
    pub device: u32,
    /// The stream of that device.
    pub stream: u32,
}

/// What became of a task whose place was to be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CancelOutcome {
    /// It had a place, which is free now.
    Cancelled,
    /// It had none: never placed, or given up before.
    Unknown,
}

/// What a scheduler has placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchedulerStatus {
    /// Tasks that have a place.
    pub placed_tasks: u64,
    /// What they need together.
    pub reserved: Resources,
    /// What there is in all.
    pub capacity: Resources,
}

/// Why a task was not placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum SchedulerFault {
    /// The task has a place already.
    #[error("task {task} has a place already")]
    AlreadyPlaced {
        /// The task.
        task: TaskId,
    },
    /// There is no room for what it needs.
    #[error("no place for a task that needs {}", super::resources::Shown(requirements))]
    NoRoom {
        /// What it needs.
        requirements: Resources,
        /// What is free.
        free: Resources,
    },
}
