use std::sync::Arc;

use stratoswarm_core::{ChannelRegistry, Fabric, ShutdownReport, messages::EfficiencyMessage};
use tokio::task::JoinSet;

use super::{
    CostModel, Efficiency, Governor, Knowledge, Machine, Meter, Scheduler, Stop, components::total,
    device::Device, efficiency::advice,
};

/// The components that answer by what they are sent alone, each in a group of its channel: whoever has the registry is the only one who
/// sends.
#[derive(Debug)]
pub struct Answering {
    tasks: JoinSet<()>,
}

impl Answering {
    /// Their channels. The evolution is not among them, as it asks the device.
    pub const CHANNELS: [&'static str; 6] =
        ["gpu", "scheduler", "governor", "cost", "efficiency", "knowledge"];

    /// Starts them, with what they have in a run on this machine.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as `tokio::spawn` does.
    pub fn start(registry: &ChannelRegistry) -> Self {
        let advice = advice(&Machine::default().look());
        let total = total(&advice);
        let (half_bytes, meter) = (total.memory_bytes, Meter::new);
        // What the device tells of itself was recorded where it came, too.
        let nobody = Fabric::new().channel::<EfficiencyMessage>("nobody").open().map(|it| it.downgrade());
        let mut tasks = JoinSet::new();
        tasks.spawn(Scheduler::new(total, meter()).serve(registry.scheduler().join("schedulers")));
        tasks.spawn(Governor::new(total, meter()).serve(registry.governor().join("governors")));
        tasks.spawn(CostModel::new(meter()).serve(registry.cost().join("models")));
        let events = registry.events().downgrade();
        tasks.spawn(Efficiency::new(meter(), events).serve(registry.efficiency().join("monitors")));
        tasks.spawn(Knowledge::new(half_bytes, meter()).serve(registry.knowledge().join("stores")));
        let told = nobody.unwrap_or_else(|_| registry.efficiency().downgrade());
        let device = Device::new(half_bytes, advice.parallel_tasks, Arc::<Stop>::default(), meter(), told);
        tasks.spawn(device.serve(registry.gpu().join("executors")));
        Self { tasks }
    }

    /// Waits until they have ended, after their channels were closed.
    ///
    /// # Errors
    /// One of them panicked, or has not done all of its work, as the report says.
    pub async fn end(mut self, report: &ShutdownReport) -> Result<(), String> {
        let left: u64 = report.channels.iter().map(|it| it.undelivered + it.in_flight).sum();
        if left > 0 {
            self.tasks.abort_all();
            return Err(format!("{left} messages were not taken in time"));
        }
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(|_| "a component panicked".to_owned())?;
        }
        Ok(())
    }
}
