use super::{TaskNumber, task_state};
use crate::sync;

/// The task that does something, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Who {
    /// tokio's name for it; none under `block_on`.
    pub(crate) task: Option<tokio::task::Id>,
    /// Its number, if a fabric tracks it.
    pub(crate) tracked: Option<TaskNumber>,
}

impl Who {
    /// The one that runs here.
    #[inline]
    pub(crate) fn here() -> Self {
        Self { task: sync::try_id(), tracked: task_state::current() }
    }

    /// The number of the tracked task that runs here.
    #[inline]
    pub(crate) fn tracked_here() -> Option<TaskNumber> {
        task_state::current()
    }
}
