use std::sync::Arc;

use stratoswarm_core::{
    AckPolicy, DeadLetter, Fabric, LossySubscriber, Message, Receiver,
    messages::{
        Advice, BufferId, CostPlan, EvolutionFault, GetBest, OptimizationGoal, OptimizeFor, Query,
        QueryAvailable, QueryStatus, RecommendOptimization, Resources, Synchronize, SystemEvent,
    },
};
use tokio::task::JoinSet;

use super::{
    Client, Component, ComponentClient, CostModel, Efficiency, Governor, Knowledge, Observer, Pace,
    Scheduler, Settings, Shelf, Stop, SwarmError, device::Device, evolution::Evolution, overload::Tally,
};
use crate::report::Progress;

/// The tasks of the components, started and found to be there.
#[derive(Debug)]
pub(super) struct Components {
    /// Which gives the tasks their names.
    fabric: Fabric,
    without: Vec<Component>,
    tasks: JoinSet<Ended>,
    /// Under an overload: what is counted of the scheduler, and of the governor.
    tallies: Option<[Arc<Tally>; 2]>,
    /// Where knowledge outlasts the run.
    shelf: Option<Arc<dyn Shelf>>,
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

/// How many dead letters may wait to be counted.
const DEAD_LETTERS: usize = 65_536;

/// The dead letters' channels close behind the eight.
const AFTER_ALL: i32 = 90;

/// How often a message is delivered at most.
const DELIVERIES: u32 = 3;

impl Components {
    /// None yet; those of `without` are never started.
    pub(super) fn new(fabric: &Fabric, without: Vec<Component>, shelf: Option<Arc<dyn Shelf>>) -> Self {
        Self { fabric: fabric.clone(), without, tasks: JoinSet::new(), tallies: None, shelf }
    }

    /// Starts every component, except those that are to be left out, and asks each of them its first question.
    ///
    /// # Errors
    /// A component is not there, which is how one that is left out is found out, or does not answer as it should.
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
        if !self.without.contains(&Component::Events) {
            let observer = Observer::new(settings.target, Arc::clone(stop), progress, meter());
            let followed = observer.follow(registry.events().subscribe());
            let component = Component::Events;
            let followed = async move { Ended { component, _events: Some(followed.await) } };
            self.tasks.spawn(self.fabric.track(component.name(), followed));
        }
        if registry.events().subscribers() == 0 {
            return Err(SwarmError::Missing { component: Component::Events });
        }
        let efficiency = Efficiency::new(meter(), registry.events().downgrade());
        self.add(&client.efficiency(), "monitors", |calls| efficiency.serve(calls));
        let advice = client.efficiency().query(RecommendOptimization {}).await?;
        let total = total(&advice);
        let half_bytes = total.memory_bytes;
        let (scheduler, governor) = (Scheduler::new(total, meter()), Governor::new(total, meter()));
        if settings.overload.is_some() {
            let [of_scheduler, of_governor] = self.tallies.insert(Default::default()).clone();
            let governor = governor.paced(Pace::new(Arc::clone(&of_governor)));
            self.add_acked(client, &client.governor(), "governors", of_governor, |calls| {
                governor.serve(calls)
            })?;
            let scheduler = scheduler.paced(Pace::new(Arc::clone(&of_scheduler)));
            self.add_acked(client, &client.scheduler(), "schedulers", of_scheduler, |calls| {
                scheduler.serve(calls)
            })?;
        } else {
            self.add(&client.governor(), "governors", |calls| governor.serve(calls));
            self.add(&client.scheduler(), "schedulers", |calls| scheduler.serve(calls));
        }
        self.add(&client.cost(), "models", |calls| CostModel::new(meter()).serve(calls));
        let knowledge = Knowledge::new(half_bytes, meter());
        let knowledge = match self.shelf.take() {
            Some(shelf) => knowledge.on(shelf),
            None => knowledge,
        };
        self.add(&client.knowledge(), "stores", |calls| knowledge.serve(calls));
        let (lanes, efficiency) = (advice.parallel_tasks, registry.efficiency().downgrade());
        let device = Device::new(half_bytes, lanes, Arc::clone(stop), meter(), efficiency);
        self.add(&client.device(), "executors", |calls| device.serve(calls));
        let evolution = Evolution::new(cities, problem, lanes, meter(), registry.gpu().downgrade());
        self.add(&client.evolution(), "engines", |calls| evolution.serve(calls));
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

