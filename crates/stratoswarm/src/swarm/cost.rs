use std::time::Duration;

use stratoswarm_core::{
    Receiver,
    messages::{
        CostCall, CostMessage, CostPlan, CostQuote, CostUpdate, OptimizationGoal, OptimizeFor, QueryCost,
    },
};

use super::Meter;

/// Serves the `cost` channel: the price of a task is the seconds of device time that tasks have taken so far, on
/// average; a plan follows from the size of the problem alone, so that it is the same on every machine.
#[derive(Debug)]
pub struct CostModel {
    tasks: u64,
    busy: Duration,
    meter: Meter,
}

/// What a task is taken to cost before any was done.
const FIRST_GUESS: Duration = Duration::from_millis(10);

impl CostModel {
    /// A model that has seen no task yet.
    pub fn new(meter: Meter) -> Self {
        Self { tasks: 0, busy: Duration::ZERO, meter }
    }

    /// Serves until the channel is closed and drained.
    pub async fn serve(mut self, mut messages: Receiver<CostMessage>) {
        while let Some(delivery) = self.meter.of(messages.recv()).await {
            match CostCall::from(delivery) {
                CostCall::QueryCost(query, reply) => {
                    let quote = self.quote(&query);
                    self.meter.of_call(|| reply.send(quote));
                }
                CostCall::CostUpdate(update) => self.learn(&update),
                CostCall::OptimizeFor(optimize, reply) => {
                    self.meter.of_call(|| reply.send(plan(&optimize)));
                }
            }
        }
    }

    fn learn(&mut self, update: &CostUpdate) {
        self.tasks = self.tasks.saturating_add(u64::from(update.tasks));
        self.busy = self.busy.saturating_add(update.busy);
    }

    fn quote(&self, query: &QueryCost) -> CostQuote {
        let each = match self.tasks {
            0 => FIRST_GUESS.as_secs_f64(),
            tasks => self.busy.as_secs_f64() / tasks as f64,
        };
        CostQuote { price: each * f64::from(query.tasks), samples: self.tasks }
    }
}

/// How many tours an agent breeds in a generation, and how often the local search kicks each.
fn plan(optimize: &OptimizeFor) -> CostPlan {
    /// Kicks that a tour gets in a few milliseconds.
    const KICKS: u32 = 600;
    /// From here on a tour is so much work that a few at a time are enough.
    const LARGE: u64 = 5000;
    let (tasks_per_step, effort_per_task) = match (optimize.problem_size, optimize.goal) {
        // So few cities are not searched but tried out.
        (..8, _) => (1, 0),
        (LARGE.., _) => (2, KICKS * 2),
        (_, OptimizationGoal::Latency) => (2, KICKS / 4),
        (_, OptimizationGoal::Price) => (2, KICKS),
        _ => (4, KICKS),
    };
    CostPlan { tasks_per_step, effort_per_task }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_the_average_of_what_was_told() {
        let mut model = CostModel::new(Meter::new());
        assert_eq!(model.quote(&QueryCost { tasks: 3 }), CostQuote { price: 0.03, samples: 0 });
        model.learn(&CostUpdate { tasks: 1, busy: Duration::from_secs(1) });
        model.learn(&CostUpdate { tasks: 3, busy: Duration::from_secs(7) });
        assert_eq!(model.quote(&QueryCost { tasks: 3 }), CostQuote { price: 6.0, samples: 4 });
    }

    #[test]
    fn every_plan_has_work_to_do() {
        for goal in [OptimizationGoal::Quality, OptimizationGoal::Latency, OptimizationGoal::Price] {
            for problem_size in [2, 7, 8, 52, 5000, 200_000] {
                assert!(plan(&OptimizeFor { goal, problem_size }).tasks_per_step > 0);
            }
        }
    }
}
