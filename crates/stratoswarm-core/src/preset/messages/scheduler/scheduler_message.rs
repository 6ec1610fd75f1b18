use serde::{Deserialize, Serialize};

use super::{
    CancelOutcome, CancelTask, Placement, QueryStatus, ScheduleTask, SchedulerFault, SchedulerStatus,
};

crate::protocol! {
    /// Where tasks run.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::ChannelRegistry;
    /// # use stratoswarm_core::messages::{CancelOutcome, CancelTask, Placement};
    /// # use stratoswarm_core::messages::{Resources, ScheduleTask, SchedulerCall, TaskId};
    /// # let registry = ChannelRegistry::new();
    /// let mut scheduler = registry.scheduler().join("schedulers");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = scheduler.recv().await {
    ///         match SchedulerCall::from(delivery) {
    ///             SchedulerCall::ScheduleTask(ScheduleTask { task, .. }, reply) => {
    ///                 reply.send(Ok(Placement { task, device: 0, stream: 0 }));
    ///             }
    ///             SchedulerCall::CancelTask(_, reply) => { reply.send(CancelOutcome::Cancelled); }
    ///             SchedulerCall::QueryStatus(_, reply) => drop(reply),
    ///         }
    ///     }
    /// });
    /// let (task, requirements) = (TaskId::random(), Resources::default());
    /// assert_eq!(registry.scheduler().request(ScheduleTask { task, requirements }).await??.task, task);
    /// assert_eq!(registry.scheduler().request(CancelTask { task }).await?, CancelOutcome::Cancelled);
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum SchedulerMessage as "stratoswarm.scheduler" => SchedulerCall {
        /// Place a task.
        ScheduleTask -> Result<Placement, SchedulerFault>,
        /// Give a task's place up.
        CancelTask -> CancelOutcome as Critical,
        /// What is running?
        QueryStatus -> SchedulerStatus,
    }
}
