//! The swarm: agents that improve tours by evolution, and the components that serve them, connected by nothing but
//! the eight channels of one [`ChannelRegistry`](stratoswarm_core::ChannelRegistry).
//!
//! | channel | served by | what goes through it |
//! |---|---|---|
//! | `gpu` | [`Device`](device::Device) | tours to the device, the kernels over them, results back |
//! | `evolution` | [`Evolution`](evolution::Evolution) | fitness, selection, offspring, generations, the best |
//! | `scheduler` | [`Scheduler`] | every agent's place: a stream of the device |
//! | `governor` | [`Governor`] | every agent's resources, granted and given back |
//! | `cost` | [`CostModel`] | how the work is cut, what it took, what the run cost |
//! | `efficiency` | [`Efficiency`] | how much may run at once, the machine's figures |
//! | `knowledge` | [`Knowledge`] | every agent's best tour: for its neighbour, and for the result |
//! | `events` | [`Observer`] | what happens, for the progress and the target |
//!
//! # A generation
//! An agent selects parents, has them bred, moves the offspring to the device, has the local search run over them,
//! reads them back, has them measured, and lets them compete for the places of its population. What is better than
//! before it stores and announces. After every epoch of a few generations, in which all agents advance at their own
//! pace, each takes its neighbour's best into its next generation.
//!
//! # What is deterministic
//! All chance follows from the seed. An agent depends on others only between epochs, when all of them have come to
//! rest, so the result (tour, length, generations) of a run that ends by its generations, or by its patience, is the
//! same for any number of agents, cores and interleavings. A run that time, a target or a signal ends is not: it stops
//! wherever it is; one with a [`Shelf`] starts from what is there. Prices, figures, times and how long messages waited are measured, so they differ from run to run.

pub mod device;
pub mod evolution;
pub mod overload;

mod agent;
mod alone;
#[cfg(feature = "record")]
mod answering;
mod channel_account;
mod client;
mod component;
mod component_client;
mod components;
mod cost;
mod efficiency;
mod ending;
mod error;
mod governor;
mod knowledge;
mod ledger;
mod machine;
mod meter;
mod observer;
mod outcome;
mod reader_account;
mod run;
mod scheduler;
mod settings;
mod shelf;
mod stop;
mod warm_start;

pub use alone::alone;
#[cfg(feature = "record")]
pub use answering::Answering;
pub use channel_account::ChannelAccount;
pub use component::Component;
pub use cost::CostModel;
pub use efficiency::Efficiency;
pub use ending::Ending;
pub use error::SwarmError;
pub use governor::Governor;
pub use knowledge::Knowledge;
pub use ledger::Ledger;
pub use machine::Machine;
pub use meter::Meter;
pub use observer::Observer;
pub use outcome::Outcome;
pub use reader_account::ReaderAccount;
pub use run::{run, run_on};
pub use scheduler::Scheduler;
pub use settings::Settings;
pub use shelf::Shelf;
pub use stop::Stop;
pub use warm_start::WarmStart;

#[cfg_attr(not(feature = "store"), allow(unused_imports, reason = "the store's as well"))]
pub(crate) use self::agent::BEST;

use self::{
    agent::{Agent, Context},
    client::Client,
    component_client::ComponentClient,
    components::Components,
    overload::Pace,
};
