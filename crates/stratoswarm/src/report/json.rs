use serde::Serialize;

use crate::swarm::{ChannelAccount, Outcome, WarmStart, overload::ServiceAccount};

/// The object that `--json` prints, on one line.
#[derive(Debug, Clone, Serialize)]
pub struct JsonReport<'a> {
    instance: &'a str,
    best_length: i64,
    /// Node numbers as in the file, from 1.
    tour: Vec<u64>,
    generations: u64,
    agents: u32,
    seed: u64,
    ended: &'static str,
    elapsed_s: f64,
    /// Processor time of the process; `null` where unknown.
    cpu_s: Option<f64>,
    /// See [`Outcome::channel_share`].
    channel_share: f64,
    price: f64,
    channels: &'a [ChannelAccount],
    /// Under an overload only.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    overload: &'a [ServiceAccount],
    /// With a store only.
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_start: Option<WarmStart>,
}

impl<'a> JsonReport<'a> {
    /// The report of an outcome.
    pub fn new(outcome: &'a Outcome) -> Self {
        Self {
            instance: &outcome.instance,
            best_length: outcome.best_length,
            tour: outcome.tour.nodes().collect(),
            generations: outcome.generations,
            agents: outcome.agents,
            seed: outcome.seed,
            ended: outcome.ending.name(),
            elapsed_s: outcome.elapsed.as_secs_f64(),
            cpu_s: outcome.cpu.map(|cpu| cpu.as_secs_f64()),
            channel_share: outcome.channel_share(),
            price: outcome.price,
            channels: &outcome.channels,
            overload: &outcome.overload,
            warm_start: outcome.warm_start,
        }
    }
}
