use std::time::Duration;

use stratoswarm_core::Fabric;

use super::{
    Ending, Pulse, busy_runtime, call_cycle, dead_worker, full_cycle, futurelock, leaked_handle, own_group,
    play::Play, quiet, slow_subscriber, unread_subscriber,
};

/// A demonstration.
// The documentation is what --help prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
#[non_exhaustive]
pub enum Scene {
    /// Two tasks fill each other's channels before they empty their own
    FullCycle,
    /// Two services ask each other, each while it serves the other
    CallCycle,
    /// A future that waits for room is kept and not polled, while its task waits behind it
    Futurelock,
    /// The only member of a group asks its own group
    OwnGroup,
    /// A subscriber is made, kept and forgotten
    UnreadSubscriber,
    /// One subscriber of eight is slow
    SlowSubscriber,
    /// A worker waits for the end of a channel that its own handle keeps open
    LeakedHandle,
    /// The only worker panics
    DeadWorker,
    /// Slow, idle, impatient and starved tasks: all is well
    Quiet,
    /// A task computes without a break and keeps the runtime for itself
    BusyRuntime,
}

impl Scene {
    /// For how long it is watched if nothing else is stated.
    pub fn limit(self) -> Duration {
        Duration::from_secs(if self == Self::Quiet { 20 } else { 4 })
    }

    /// The same on tokio's channels.
    pub fn twin_limit(self) -> Duration {
        Duration::from_secs(if self == Self::Quiet { 20 } else { 3 })
    }

    pub(super) fn ours(self, fabric: Fabric) -> Play<Ending> {
        match self {
            Self::FullCycle => Box::pin(full_cycle::ours(fabric)),
            Self::CallCycle => Box::pin(call_cycle::ours(fabric)),
            Self::Futurelock => Box::pin(futurelock::ours(fabric)),
            Self::OwnGroup => Box::pin(own_group::ours(fabric)),
            Self::UnreadSubscriber => Box::pin(unread_subscriber::ours(fabric)),
            Self::SlowSubscriber => Box::pin(slow_subscriber::ours(fabric)),
            Self::LeakedHandle => Box::pin(leaked_handle::ours(fabric)),
            Self::DeadWorker => Box::pin(dead_worker::ours(fabric)),
            Self::Quiet => Box::pin(quiet::ours(fabric)),
            Self::BusyRuntime => Box::pin(busy_runtime::ours(fabric)),
        }
    }

    pub(super) fn twin(self, pulse: Pulse) -> Play<()> {
        match self {
            Self::FullCycle => Box::pin(full_cycle::twin(pulse)),
            Self::CallCycle => Box::pin(call_cycle::twin(pulse)),
            Self::Futurelock => Box::pin(futurelock::twin(pulse)),
            Self::OwnGroup => Box::pin(own_group::twin(pulse)),
            Self::UnreadSubscriber => Box::pin(unread_subscriber::twin(pulse)),
            Self::SlowSubscriber => Box::pin(slow_subscriber::twin(pulse)),
            Self::LeakedHandle => Box::pin(leaked_handle::twin(pulse)),
            Self::DeadWorker => Box::pin(dead_worker::twin(pulse)),
            Self::Quiet => Box::pin(quiet::twin(pulse)),
            Self::BusyRuntime => Box::pin(busy_runtime::twin(pulse)),
        }
    }
}
