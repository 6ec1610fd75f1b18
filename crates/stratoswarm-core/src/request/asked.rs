use tokio::time::Instant;

use crate::{stats::Caller, tasks::TaskNumber};

/// A request whose caller waits, as a look sees it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// What tells it from all others that are there.
    pub(crate) address: usize,
    pub(crate) caller: Caller,
    /// The data of the caller's waker.
    pub(crate) waker: Option<usize>,
    /// A handler has it.
    pub(crate) is_handled: bool,
    /// The tracked task to which it was handed.
    pub(crate) holder: Option<TaskNumber>,
    /// It is known to have it: it was started for it. Another may have given it to somebody else.
    pub(crate) is_held: bool,
    pub(crate) deadline: Option<Instant>,
}
