//! What travels on the eight channels of [`ChannelRegistry`](crate::ChannelRegistry).
//!
//! One message type per channel; each of its variants carries a payload struct of its own name, and that struct is
//! what one sends (`payload.into()`) or requests (`channel.request(payload)`). The serving side matches on the `Call`
//! enum, which has a responder of the right type beside every payload that can be answered.
//!
//! | channel | message | calls | may fail with |
//! |---|---|---|---|
//! | `gpu` | [`GpuCommand`] | [`GpuCall`] | [`GpuFault`] |
//! | `evolution` | [`EvolutionMessage`] | [`EvolutionCall`] | [`EvolutionFault`] |
//! | `cost` | [`CostMessage`] | [`CostCall`] | |
//! | `efficiency` | [`EfficiencyMessage`] | [`EfficiencyCall`] | |
//! | `scheduler` | [`SchedulerMessage`] | [`SchedulerCall`] | [`SchedulerFault`] |
//! | `governor` | [`GovernorMessage`] | [`GovernorCall`] | [`GovernorFault`] |
//! | `knowledge` | [`KnowledgeMessage`] | [`KnowledgeCall`] | [`KnowledgeFault`] |
//! | `events` | [`SystemEvent`] | – | – |
//!
//! A fault is the handler's answer and comes as the inner `Result` of a request; what the fabric itself has to say
//! comes as the outer one ([`RequestError`](crate::RequestError)), so the two never mix.
//!
//! Everything here derives `Debug, Clone, PartialEq, Serialize, Deserialize`. Identifiers are UUIDs, each in a type of
//! its own; sizes and times carry their unit in the type or in the field's name. Fractions survive JSON to the last bit
//! only with `serde_json`'s feature `float_roundtrip`, and only if they are finite.
//!
//! # Example
//! ```
//! use stratoswarm_core::messages::{BufferId, GpuCommand, TransferToDevice};
//!
//! let upload = TransferToDevice { buffer: BufferId::random(), data: "0123".into() };
//! let command = GpuCommand::from(upload.clone());
//! assert_eq!(command, GpuCommand::TransferToDevice(upload));
//! ```

mod cost;
mod done;
mod efficiency;
mod events;
mod evolution;
mod governor;
mod gpu;
mod ids;
mod knowledge;
mod resources;
mod scheduler;

pub use cost::{
    CostCall, CostMessage, CostPlan, CostQuote, CostUpdate, OptimizationGoal, OptimizeFor, QueryCost,
};
pub use done::Done;
pub use efficiency::{
    Advice, EfficiencyCall, EfficiencyMessage, EfficiencyMetrics, EfficiencyUpdate, QueryMetrics,
    RecommendOptimization,
};
pub use events::{AgentSpawned, Error, FitnessImproved, GpuUtilization, MemoryPressure, SystemEvent};
pub use evolution::{
    EvaluateFitness, EvolutionCall, EvolutionFault, EvolutionMessage, FitnessValues, GenerationReport,
    GetBest, Individual, Mutation, Offspring, Parents, Selection, SelectionStrategy, Step,
};
pub use governor::{
    AvailableResources, GovernorCall, GovernorFault, GovernorMessage, Grant, QueryAvailable,
    ReleaseAllocation, RequestAllocation,
};
pub use gpu::{
    GpuCall, GpuCommand, GpuFault, KernelArgument, LaunchKernel, Launched, Stored, Synchronize,
    TransferFromDevice, TransferToDevice,
};
pub use ids::{AgentId, AllocationId, BufferId, PopulationId, TaskId};
pub use knowledge::{
    KnowledgeCall, KnowledgeEntry, KnowledgeFault, KnowledgeMatch, KnowledgeMessage, Matches, Query,
    Retrieve, Store, StoredVersion,
};
pub use resources::Resources;
pub use scheduler::{
    CancelOutcome, CancelTask, Placement, QueryStatus, ScheduleTask, SchedulerCall, SchedulerFault,
    SchedulerMessage, SchedulerStatus,
};
