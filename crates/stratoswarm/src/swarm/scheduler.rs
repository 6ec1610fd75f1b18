use std::collections::{BTreeSet, HashMap};

use stratoswarm_core::{
    Receiver,
    messages::{
        CancelOutcome, CancelTask, Placement, Resources, ScheduleTask, SchedulerCall, SchedulerFault,
        SchedulerMessage, SchedulerStatus, TaskId,
    },
};

use super::{
    Meter, Pace,
    ledger::{minus, plus},
};

/// Serves the `scheduler` channel: gives every task a stream of the device to itself, as long as what the tasks need
/// together is there.
#[derive(Debug)]
pub struct Scheduler {
    capacity: Resources,
    reserved: Resources,
    placed: HashMap<TaskId, Placed>,
    streams: BTreeSet<u32>,
    meter: Meter,
    pace: Pace,
}

#[derive(Debug)]
struct Placed {
    stream: u32,
    requirements: Resources,
}

/// The one device there is.
const DEVICE: u32 = 0;

impl Scheduler {
    /// A scheduler with room for so much.
    pub fn new(capacity: Resources, meter: Meter) -> Self {
        Self {
            capacity,
            reserved: Resources::default(),
            placed: HashMap::new(),
            streams: BTreeSet::new(),
            meter,
            pace: Pace::default(),
        }
    }

    /// The same, working at this pace.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Serves until the channel is closed and drained.
    pub async fn serve(mut self, mut messages: Receiver<SchedulerMessage>) {
        let meter = self.meter.clone();
        while let Some(delivery) = meter.of(messages.recv()).await {
            if self.pace.fails(&delivery).await {
                continue;
            }
            match SchedulerCall::from(delivery) {
                SchedulerCall::ScheduleTask(schedule, reply) => {
                    let placement = self.place(&schedule);
                    meter.of_call(|| reply.send(placement));
                }
                SchedulerCall::CancelTask(cancel, reply) => {
                    let outcome = self.cancel(&cancel);
                    meter.of_call(|| reply.send(outcome));
                }
                SchedulerCall::QueryStatus(_, reply) => {
                    let status = self.status();
                    meter.of_call(|| reply.send(status));
                }
            }
        }
    }

    fn place(&mut self, schedule: &ScheduleTask) -> Result<Placement, SchedulerFault> {
        let ScheduleTask { task, requirements } = *schedule;
        if self.placed.contains_key(&task) {
            return Err(SchedulerFault::AlreadyPlaced { task });
        }
        let free = self.free();
        if minus(free, requirements).is_none() {
            return Err(SchedulerFault::NoRoom { requirements, free });
        }
        // The lowest that is free.
        let stream = self
            .streams
            .iter()
            .zip(0..)
            .find(|(used, free)| *used != free)
            .map_or_else(|| self.streams.len() as u32, |(_, free)| free);
        self.streams.insert(stream);
        self.reserved = plus(self.reserved, requirements);
        self.placed.insert(task, Placed { stream, requirements });
        Ok(Placement { task, device: DEVICE, stream })
    }

    fn cancel(&mut self, cancel: &CancelTask) -> CancelOutcome {
        let Some(placed) = self.placed.remove(&cancel.task) else { return CancelOutcome::Unknown };
        self.streams.remove(&placed.stream);
        self.reserved = minus(self.reserved, placed.requirements).unwrap_or_default();
        CancelOutcome::Cancelled
    }

    fn status(&self) -> SchedulerStatus {
        SchedulerStatus {
            placed_tasks: self.placed.len() as u64,
            reserved: self.reserved,
            capacity: self.capacity,
        }
    }

    fn free(&self) -> Resources {
        minus(self.capacity, self.reserved).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scheduler(gpu_memory_bytes: u64) -> Scheduler {
        Scheduler::new(Resources { gpu_memory_bytes, ..Resources::default() }, Meter::new())
    }

    fn task(number: u32, gpu_memory_bytes: u64) -> ScheduleTask {
        let requirements = Resources { gpu_memory_bytes, ..Resources::default() };
        ScheduleTask { task: TaskId::from_u128(u128::from(number)), requirements }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_a_place_is_given_again() {
        let mut scheduler = scheduler(10);
        assert_eq!(scheduler.place(&task(1, 4)).map(|placement| placement.stream), Ok(0));
        assert_eq!(scheduler.place(&task(2, 4)).map(|placement| placement.stream), Ok(1));
        assert!(matches!(scheduler.place(&task(2, 1)), Err(SchedulerFault::AlreadyPlaced { .. })));
        assert!(matches!(scheduler.place(&task(3, 4)), Err(SchedulerFault::NoRoom { .. })));
        let first = CancelTask { task: task(1, 0).task };
        assert_eq!(scheduler.cancel(&first), CancelOutcome::Cancelled);
        assert_eq!(scheduler.cancel(&first), CancelOutcome::Unknown);
        assert_eq!(scheduler.place(&task(3, 4)).map(|placement| placement.stream), Ok(0));
    }

    proptest! {
        #[test]
        fn no_stream_has_two_tasks_and_reservations_add_up(
            steps in prop::collection::vec((0u32..12, 0u64..40, any::<bool>()), 0..80),
        ) {
            let mut scheduler = scheduler(100);
            for (number, needs, cancel) in steps {
                if cancel {
                    scheduler.cancel(&CancelTask { task: task(number, 0).task });
                } else {
                    let _ = scheduler.place(&task(number, needs));
                }
                let reserved: u64 =
                    scheduler.placed.values().map(|placed| placed.requirements.gpu_memory_bytes).sum();
                let streams: BTreeSet<_> = scheduler.placed.values().map(|placed| placed.stream).collect();
                prop_assert_eq!(scheduler.reserved.gpu_memory_bytes, reserved);
                prop_assert!(reserved <= 100);
                prop_assert_eq!(streams.len(), scheduler.placed.len());
            }
        }
    }
}
