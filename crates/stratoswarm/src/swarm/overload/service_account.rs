use std::time::Duration;

use serde::Serialize;
use stratoswarm_core::{ChannelInfo, Priority};

use super::{LaneAccount, Tally};

/// What an overloaded service was offered, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceAccount {
    /// The service's channel.
    pub name: String,
    /// Bulk offered.
    pub offered: u64,
    /// Bulk that found no room, and was given back.
    pub turned_away: u64,
    /// Deliveries of bulk that the service worked on, those that came again among them.
    pub worked_on: u64,
    /// Deliveries after the first of a message.
    pub redelivered: u64,
    /// Messages skipped, their callers gone or their deadlines passed.
    pub skipped: u64,
    /// The urgent lane, and the other.
    pub lanes: [LaneAccount; 2],
    /// How many cancels or releases were asked beside the swarm's own, to be measured.
    pub urgent: u64,
    /// From asking until the answer was there, of half of them at most so long; null if none was answered.
    pub urgent_p50_ms: Option<f64>,
    /// The same of 99 in 100.
    pub urgent_p99_ms: Option<f64>,
}

impl ServiceAccount {
    pub(in crate::swarm) fn new(info: &ChannelInfo, tally: &Tally) -> Self {
        let lane = |priority: Priority, lane: &'static str| {
            let figures = info.lanes.iter().find(|figures| figures.priority == priority);
            let counted = tally.lane(priority);
            LaneAccount {
                lane,
                capacity: figures.map_or(0, |figures| figures.capacity),
                accepted: figures.map_or(0, |figures| figures.sent),
                handed_out: counted.handed_out,
                expired: counted.expired,
                dead: counted.dead,
            }
        };
        let waits = tally.waits();
        Self {
            name: info.name.clone(),
            offered: tally.offered(),
            turned_away: tally.turned_away(),
            worked_on: tally.worked_on(),
            redelivered: info.readers.iter().map(|reader| reader.redelivered).sum(),
            skipped: info.readers.iter().map(|reader| reader.skipped.total()).sum(),
            lanes: [lane(Priority::Critical, "critical"), lane(Priority::Normal, "normal")],
            urgent: waits.len() as u64,
            urgent_p50_ms: percentile(&waits, 50),
            urgent_p99_ms: percentile(&waits, 99),
        }
    }

    /// What does not add up: of each lane, what was accepted must have been handed out or have expired, but for what was
    /// skipped; and every message given up must have come to the dead letters. None where all is well.
    pub(in crate::swarm) fn imbalance(&self, info: &ChannelInfo) -> Option<String> {
        let sum = |of: fn(&LaneAccount) -> u64| self.lanes.iter().map(of).sum::<u64>();
        let (accepted, out) = (sum(|lane| lane.accepted), sum(|lane| lane.handed_out));
        let (expired, dead) = (sum(|lane| lane.expired), sum(|lane| lane.dead));
        let left: u64 = info.readers.iter().map(|reader| reader.left).sum();
        if accepted != out + expired + self.skipped + left {
            return Some(format!(
                "channel {}, its lanes: accepted {accepted} is not handed out {out} + expired {expired} + skipped {} + left {left}",
                self.name, self.skipped
            ));
        }
        let given_up: u64 = info.readers.iter().map(|reader| reader.dead).sum();
        (given_up != expired + dead).then(|| {
            format!(
                "channel {}: {given_up} were given up, and {} dead letters came",
                self.name,
                expired + dead
            )
        })
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let at = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    sorted.get(at).map(|wait| wait.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let waits: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!((percentile(&waits, 50), percentile(&waits, 99)), (Some(100.0), Some(198.0)));
        assert_eq!((percentile(&waits[..1], 99), percentile(&[], 99)), (Some(1.0), None));
    }
}
