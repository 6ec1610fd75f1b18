use std::time::Duration;

use serde::{Deserialize, Serialize};

crate::protocol! {
    /// How well the machine is used.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, messages::{EfficiencyCall, EfficiencyMetrics, QueryMetrics}};
    /// # let registry = ChannelRegistry::new();
    /// let mut monitor = registry.efficiency().join("monitors");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = monitor.recv().await {
    ///         match EfficiencyCall::from(delivery) {
    ///             EfficiencyCall::QueryMetrics(_, reply) => { reply.send(EfficiencyMetrics::default()); }
    ///             EfficiencyCall::EfficiencyUpdate(_update) => {} // has no responder
    ///             EfficiencyCall::RecommendOptimization(_, reply) => drop(reply),
    ///         }
    ///     }
    /// });
    /// let metrics = registry.efficiency().request(QueryMetrics {}).await?;
    /// assert_eq!(metrics.gpu_load, None, "not told yet");
    /// # Ok(()) }
    /// ```
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum EfficiencyMessage => EfficiencyCall {
        /// What are the figures?
        QueryMetrics -> EfficiencyMetrics,
        /// What a device did.
        EfficiencyUpdate,
        /// What would be better?
        RecommendOptimization -> Advice,
    }
}

/// Asks for the machine's figures; answered with [`EfficiencyMetrics`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{EfficiencyCall, EfficiencyMetrics, QueryMetrics}};
/// # let registry = ChannelRegistry::new();
/// let mut monitor = registry.efficiency().join("monitors");
/// tokio::spawn(async move {
///     if let Some(EfficiencyCall::QueryMetrics(_, reply)) = monitor.recv().await.map(EfficiencyCall::from) {
///         reply.send(EfficiencyMetrics { cpu_cores: Some(2), ..Default::default() });
///     }
/// });
/// assert_eq!(registry.efficiency().request(QueryMetrics {}).await?.cpu_cores, Some(2));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryMetrics {}

/// Tells what a device did in a stretch of time. Not answered.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{EfficiencyCall, EfficiencyUpdate}};
/// # use std::time::Duration;
/// # let registry = ChannelRegistry::new();
/// let mut monitor = registry.efficiency().join("monitors");
/// let (busy, available) = (Duration::from_secs(3), Duration::from_secs(4));
/// let update = EfficiencyUpdate { device: 0, busy, available, memory_used_bytes: 1 << 20 };
/// registry.efficiency().send(update.into()).await?; // not answered, so sent
/// let Some(EfficiencyCall::EfficiencyUpdate(told)) = monitor.recv().await.map(EfficiencyCall::from) else {
///     panic!("no update")
/// };
/// assert_eq!(told.busy.div_duration_f64(told.available), 0.75);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EfficiencyUpdate {
    /// The device's number.
    pub device: u32,
    /// How long it was computing, all its lanes together.
    pub busy: Duration,
    /// How long it could have been: the stretch of time times its lanes.
    pub available: Duration,
    /// How many bytes of its memory are in use.
    pub memory_used_bytes: u64,
}

/// Asks what to change; answered with [`Advice`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{Advice, EfficiencyCall, RecommendOptimization}};
/// # let registry = ChannelRegistry::new();
/// let mut monitor = registry.efficiency().join("monitors");
/// tokio::spawn(async move {
///     if let Some(EfficiencyCall::RecommendOptimization(_, reply)) = monitor.recv().await.map(EfficiencyCall::from) {
///         reply.send(Advice { parallel_tasks: 2, memory_budget_bytes: 1 << 30, reason: "two cores".to_owned() });
///     }
/// });
/// let advice = registry.efficiency().request(RecommendOptimization {}).await?;
/// assert_eq!((advice.parallel_tasks, &*advice.reason), (2, "two cores"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecommendOptimization {}

/// The figures of the machine. One that is not known is absent, never invented.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::EfficiencyMetrics;
///
/// let known = EfficiencyMetrics { memory_used_bytes: Some(6), memory_total_bytes: Some(8), ..Default::default() };
/// assert_eq!(known.cpu_load, None, "not known, so absent");
/// let free = known.memory_total_bytes.zip(known.memory_used_bytes).map(|(total, used)| total - used);
/// assert_eq!(free, Some(2));
/// assert_eq!(serde_json::from_str::<EfficiencyMetrics>(&serde_json::to_string(&known)?)?, known);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EfficiencyMetrics {
    /// How many processor cores there are.
    pub cpu_cores: Option<u32>,
    /// How busy they are, 0 to 1.
    pub cpu_load: Option<f64>,
    /// How much processor time this process has used.
    pub process_cpu: Option<Duration>,
    /// How busy the device is, 0 to 1, as last told.
    pub gpu_load: Option<f64>,
    /// How many bytes of the device's memory are in use, as last told.
    pub gpu_memory_used_bytes: Option<u64>,
    /// Bytes of main memory in use.
    pub memory_used_bytes: Option<u64>,
    /// Bytes of main memory in all.
    pub memory_total_bytes: Option<u64>,
}

/// What to change, and why.
///
/// # Examples
/// ```
/// use stratoswarm_core::messages::Advice;
///
/// let json = r#"{ "parallel_tasks": 4, "memory_budget_bytes": 1024, "reason": "idle cores" }"#;
/// let advice: Advice = serde_json::from_str(json)?;
/// assert_eq!(advice.memory_budget_bytes / u64::from(advice.parallel_tasks), 256, "bytes for each task");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// How many tasks should be computed at once.
    pub parallel_tasks: u32,
    /// How many bytes of memory the work may take.
    pub memory_budget_bytes: u64,
    /// Why, in words.
    pub reason: String,
}
