//! Who does something here: tasks that a fabric was told of, and the others.

mod parent;
mod registry;
mod task_state;
mod tracked;
mod who;

pub(crate) use parent::Parent;
pub(crate) use registry::{Registry, TaskFacts};
pub(crate) use task_state::{Phase, TaskNumber};
pub use tracked::Tracked;
pub(crate) use who::Who;