    /// Starts a component in a group of its channel, unless it is to be left out.
    fn add<M: Message, F: Future<Output = ()> + Send + 'static>(
        &mut self,
        client: &ComponentClient<'_, M>,
        group: &str,
        serve: impl FnOnce(Receiver<M>) -> F,
    ) {
        let component = client.component;
        if self.without.contains(&component) {
            return;
        }
        self.spawn(component, serve(client.channel.join(group)));
    }

    /// The same in a group that acknowledges, with a channel of dead letters beside it, which are counted.
    fn add_acked<M: Message, F: Future<Output = ()> + Send + 'static>(
        &mut self,
        client: &Client,
        of: &ComponentClient<'_, M>,
        group: &str,
        tally: Arc<Tally>,
        serve: impl FnOnce(Receiver<M>) -> F,
    ) -> Result<(), SwarmError> {
        let component = of.component;
        if self.without.contains(&component) {
            return Ok(());
        }
        let fabric = client.registry().fabric();
        let dead = fabric
            .channel::<DeadLetter<M>>(format!("{}.dead", of.channel.name()))
            .capacity(DEAD_LETTERS)
            .shutdown_order(AFTER_ALL)
            .open()
            .map_err(|error| of.refused(error))?;
        let mut letters = dead.join("tallies");
        let policy = AckPolicy::explicit().max_deliver(DELIVERIES);
        let calls = of.channel.group(group).ack(policy).dead_letters(&dead).join();
        self.spawn(component, serve(calls.map_err(|error| of.refused(error))?));
        self.spawn(component, async move {
            while let Some(letter) = letters.recv().await {
                tally.bury(&letter);
            }
        });
        Ok(())
    }

    /// Under an overload: what is counted of the scheduler, and of the governor.
    pub(super) fn tallies(&self) -> Option<&[Arc<Tally>; 2]> {
        self.tallies.as_ref()
    }

    fn spawn(&mut self, component: Component, served: impl Future<Output = ()> + Send + 'static) {
        let ended = async move {
            served.await;
            Ended { component, _events: None }
        };
        self.tasks.spawn(self.fabric.track(component.name(), ended));
    }
}

/// What there is to be granted.
pub(super) fn total(advice: &Advice) -> Resources {
    let half_bytes = advice.memory_budget_bytes / 2;
    Resources {
        cpu_millicores: u64::from(advice.parallel_tasks) * 1000,
        memory_bytes: half_bytes,
        gpu_memory_bytes: half_bytes,
    }
}

/// The first question to each of the components that no advice was needed of.
async fn roll_call(client: &Client, cities: usize) -> Result<RollCall, SwarmError> {
    let available = client.governor().query(QueryAvailable {}).await?;
    let scheduler = client.scheduler();
    if scheduler.query(QueryStatus {}).await?.placed_tasks != 0 {
        return Err(scheduler.refused("there are tasks before the first one"));
    }
    let goal = OptimizeFor { goal: OptimizationGoal::Quality, problem_size: cities as u64 };
    let plan = client.cost().query(goal).await?;
    client.knowledge().ask(Query { prefix: String::new(), limit: 1 }).await?;
    client.device().ask(Synchronize { stream: 0 }).await?;
    let evolution = client.evolution();
    match evolution.query(GetBest { population: None }).await? {
        Err(EvolutionFault::Empty) => Ok(RollCall { plan, total: available.total }),
        _ => Err(evolution.refused("it does not begin with nobody")),
    }
}
