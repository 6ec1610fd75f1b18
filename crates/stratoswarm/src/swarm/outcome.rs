use std::time::Duration;

use super::{ChannelAccount, Ending, WarmStart, overload::ServiceAccount};
use crate::tour::Tour;

/// What a run came to, checked: the tour is a permutation of the instance's cities, its length was recomputed from
/// the instance, and every channel's accounts balance.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// The instance's name.
    pub instance: String,
    /// The best tour.
    pub tour: Tour,
    /// Its length.
    pub best_length: i64,
    /// Generations completed by every agent.
    pub generations: u64,
    /// How many agents there were.
    pub agents: u32,
    /// The seed.
    pub seed: u64,
    /// Why the run ended.
    pub ending: Ending,
    /// How long it took, from the first component's start to the last channel's closing.
    pub elapsed: Duration,
    /// The processor time of the process up to then; none where the system does not tell.
    pub cpu: Option<Duration>,
    /// How long the run was busy with its channels; see [`Meter`](super::Meter).
    pub channel_busy: Duration,
    /// The price of the run as the cost model put it, in its units.
    pub price: f64,
    /// The eight channels, in the order of their closing; under an overload also those of the dead letters.
    pub channels: Vec<ChannelAccount>,
    /// Under an overload, what became of it at each of the services it was for; none otherwise.
    pub overload: Vec<ServiceAccount>,
    /// From what it started, if it has a store.
    pub warm_start: Option<WarmStart>,
}

impl Outcome {
    /// The part of the run's work that its channels took, 0 to 1: [`channel_busy`](Self::channel_busy) by the
    /// process' processor time, by the elapsed time where that is unknown or smaller.
    pub fn channel_share(&self) -> f64 {
        // A processor time that rounds to nothing would make a share of infinity.
        let work = self.cpu.filter(|cpu| *cpu >= Duration::from_millis(100)).unwrap_or(self.elapsed);
        if work.is_zero() { 0.0 } else { self.channel_busy.as_secs_f64() / work.as_secs_f64() }
    }
}
