//! Which task runs when: the channel `scheduler`.

mod cancel_outcome;
mod cancel_task;
mod placement;
mod query_status;
mod schedule_task;
mod scheduler_fault;
mod scheduler_message;
mod scheduler_status;

pub use cancel_outcome::CancelOutcome;
pub use cancel_task::CancelTask;
pub use placement::Placement;
pub use query_status::QueryStatus;
pub use schedule_task::ScheduleTask;
pub use scheduler_fault::SchedulerFault;
pub use scheduler_message::{SchedulerCall, SchedulerMessage};
pub use scheduler_status::SchedulerStatus;
