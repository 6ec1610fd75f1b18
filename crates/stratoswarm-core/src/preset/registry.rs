//! The preset: the eight channels of a swarm in one registry.
//!
//! Use it for a swarm whose parts are those of the [messages](crate::messages); for anything else open channels of your
//! own in a [`Fabric`], or beside the eight in [`ChannelRegistry::fabric`].
//!
//! # Examples
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use stratoswarm_core::{ChannelRegistry, messages::{Done, GpuCall, Synchronize}};
//!
//! let registry = ChannelRegistry::new();
//! let mut device = registry.gpu().join("devices");
//! tokio::spawn(async move {
//!     if let Some(GpuCall::Synchronize(_, reply)) = device.recv().await.map(GpuCall::from) {
//!         reply.send(Ok(Done {}));
//!     }
//! });
//! assert_eq!(registry.gpu().request(Synchronize { stream: 0 }).await?, Ok(Done {}));
//! # Ok(()) }
//! ```

use std::{fmt, sync::Arc, time::Duration};

use super::{WeakRegistry, channels::Channels};
use crate::{
    Broadcast, Channel, Fabric, OpenError, ShutdownReport,
    messages::{
        CostMessage, EfficiencyMessage, EvolutionMessage, GovernorMessage, GpuCommand, KnowledgeMessage,
        SchedulerMessage, SystemEvent,
    },
};

/// The eight channels of a swarm, ready made, in a fabric of their own.
///
/// | accessor | message | capacity | default timeout | closed as number |
/// |---|---|---|---|---|
/// | [`scheduler`](Self::scheduler) | [`SchedulerMessage`] | 1,000 | 5 s | 1 |
/// | [`evolution`](Self::evolution) | [`EvolutionMessage`] | 10,000 | 60 s | 2 |
/// | [`gpu`](Self::gpu) | [`GpuCommand`] | 100 | 60 s | 3 |
/// | [`governor`](Self::governor) | [`GovernorMessage`] | 1,000 | 5 s | 4 |
/// | [`cost`](Self::cost) | [`CostMessage`] | 1,000 | 5 s | 5 |
/// | [`efficiency`](Self::efficiency) | [`EfficiencyMessage`] | 1,000 | 5 s | 6 |
/// | [`knowledge`](Self::knowledge) | [`KnowledgeMessage`] | 1,000 | 5 s | 7 |
/// | [`events`](Self::events) | [`SystemEvent`] (broadcast) | 1,000 | – | 8 |
///
/// The channels have the accessors' names in the fabric, and the orders 10, 20, .. 80 there, so channels of your own
/// fit between them. It is built with the public API alone: whoever needs other channels builds the like.
///
/// Handles are cheap to clone. As long as one exists none of the channels closes by itself, so tasks that serve a
/// channel should hold a receiver, or a [`WeakRegistry`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostQuote, QueryCost}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), stratoswarm_core::RequestError> {
/// let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// let served = tokio::spawn(async move {
///     while let Some(delivery) = model.recv().await {
///         if let CostCall::QueryCost(query, reply) = delivery.into() {
///             reply.send(CostQuote { price: f64::from(query.tasks) * 0.5, samples: 0 });
///         }
///     }
/// });
/// let quote = registry.cost().request(QueryCost { tasks: 3 }).await?;
/// assert_eq!(quote.price, 1.5);
///
/// let report = registry.shutdown(Duration::from_secs(1)).await;
/// assert!(report.is_clean() && report.held.is_empty());
/// # served.await.expect("the model ends with its channel");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ChannelRegistry {
    pub(super) channels: Arc<Channels>,
}

impl ChannelRegistry {
    /// Opens the eight channels in a new fabric.
    ///
    /// # Examples
    /// ```
    /// let registry = stratoswarm_core::ChannelRegistry::new();
    /// assert_eq!(registry.gpu().capacity(), 100);
    /// ```
    pub fn new() -> Self {
        match Channels::open(Fabric::new(), false) {
            Ok(channels) => Self { channels: Arc::new(channels) },
            // Opening fails for three reasons: the name is taken by something else, the capacity is 0, or the fabric
            // is shut down. The fabric is new and nobody else has it, the names differ, the capacities are above 0.
            Err(error) => unreachable!("a new fabric refuses the preset's channels: {error}"),
        }
    }

