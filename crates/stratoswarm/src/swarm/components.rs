use std::sync::Arc;

use stratoswarm_core::{
    LossySubscriber,
    messages::{
        BufferId, CostPlan, EvolutionFault, GetBest, OptimizationGoal, OptimizeFor, Query, QueryAvailable,
        QueryStatus, RecommendOptimization, Resources, Synchronize, SystemEvent,
    },
};
use tokio::task::JoinSet;

use super::{
    Client, Component, CostModel, Efficiency, Governor, Knowledge, Observer, Scheduler, Settings, Stop,
    SwarmError, device::Device, evolution::Evolution,
};
use crate::report::Progress;

/// The tasks of the components, started and found to be there.
#[derive(Debug)]
pub(super) struct Components {
    tasks: JoinSet<Ended>,
}

/// A component's task has ended.
#[derive(Debug)]
struct Ended {
    component: Component,
    /// What read the events. A group's account stays when its members leave, a subscriber's does not, so it is kept
    /// until the channels' final figures are taken.
    _events: Option<LossySubscriber<SystemEvent>>,
}

/// What the components said when they were asked for the first time.
#[derive(Debug)]
pub(super) struct RollCall {
    /// How the work is to be cut.
    pub(super) plan: CostPlan,
    /// What the governor has to give.
    pub(super) total: Resources,
}

impl Components {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new() }
    }

    /// Starts every component, except those that are to be left out, and asks each of them its first question.
    ///
    /// A component that is left out is found out here: nobody answers.
    pub(super) async fn start(
        &mut self,
        settings: &Settings,
        client: &Client,
        cities: usize,
        problem: BufferId,
        stop: &Arc<Stop>,
        progress: Progress,
    ) -> Result<RollCall, SwarmError> {
        let (registry, meter) = (client.registry(), || client.meter().clone());
        let wanted = |component| !settings.without.contains(&component);
        if wanted(Component::Events) {
            let observer = Observer::new(settings.target, Arc::clone(stop), progress, meter());
            let followed = observer.follow(registry.events().subscribe());
            self.tasks
                .spawn(async move { Ended { component: Component::Events, _events: Some(followed.await) } });
        }
        if registry.events().subscribers() == 0 {
            return Err(SwarmError::Missing { component: Component::Events });
        }
        if wanted(Component::Efficiency) {
            let efficiency = Efficiency::new(meter(), registry.events().downgrade());
            self.add(Component::Efficiency, efficiency.serve(registry.efficiency().join("monitors")));
        }
        let advice = RecommendOptimization {};
        let advice = client.ask_first(Component::Efficiency, registry.efficiency(), advice).await?;
        let half_bytes = advice.memory_budget_bytes / 2;
        let total = Resources {
            cpu_millicores: u64::from(advice.parallel_tasks) * 1000,
            memory_bytes: half_bytes,
            gpu_memory_bytes: half_bytes,
        };
        if wanted(Component::Governor) {
            let governor = Governor::new(total, meter());
            self.add(Component::Governor, governor.serve(registry.governor().join("governors")));
        }
        if wanted(Component::Scheduler) {
            let scheduler = Scheduler::new(total, meter());
            self.add(Component::Scheduler, scheduler.serve(registry.scheduler().join("schedulers")));
        }
        if wanted(Component::Cost) {
            let cost = CostModel::new(meter());
            self.add(Component::Cost, cost.serve(registry.cost().join("models")));
        }
        if wanted(Component::Knowledge) {
            let knowledge = Knowledge::new(half_bytes, meter());
            self.add(Component::Knowledge, knowledge.serve(registry.knowledge().join("stores")));
        }
        if wanted(Component::Device) {
            let (lanes, efficiency) = (advice.parallel_tasks, registry.efficiency().downgrade());
            let device = Device::new(half_bytes, lanes, Arc::clone(stop), meter(), efficiency);
            self.add(Component::Device, device.serve(registry.gpu().join("executors")));
        }
        if wanted(Component::Evolution) {
            let (threads, device) = (advice.parallel_tasks, registry.gpu().downgrade());
            let evolution = Evolution::new(cities, problem, threads, meter(), device);
            self.add(Component::Evolution, evolution.serve(registry.evolution().join("engines")));
        }
        roll_call(client, cities).await
    }

    /// Waits until a component ends. While the channels are open that is a failure.
    pub(super) async fn ended(&mut self) -> SwarmError {
        match self.tasks.join_next().await {
            Some(Ok(ended)) => SwarmError::Missing { component: ended.component },
            Some(Err(_)) => SwarmError::Panicked { task: "a component".to_owned() },
            None => std::future::pending().await,
        }
    }

    /// Waits until every component has ended, after its channel.
    pub(super) async fn end(mut self) -> Result<(), SwarmError> {
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(|_| SwarmError::Panicked { task: "a component".to_owned() })?;
        }
        Ok(())
    }

    fn add(&mut self, component: Component, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async move {
            task.await;
            Ended { component, _events: None }
        });
    }
}

/// The first question to each of the components that no advice was needed of.
async fn roll_call(client: &Client, cities: usize) -> Result<RollCall, SwarmError> {
    let registry = client.registry();
    let available = client.ask_first(Component::Governor, registry.governor(), QueryAvailable {}).await?;
    let status = client.ask_first(Component::Scheduler, registry.scheduler(), QueryStatus {}).await?;
    if status.placed_tasks != 0 {
        return Err(SwarmError::refused(Component::Scheduler, "there are tasks before the first one"));
    }
    let goal = OptimizeFor { goal: OptimizationGoal::Quality, problem_size: cities as u64 };
    let plan = client.ask_first(Component::Cost, registry.cost(), goal).await?;
    let nothing = Query { prefix: String::new(), limit: 1 };
    let known = client.ask_first(Component::Knowledge, registry.knowledge(), nothing).await?;
    known.map_err(|fault| SwarmError::refused(Component::Knowledge, fault))?;
    let device = client.ask_first(Component::Device, registry.gpu(), Synchronize { stream: 0 }).await?;
    device.map_err(|fault| SwarmError::refused(Component::Device, fault))?;
    match client.ask_first(Component::Evolution, registry.evolution(), GetBest { population: None }).await? {
        Err(EvolutionFault::Empty) => Ok(RollCall { plan, total: available.total }),
        _ => Err(SwarmError::refused(Component::Evolution, "it does not begin with nobody")),
    }
}
