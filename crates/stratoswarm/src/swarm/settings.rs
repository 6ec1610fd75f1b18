use std::time::Duration;

use super::Component;

/// What a run is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How many agents, at least one.
    pub agents: u32,
    /// Random seed.
    pub seed: u64,
    /// End after so long.
    pub seconds: Option<Duration>,
    /// End after so many generations of every agent.
    pub generations: Option<u64>,
    /// End at a tour of at most this length.
    pub target: Option<i64>,
    /// Components to leave out.
    pub without: Vec<Component>,
    /// Offer two of the services so many times the work that they do.
    pub overload: Option<u32>,
    /// How often offspring are mutated besides, from 0 to 1.
    pub mutation_rate: f64,
}

/// The longest a run takes that has neither a time nor a number of generations; closing takes some of the 10 seconds.
const LONGEST: Duration = Duration::from_millis(9500);

impl Settings {
    /// The time after which the run ends; none if only the generations count.
    pub fn time_limit(&self) -> Option<Duration> {
        match (self.seconds, self.generations) {
            (Some(seconds), _) => Some(seconds),
            (None, Some(_)) => None,
            (None, None) => Some(LONGEST),
        }
    }

    /// After so many generations without a better tour the run ends; none if time or generations were asked for.
    ///
    /// Few agents get more generations, so that about as many tours are tried; so do larger instances.
    pub fn patience(&self, cities: usize) -> Option<u64> {
        /// Generations of one agent, all agents together.
        const TOGETHER: u64 = 160;
        const AT_LEAST: u64 = 10;
        if self.seconds.is_some() || self.generations.is_some() {
            return None;
        }
        let each = (TOGETHER / u64::from(self.agents.max(1))).max(AT_LEAST);
        Some(each + cities as u64 / 20)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            agents: 16,
            seed: 1,
            seconds: None,
            generations: None,
            target: None,
            without: Vec::new(),
            overload: None,
            mutation_rate: 0.3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_wish_both_time_and_patience_end_the_run() {
        let settings = Settings::default();
        assert!(settings.time_limit() < Some(Duration::from_secs(10)));
        assert_eq!(settings.patience(52), Some(12));
        assert_eq!(Settings { agents: 1, ..settings.clone() }.patience(52), Some(162));
        let seconds = Settings { seconds: Some(Duration::from_secs(60)), ..settings.clone() };
        assert_eq!((seconds.time_limit(), seconds.patience(52)), (Some(Duration::from_secs(60)), None));
        let generations = Settings { generations: Some(5), ..settings };
        assert_eq!((generations.time_limit(), generations.patience(52)), (None, None));
    }
}
