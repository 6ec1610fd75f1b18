use std::sync::Arc;

use stratoswarm_core::{LossySubscriber, messages::SystemEvent};

use super::{Ending, Meter, Stop};
use crate::report::Progress;

/// Follows the events: shows the progress, and ends the run as soon as an agent reports the target.
#[derive(Debug)]
pub struct Observer {
    target: Option<i64>,
    stop: Arc<Stop>,
    progress: Progress,
    meter: Meter,
}

impl Observer {
    /// An observer that ends the run at `target`, if there is one.
    pub fn new(target: Option<i64>, stop: Arc<Stop>, progress: Progress, meter: Meter) -> Self {
        Self { target, stop, progress, meter }
    }

    /// Follows until the channel is closed and drained; gives the subscriber back, whose account ends with it.
    pub async fn follow(mut self, mut events: LossySubscriber<SystemEvent>) -> LossySubscriber<SystemEvent> {
        while let Some(event) = self.meter.of(events.recv()).await {
            match event {
                Ok(event) => self.see(event),
                // Every event is news that a later one replaces, and the target is looked at after every epoch too.
                Err(_lagged) => {}
            }
        }
        self.progress.finish();
        events
    }

    fn see(&mut self, event: SystemEvent) {
        match event {
            SystemEvent::AgentSpawned(_) => self.progress.agent(),
            SystemEvent::FitnessImproved(improved) => {
                let length = -improved.fitness as i64;
                self.progress.length(length);
                if self.target.is_some_and(|target| length <= target) {
                    self.stop.set(Ending::Target);
                }
            }
            SystemEvent::GpuUtilization(device) => self.progress.load(device.utilization),
            SystemEvent::MemoryPressure(memory) => self.progress.note(&format!(
                "memory is getting short: {} of {} bytes in use",
                memory.used_bytes, memory.total_bytes
            )),
            SystemEvent::Error(error) => {
                self.progress.note(&format!("{}: {}", error.component, error.message));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use stratoswarm_core::messages::{AgentId, FitnessImproved};

    use super::*;

    #[test]
    fn the_target_ends_the_run() {
        let stop = Arc::new(Stop::new());
        let mut observer = Observer::new(Some(7542), Arc::clone(&stop), Progress::silent(), Meter::new());
        for (fitness, ended) in [(-7543.0, false), (-7542.0, true)] {
            let agent = AgentId::from_u128(1);
            observer.see(FitnessImproved { agent, generation: 1, fitness, previous: None }.into());
            assert_eq!(stop.is_set(), ended);
        }
        assert_eq!(stop.reason(), Some(Ending::Target));
    }
}