    /// Opens the eight channels in a fabric that is there, beside its others. Opened there before, they are the same.
    ///
    /// # Errors
    /// [`OpenError`] if one of their names is taken by a channel of another kind or with other options, or the fabric is
    /// shut down. What was opened before that one closes again.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{ChannelRegistry, Fabric, OpenError};
    /// # use stratoswarm_core::examples::Job;
    /// let fabric = Fabric::new();
    /// let registry = ChannelRegistry::open_on(&fabric)?;
    /// assert_eq!((fabric.channels().len(), registry.gpu().capacity()), (8, 100));
    ///
    /// let other = Fabric::new();
    /// let cost = other.channel::<Job>("cost").open()?; // the name is taken
    /// assert!(matches!(ChannelRegistry::open_on(&other), Err(OpenError::Conflict { name, .. }) if name == "cost"));
    /// # drop(cost);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_on(fabric: &Fabric) -> Result<Self, OpenError> {
        Ok(Self { channels: Arc::new(Channels::open(fabric.clone(), false)?) })
    }

    /// The same with all eight [traced](crate::ChannelBuilder::traced): recordings tell who sent what, and what became of it.
    ///
    /// # Errors
    /// As [`open_on`](Self::open_on), and if one of them is there and not traced.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{ChannelRegistry, Fabric};
    /// let registry = ChannelRegistry::open_traced_on(&Fabric::new())?;
    /// let agent = registry.governor().named("agent 1");
    /// assert_eq!(registry.governor().senders()[1].label(), "agent 1");
    /// # drop(agent);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_traced_on(fabric: &Fabric) -> Result<Self, OpenError> {
        Ok(Self { channels: Arc::new(Channels::open(fabric.clone(), true)?) })
    }

    /// The fabric that owns the channels, for channels of your own beside them.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::ChannelRegistry;
    /// # use stratoswarm_core::examples::Job;
    /// let registry = ChannelRegistry::new();
    /// let jobs = registry.fabric().channel::<Job>("jobs").shutdown_order(15).open()?; // closes behind the scheduler
    /// assert_eq!(registry.fabric().channels().len(), 9);
    /// # drop(jobs);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fabric(&self) -> &Fabric {
        &self.channels.fabric
    }

    /// Commands for the device.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{Done, GpuCall, Synchronize}};
    /// # let registry = ChannelRegistry::new();
    /// let mut device = registry.gpu().join("devices");
    /// tokio::spawn(async move {
    ///     if let Some(GpuCall::Synchronize(_, reply)) = device.recv().await.map(GpuCall::from) {
    ///         reply.send(Ok(Done {}));
    ///     }
    /// });
    /// assert_eq!(registry.gpu().request(Synchronize { stream: 0 }).await?, Ok(Done {}));
    /// # Ok(()) }
    /// ```
    pub fn gpu(&self) -> &Channel<GpuCommand> {
        &self.channels.gpu
    }

    /// Operations of the evolution.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{EvolutionCall, EvolutionFault, GetBest}};
    /// # let registry = ChannelRegistry::new();
    /// let mut engine = registry.evolution().join("engines");
    /// tokio::spawn(async move {
    ///     if let Some(EvolutionCall::GetBest(_, reply)) = engine.recv().await.map(EvolutionCall::from) {
    ///         reply.send(Err(EvolutionFault::Empty));
    ///     }
    /// });
    /// let best = registry.evolution().request(GetBest { population: None }).await?;
    /// assert_eq!(best, Err(EvolutionFault::Empty), "no generation has passed");
    /// # Ok(()) }
    /// ```
    pub fn evolution(&self) -> &Channel<EvolutionMessage> {
        &self.channels.evolution
    }

    /// Prices and plans.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostQuote, QueryCost}};
    /// # let registry = ChannelRegistry::new();
    /// let mut model = registry.cost().join("models");
    /// tokio::spawn(async move {
    ///     if let Some(CostCall::QueryCost(query, reply)) = model.recv().await.map(CostCall::from) {
    ///         reply.send(CostQuote { price: f64::from(query.tasks) * 0.5, samples: 0 });
    ///     }
    /// });
    /// assert_eq!(registry.cost().request(QueryCost { tasks: 8 }).await?.price, 4.0);
    /// # Ok(()) }
    /// ```
    pub fn cost(&self) -> &Channel<CostMessage> {
        &self.channels.cost
    }

    /// The machine's figures.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{EfficiencyCall, EfficiencyMetrics, QueryMetrics}};
    /// # let registry = ChannelRegistry::new();
    /// let mut monitor = registry.efficiency().join("monitors");
    /// tokio::spawn(async move {
    ///     if let Some(EfficiencyCall::QueryMetrics(_, reply)) = monitor.recv().await.map(EfficiencyCall::from) {
    ///         reply.send(EfficiencyMetrics { cpu_load: Some(0.5), ..Default::default() });
    ///     }
    /// });
    /// let metrics = registry.efficiency().request(QueryMetrics {}).await?;
    /// assert_eq!((metrics.cpu_load, metrics.gpu_load), (Some(0.5), None));
    /// # Ok(()) }
    /// ```
    pub fn efficiency(&self) -> &Channel<EfficiencyMessage> {
        &self.channels.efficiency
    }

    /// Placement of tasks.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{CancelOutcome, CancelTask, SchedulerCall, TaskId}};
    /// # let registry = ChannelRegistry::new();
    /// let mut scheduler = registry.scheduler().join("schedulers");
    /// tokio::spawn(async move {
    ///     if let Some(SchedulerCall::CancelTask(_, reply)) = scheduler.recv().await.map(SchedulerCall::from) {
    ///         reply.send(CancelOutcome::Unknown);
    ///     }
    /// });
    /// let outcome = registry.scheduler().request(CancelTask { task: TaskId::random() }).await?;
    /// assert_eq!(outcome, CancelOutcome::Unknown);
    /// # Ok(()) }
    /// ```
    pub fn scheduler(&self) -> &Channel<SchedulerMessage> {
        &self.channels.scheduler
    }

    /// Allocation of resources.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::ChannelRegistry;
    /// # use stratoswarm_core::messages::{AvailableResources, GovernorCall, QueryAvailable, Resources};
    /// # let registry = ChannelRegistry::new();
    /// let total = Resources { cpu_millicores: 2000, ..Resources::default() };
    /// let mut governor = registry.governor().join("governors");
    /// tokio::spawn(async move {
    ///     if let Some(GovernorCall::QueryAvailable(_, reply)) = governor.recv().await.map(GovernorCall::from) {
    ///         reply.send(AvailableResources { free: total, total, allocations: 0 });
    ///     }
    /// });
    /// assert_eq!(registry.governor().request(QueryAvailable {}).await?.free, total);
    /// # Ok(()) }
    /// ```
    pub fn governor(&self) -> &Channel<GovernorMessage> {
        &self.channels.governor
    }

    /// What the swarm knows.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{KnowledgeCall, Retrieve}};
    /// # let registry = ChannelRegistry::new();
    /// let mut store = registry.knowledge().join("stores");
    /// tokio::spawn(async move {
    ///     if let Some(KnowledgeCall::Retrieve(_, reply)) = store.recv().await.map(KnowledgeCall::from) {
    ///         reply.send(Ok(None));
    ///     }
    /// });
    /// let entry = registry.knowledge().request(Retrieve { key: "tour/best".to_owned() }).await?;
    /// assert_eq!(entry, Ok(None), "nothing was stored");
    /// # Ok(()) }
    /// ```
    pub fn knowledge(&self) -> &Channel<KnowledgeMessage> {
        &self.channels.knowledge
    }

    /// What happens, for whoever follows it.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{AgentId, AgentSpawned, SystemEvent}};
    /// # let registry = ChannelRegistry::new();
    /// let mut events = registry.events().subscribe();
    /// registry.events().send(AgentSpawned { agent: AgentId::random() }.into())?; // never waits
    /// assert!(matches!(events.recv().await, Some(Ok(SystemEvent::AgentSpawned(_)))));
    /// # Ok(()) }
    /// ```
    pub fn events(&self) -> &Broadcast<SystemEvent> {
        &self.channels.events
    }

    /// A handle that does not keep the channels open.
    ///
    /// # Examples
    /// ```
    /// use stratoswarm_core::ChannelRegistry;
    ///
    /// let registry = ChannelRegistry::new();
    /// let weak = registry.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(registry);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn downgrade(&self) -> WeakRegistry {
        WeakRegistry { channels: Arc::downgrade(&self.channels) }
    }

    /// Closes the channels, upstream first, and waits until they are drained: taken, and every delivery and responder
    /// dropped. The ordinary end of a program.
    ///
    /// Closes channels of your own in the same fabric as well. Waits at most `within`, and never for a group without
    /// members. The report's list of handles that still exist leaves out the registry's own.
    ///
    /// # Cancel safety
    /// The channels not reached yet stay open; a second call goes on from there.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::QueryCost};
    /// let registry = ChannelRegistry::new();
    /// registry.cost().send(QueryCost { tasks: 3 }.into()).await?; // nobody serves it
    /// let report = registry.shutdown(std::time::Duration::from_secs(1)).await;
    /// let left: Vec<_> = report.channels.iter().filter(|it| it.undelivered > 0).map(|it| &*it.name).collect();
    /// assert_eq!(left, ["cost"]);
    /// assert!(registry.events().is_closed());
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, within: Duration) -> ShutdownReport {
        self.channels.fabric.shutdown(within).await
    }
}

impl Default for ChannelRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ChannelRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelRegistry").finish_non_exhaustive()
    }
}
