use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use stratoswarm_core::{
    Receiver, Responder, WeakChannel,
    messages::{
        BufferId, Done, EfficiencyMessage, EfficiencyUpdate, GpuCall, GpuCommand, GpuFault, KernelArgument,
        LaunchKernel, Launched,
    },
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use super::{Arena, Kernel, KernelArguments, Streams, streams::Turn};
use crate::swarm::{Meter, Stop};

/// Executes the commands of the `gpu` channel on the CPU.
///
/// Kernels run on threads that may block, as many at once as there are lanes; while all are busy no further command is
/// taken, so that the backlog waits, and is bounded, in the channel.
///
/// The kernels, their buffers and their arguments:
///
/// | kernel | buffers | arguments |
/// |---|---|---|
/// | `construct` | problem, tours, output | seed |
/// | `local_search` | problem, tours, output | seed, kicks |
/// | `tour_length` | problem, tours, output | – |
///
/// The output may be the buffer of the tours; it is made if it is not there.
#[derive(Debug)]
pub struct Device {
    arena: Arc<Arena>,
    lanes: u32,
    free_lanes: Arc<Semaphore>,
    stop: Arc<Stop>,
    meter: Meter,
    efficiency: WeakChannel<EfficiencyMessage>,
    busy_nanos: Arc<AtomicU64>,
}

/// How often the device reports what it did.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// The number of this device.
const DEVICE: u32 = 0;

impl Device {
    /// A device with so much memory and so many lanes (at least one); `stop` ends running kernels early, and
    /// `efficiency` is told how busy it was.
    pub fn new(
        memory_bytes: u64,
        lanes: u32,
        stop: Arc<Stop>,
        meter: Meter,
        efficiency: WeakChannel<EfficiencyMessage>,
    ) -> Self {
        let lanes = lanes.max(1);
        Self {
            arena: Arc::new(Arena::new(memory_bytes)),
            lanes,
            free_lanes: Arc::new(Semaphore::new(lanes as usize)),
            stop,
            meter,
            efficiency,
            busy_nanos: Arc::default(),
        }
    }

    /// Executes commands until the channel is closed and drained, and all of them have ended.
    pub async fn serve(self, mut commands: Receiver<GpuCommand>) {
        let mut streams = Streams::new();
        let mut running = JoinSet::new();
        let mut reported = (Instant::now(), 0);
        loop {
            // Never closed, so it cannot fail.
            let Ok(lane) = Arc::clone(&self.free_lanes).acquire_owned().await else { break };
            let Some(delivery) = self.meter.of(commands.recv()).await else { break };
            match GpuCall::from(delivery) {
                GpuCall::LaunchKernel(launch, reply) => {
                    let turn = streams.next(launch.stream);
                    running.spawn(self.launch(launch, reply, turn, lane));
                }
                GpuCall::TransferToDevice(transfer, reply) => {
                    let stored = self.arena.store(transfer.buffer, transfer.data);
                    self.meter.of_call(|| reply.send(stored));
                }
                GpuCall::TransferFromDevice(transfer, reply) => {
                    let data = self.arena.load(transfer.buffer);
                    self.meter.of_call(|| reply.send(data));
                }
                GpuCall::Synchronize(synchronize, reply) => {
                    let (mut turn, meter) = (streams.next(synchronize.stream), self.meter.clone());
                    running.spawn(async move {
                        turn.begin().await;
                        meter.of_call(|| reply.send(Ok(Done {})));
                    });
                }
            }
            // A task that panicked has dropped its responder, which tells its caller.
            while running.try_join_next().is_some() {}
            if reported.0.elapsed() >= REPORT_EVERY {
                reported = self.report(reported).await;
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// The task of one kernel.
    fn launch(
        &self,
        launch: LaunchKernel,
        reply: Responder<Result<Launched, GpuFault>>,
        mut turn: Turn,
        lane: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (arena, stop, busy) =
            (Arc::clone(&self.arena), Arc::clone(&self.stop), Arc::clone(&self.busy_nanos));
        let meter = self.meter.clone();
        async move {
            turn.begin().await;
            let name = launch.name.clone();
            let computed = tokio::task::spawn_blocking(move || {
                let _lane = lane;
                let begin = Instant::now();
                let ran = run(&arena, &launch, &stop);
                let elapsed = begin.elapsed();
                busy.fetch_add(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
                ran.map(|()| Launched { elapsed })
            });
            let launched = computed
                .await
                .unwrap_or_else(|_| Err(GpuFault::KernelFailed { name, reason: "it panicked".to_owned() }));
            drop(turn);
            meter.of_call(|| reply.send(launched));
        }
    }

    /// Reports how busy the device was since the last report; returns when that was, and the sum up to then.
    async fn report(&self, (since, sum_before): (Instant, u64)) -> (Instant, u64) {
        let (now, sum) = (Instant::now(), self.busy_nanos.load(Ordering::Relaxed));
        if let Some(efficiency) = self.efficiency.upgrade() {
            let update = EfficiencyUpdate {
                device: DEVICE,
                busy: Duration::from_nanos(sum - sum_before),
                available: (now - since) * self.lanes,
                memory_used_bytes: self.arena.used_bytes(),
            };
            // Closed: then nobody wants to know any more.
            let _ = self.meter.of(efficiency.named("device").send(update.into())).await;
        }
        (now, sum)
    }
}

fn run(arena: &Arena, launch: &LaunchKernel, stop: &Stop) -> Result<(), GpuFault> {
    let name = &launch.name;
    let invalid = |reason: &str| GpuFault::InvalidLaunch { name: name.clone(), reason: reason.to_owned() };
    let kernel: Kernel = name.parse().map_err(|()| GpuFault::UnknownKernel { name: name.clone() })?;
    let &[problem, tours, output] = launch.buffers.as_slice() else {
        return Err(invalid("it takes three buffers: problem, tours, output"));
    };
    let [problem, tours, output]: [BufferId; 3] = [problem, tours, output];
    let arguments = match (kernel, launch.arguments.as_slice()) {
        (Kernel::TourLength, []) => KernelArguments { seed: 0, kicks: 0 },
        (Kernel::Construct, &[KernelArgument::Unsigned(seed)]) => KernelArguments { seed, kicks: 0 },
        (Kernel::LocalSearch, &[KernelArgument::Unsigned(seed), KernelArgument::Unsigned(kicks)]) => {
            let kicks = u32::try_from(kicks).map_err(|_| invalid("more kicks than 4294967295"))?;
            KernelArguments { seed, kicks }
        }
        _ => return Err(invalid("other arguments than it takes: construct seed, local_search seed kicks")),
    };
    let batch: Bytes = arena.load(tours)?;
    let problem = arena.problem(problem)?.ok_or_else(|| invalid("the first buffer holds no problem"))?;
    let result = kernel.run(&problem, batch, arguments, stop.flag()).map_err(|reason| invalid(&reason))?;
    arena.store(output, result).map(drop)
}

#[cfg(test)]
mod tests {
    use stratoswarm_core::{
        ChannelRegistry,
        messages::{Synchronize, TransferFromDevice, TransferToDevice},
    };

    use super::*;
    use crate::{search::Problem, tour::TourBatch, tsplib::Instance};

    const PROBLEM: BufferId = BufferId::from_u128(1);
    const TOURS: BufferId = BufferId::from_u128(2);

    async fn device() -> ChannelRegistry {
        let registry = ChannelRegistry::new();
        let device = Device::new(1000, 2, Arc::default(), Meter::new(), registry.efficiency().downgrade());
        tokio::spawn(device.serve(registry.gpu().join("executors")));
        let problem = Problem::encode(&Instance::from_weights("t", 3, vec![5, 6, 7]).unwrap());
        let tours = TourBatch::new(vec![vec![0, 1, 2], vec![2, 0, 1]]).encode();
        for (buffer, data) in [(PROBLEM, problem), (TOURS, tours)] {
            registry.gpu().request(TransferToDevice { buffer, data }).await.unwrap().unwrap();
        }
        registry
    }

    fn launch(name: &str, buffers: &[BufferId], arguments: &[u64]) -> LaunchKernel {
        LaunchKernel {
            name: name.to_owned(),
            stream: 7,
            buffers: buffers.to_vec(),
            arguments: arguments.iter().map(|&number| KernelArgument::Unsigned(number)).collect(),
        }
    }

    #[tokio::test]
    async fn a_kernel_reads_and_writes_buffers() {
        let registry = device().await;
        let output = BufferId::from_u128(3);
        let launch = launch("tour_length", &[PROBLEM, TOURS, output], &[]);
        registry.gpu().request(launch).await.unwrap().unwrap();
        let lengths = registry.gpu().request(TransferFromDevice { buffer: output }).await.unwrap().unwrap();
        assert_eq!(lengths, [18i64.to_le_bytes(), 18i64.to_le_bytes()].concat());
    }

    #[tokio::test]
    async fn a_stream_is_synchronized_after_what_was_taken_of_it() {
        let registry = device().await;
        let output = BufferId::from_u128(3);
        registry.gpu().send(launch("construct", &[PROBLEM, TOURS, TOURS], &[1]).into()).await.unwrap();
        registry.gpu().send(launch("tour_length", &[PROBLEM, TOURS, output], &[]).into()).await.unwrap();
        while !registry.gpu().is_empty() {
            tokio::task::yield_now().await; // it overtakes what waits
        }
        registry.gpu().request(Synchronize { stream: 7 }).await.unwrap().unwrap();
        assert!(registry.gpu().request(TransferFromDevice { buffer: output }).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn impossible_launches_are_refused_with_the_reason() {
        let registry = device().await;
        let unknown = BufferId::from_u128(9);
        for (launch, reason) in [
            (launch("melt", &[], &[]), "unknown kernel \"melt\""),
            (launch("construct", &[PROBLEM], &[1]), "three buffers"),
            (launch("construct", &[PROBLEM, TOURS, TOURS], &[]), "arguments"),
            (launch("local_search", &[PROBLEM, TOURS, TOURS], &[1, 1 << 40]), "kicks"),
            (launch("tour_length", &[PROBLEM, unknown, TOURS], &[]), "unknown buffer"),
            (launch("tour_length", &[TOURS, TOURS, TOURS], &[]), "no problem"),
            (launch("tour_length", &[PROBLEM, PROBLEM, TOURS], &[]), "tours of 3 cities"),
        ] {
            let fault = registry.gpu().request(launch).await.unwrap().unwrap_err().to_string();
            assert!(fault.contains(reason), "{fault} lacks {reason}");
        }
    }
}
