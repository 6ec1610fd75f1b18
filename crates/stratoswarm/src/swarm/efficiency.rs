use std::sync::{Arc, Mutex, PoisonError};

use stratoswarm_core::{
    Receiver, WeakBroadcast,
    messages::{
        Advice, EfficiencyCall, EfficiencyMessage, EfficiencyMetrics, EfficiencyUpdate, GpuUtilization,
        MemoryPressure, SystemEvent,
    },
};

use super::{Machine, Meter};

/// Serves the `efficiency` channel with the figures of this [`Machine`] and what the device tells of itself, and turns
/// them into events.
#[derive(Debug)]
pub struct Efficiency {
    machine: Arc<Mutex<Machine>>,
    reported: Option<EfficiencyUpdate>,
    events: WeakBroadcast<SystemEvent>,
    meter: Meter,
}

/// From this part of the memory on its use is worth an event.
const PRESSURE: f64 = 0.9;

/// The budget where the machine does not tell how much memory it has.
const UNKNOWN_BUDGET_BYTES: u64 = 1 << 30;

impl Efficiency {
    /// A monitor that publishes to `events`.
    pub fn new(meter: Meter, events: WeakBroadcast<SystemEvent>) -> Self {
        Self { machine: Arc::default(), reported: None, events, meter }
    }

    /// Serves until the channel is closed and drained.
    pub async fn serve(mut self, mut messages: Receiver<EfficiencyMessage>) {
        let meter = self.meter.clone();
        while let Some(delivery) = meter.of(messages.recv()).await {
            match EfficiencyCall::from(delivery) {
                EfficiencyCall::QueryMetrics(_, reply) => {
                    if let Some(metrics) = self.metrics().await {
                        meter.of_call(|| reply.send(metrics));
                    }
                }
                EfficiencyCall::EfficiencyUpdate(update) => self.update(update).await,
                EfficiencyCall::RecommendOptimization(_, reply) => {
                    if let Some(metrics) = self.metrics().await {
                        meter.of_call(|| reply.send(advice(&metrics)));
                    }
                }
            }
        }
    }

    /// The figures now; none if looking at them panicked, whose caller is told by the dropped responder.
    async fn metrics(&self) -> Option<EfficiencyMetrics> {
        let machine = Arc::clone(&self.machine);
        let look = move || machine.lock().unwrap_or_else(PoisonError::into_inner).look();
        let mut metrics = tokio::task::spawn_blocking(look).await.ok()?;
        if let Some(reported) = &self.reported {
            metrics.gpu_load = utilization(reported);
            metrics.gpu_memory_used_bytes = Some(reported.memory_used_bytes);
        }
        Some(metrics)
    }

    async fn update(&mut self, update: EfficiencyUpdate) {
        if let Some(utilization) = utilization(&update) {
            self.publish(GpuUtilization { device: update.device, utilization }.into());
        }
        self.reported = Some(update);
        let metrics = self.metrics().await.unwrap_or_default();
        if let (Some(used_bytes), Some(total_bytes)) = (metrics.memory_used_bytes, metrics.memory_total_bytes)
            && used_bytes as f64 > total_bytes as f64 * PRESSURE
        {
            self.publish(MemoryPressure { used_bytes, total_bytes }.into());
        }
    }

    fn publish(&self, event: SystemEvent) {
        if let Some(events) = self.events.upgrade() {
            // Closed: then nobody wants to know any more.
            let _ = self.meter.of_call(|| events.named("efficiency").send(event));
        }
    }
}

fn utilization(update: &EfficiencyUpdate) -> Option<f64> {
    let part = update.busy.as_secs_f64() / update.available.as_secs_f64();
    // A kernel that began before the stretch of time counts as a whole when it ends.
    part.is_finite().then(|| part.clamp(0.0, 1.0))
}

/// How a machine of these figures is used.
pub(super) fn advice(metrics: &EfficiencyMetrics) -> Advice {
    let parallel_tasks = metrics.cpu_cores.unwrap_or(1);
    match (metrics.memory_total_bytes, metrics.memory_used_bytes) {
        (Some(total), Some(used)) => Advice {
            parallel_tasks,
            memory_budget_bytes: total.saturating_sub(used) / 2,
            reason: "one task per core, half of the free memory".to_owned(),
        },
        _ => Advice {
            parallel_tasks,
            memory_budget_bytes: UNKNOWN_BUDGET_BYTES,
            reason: "one task per core; how much memory there is is unknown".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn utilization_is_a_part_and_absent_for_no_time() {
        let update = |busy, available| EfficiencyUpdate {
            device: 0,
            busy: Duration::from_secs(busy),
            available: Duration::from_secs(available),
            memory_used_bytes: 0,
        };
        assert_eq!(utilization(&update(1, 4)), Some(0.25));
        assert_eq!(utilization(&update(5, 4)), Some(1.0));
        assert_eq!(utilization(&update(0, 0)), None);
    }

    #[test]
    fn advice_without_figures_is_modest() {
        let advice = advice(&EfficiencyMetrics::default());
        assert_eq!((advice.parallel_tasks, advice.memory_budget_bytes), (1, UNKNOWN_BUDGET_BYTES));
    }
}
