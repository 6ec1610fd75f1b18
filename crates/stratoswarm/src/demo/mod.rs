//! Ten programs that do not move, or seem not to, and what [`Fabric::explain`](stratoswarm_core::Fabric::explain) says of each.
//!
//! One file each: `ours` on the channels of a fabric, and its `twin`, the same on tokio's. [`explain`] plays the one and looks at
//! it from another thread, as the runtime may be what hangs; [`watch_twin`] plays the other and tells for how long nothing moved,
//! which is all that can be seen from outside. [`Scene`] lists them.

mod busy_runtime;
mod call_cycle;
mod dead_worker;
mod full_cycle;
mod futurelock;
mod job;
mod leaked_handle;
mod own_group;
mod quiet;
mod slow_subscriber;
mod unread_subscriber;

mod error;
mod explained;
mod play;
mod pulse;
mod scene;
mod still;

pub use error::DemoError;
pub use explained::{Explained, explain};
use job::Job;
use play::Ending;
use pulse::Pulse;
pub use scene::Scene;
pub use still::{Still, watch_twin};
