use std::time::Duration;

use serde::{Deserialize, Serialize};

crate::protocol! {
    /// What work costs, and how to get the most for it. Prices are in units of the model's own choice.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostQuote, CostUpdate, QueryCost}};
    /// # use std::time::Duration;
    /// # let registry = ChannelRegistry::new();
    /// let mut model = registry.cost().join("models");
    /// tokio::spawn(async move {
    ///     let mut samples = 0;
    ///     while let Some(delivery) = model.recv().await {
    ///         match CostCall::from(delivery) {
    ///             CostCall::QueryCost(_, reply) => { reply.send(CostQuote { price: 1.0, samples }); }
    ///             CostCall::CostUpdate(update) => samples += u64::from(update.tasks),
    ///             CostCall::OptimizeFor(_, reply) => drop(reply),
    ///         }
    ///     }
    /// });
    /// registry.cost().send(CostUpdate { tasks: 8, busy: Duration::from_secs(1) }.into()).await?;
    /// assert_eq!(registry.cost().request(QueryCost { tasks: 3 }).await?.samples, 8);
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum CostMessage => CostCall {
        /// What would tasks cost?
        QueryCost -> CostQuote,
        /// What tasks did cost.
        CostUpdate,
        /// How should the work be cut?
        OptimizeFor -> CostPlan,
    }
}

/// Asks what tasks would cost; answered with a [`CostQuote`].
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
/// assert_eq!(registry.cost().request(QueryCost { tasks: 3 }).await?.price, 1.5);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryCost {
    /// How many tasks.
    pub tasks: u32,
}

/// Tells what tasks took, so that later quotes are better. Not answered.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostUpdate}};
/// # use std::time::Duration;
/// # let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// let update = CostUpdate { tasks: 8, busy: Duration::from_secs(2) };
/// registry.cost().send(update.into()).await?; // not answered, so sent
/// let Some(CostCall::CostUpdate(told)) = model.recv().await.map(CostCall::from) else { panic!("no update") };
/// assert_eq!(told.busy / told.tasks, Duration::from_millis(250), "for one task");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostUpdate {
    /// How many tasks were done.
    pub tasks: u32,
    /// How much of the device's time they took together.
    pub busy: Duration,
}

/// Asks how work should be cut into tasks; answered with a [`CostPlan`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostPlan, OptimizationGoal, OptimizeFor}};
/// # let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// tokio::spawn(async move {
///     if let Some(CostCall::OptimizeFor(wish, reply)) = model.recv().await.map(CostCall::from) {
///         reply.send(CostPlan { tasks_per_step: 4, effort_per_task: (wish.problem_size / 4) as u32 });
///     }
/// });
/// let wish = OptimizeFor { goal: OptimizationGoal::Quality, problem_size: 200 };
/// assert_eq!(registry.cost().request(wish).await?.effort_per_task, 50);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptimizeFor {
    /// What matters most.
    pub goal: OptimizationGoal,
    /// How large the problem is, in elements.
    pub problem_size: u64,
}

/// What a plan is to favour.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::{CostPlan, OptimizationGoal};
///
/// fn plan(goal: OptimizationGoal) -> CostPlan {
///     match goal {
///         OptimizationGoal::Latency => CostPlan { tasks_per_step: 1, effort_per_task: 10 },
///         _ => CostPlan { tasks_per_step: 8, effort_per_task: 100 }, // goals to come among them
///     }
/// }
/// assert!(plan(OptimizationGoal::Latency).tasks_per_step < plan(OptimizationGoal::Quality).tasks_per_step);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OptimizationGoal {
    /// The best result in the time there is.
    Quality,
    /// The first result as soon as possible.
    Latency,
    /// The lowest price.
    Price,
}

/// What tasks would cost.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{CostCall, CostQuote, QueryCost}};
/// # let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// tokio::spawn(async move {
///     if let Some(CostCall::QueryCost(_, reply)) = model.recv().await.map(CostCall::from) {
///         reply.send(CostQuote { price: 2.5, samples: 0 });
///     }
/// });
/// let quote = registry.cost().request(QueryCost { tasks: 10 }).await?;
/// assert_eq!(quote.samples, 0, "an estimate: nothing was learned yet");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostQuote {
    /// The price of all tasks asked for, in the model's units.
    pub price: f64,
    /// How many tasks the price was learned from; 0 for an estimate.
    pub samples: u64,
}

/// How to cut the work.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::CostPlan;
///
/// let plan = CostPlan { tasks_per_step: 4, effort_per_task: 50 };
/// let json = serde_json::to_string(&plan)?;
/// assert_eq!(json, r#"{"tasks_per_step":4,"effort_per_task":50}"#);
/// assert_eq!(serde_json::from_str::<CostPlan>(&json)?, plan);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostPlan {
    /// Tasks per step of an agent.
    pub tasks_per_step: u32,
    /// How hard to try in every task, in units of the work at hand.
    pub effort_per_task: u32,
}
