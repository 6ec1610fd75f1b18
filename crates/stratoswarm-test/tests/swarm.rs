//! The swarm's agent under the kit: beside the real governor, scheduler, store and cost model, with fakes for the device and the
//! evolution, whose work would be computing. Here, and not among the tests of the program, because features unify: the program, and the core's
//! own tests beside it, would be built with faults in every `cargo test`.
//!
//! `cargo test -p stratoswarm-test --test swarm -- --nocapture` prints how long a thousand seeds take.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use stratoswarm::swarm::{CostModel, Governor, Knowledge, Meter, Scheduler, SwarmError, alone};
use stratoswarm_core::{
    ChannelRegistry, Delivery,
    messages::{
        BufferId, CostPlan, EvolutionCall, EvolutionMessage, FitnessValues, GenerationReport, GpuCall,
        GpuCommand, Individual, Launched, Offspring, Parents, QueryAvailable, QueryStatus, Resources, Stored,
    },
};
use stratoswarm_test::{FaultKind, Faults, Kit, Seeds, ms, secs};

const CITIES: usize = 5;
const TOURS: u32 = 3;

fn total() -> Resources {
    Resources { cpu_millicores: 4_000, memory_bytes: 1 << 20, gpu_memory_bytes: 1 << 20 }
}

/// A tour of which the first byte tells one from another.
fn tour(number: u32) -> Bytes {
    let mut tour = vec![0; CITIES * size_of::<u32>()];
    tour[0] = number as u8;
    tour.into()
}

/// Everything that the agent asks.
fn components(kit: &Kit, registry: &ChannelRegistry) {
    let meter = Meter::new;
    kit.spawn("governor", Governor::new(total(), meter()).serve(registry.governor().join("governors")));
    kit.spawn("scheduler", Scheduler::new(total(), meter()).serve(registry.scheduler().join("schedulers")));
    kit.spawn("knowledge", Knowledge::new(1 << 20, meter()).serve(registry.knowledge().join("stores")));
    kit.spawn("cost", CostModel::new(meter()).serve(registry.cost().join("models")));
    let buffers: Arc<Mutex<HashMap<BufferId, Bytes>>> = Arc::default();
    kit.fake_in("gpu", "executors", move |call: Delivery<GpuCommand>| {
        let buffers = Arc::clone(&buffers);
        async move {
            match call.into() {
                GpuCall::TransferToDevice(upload, reply) => {
                    let stored_bytes = upload.data.len() as u64;
                    buffers.lock().unwrap().insert(upload.buffer, upload.data);
                    reply.send(Ok(Stored { stored_bytes, free_bytes: 1 << 20 }));
                }
                GpuCall::LaunchKernel(_, reply) => {
                    tokio::time::sleep(ms(3)).await;
                    reply.send(Ok(Launched { elapsed: ms(3) }));
                }
                GpuCall::TransferFromDevice(download, reply) => {
                    let data = buffers.lock().unwrap().get(&download.buffer).cloned().unwrap_or_default();
                    let size = TOURS as usize * CITIES * size_of::<u32>();
                    reply.send(Ok(data.slice(data.len().saturating_sub(size)..)));
                }
                GpuCall::Synchronize(..) => {}
            }
        }
    });
    let generation = Arc::new(Mutex::new(0));
    kit.fake_in("evolution", "engines", move |call: Delivery<EvolutionMessage>| {
        let generation = Arc::clone(&generation);
        async move {
            match call.into() {
                EvolutionCall::Selection(_, reply) => {
                    let individual = |n| Individual { genome: tour(n), fitness: f64::from(n) };
                    reply.send(Ok(Parents { individuals: (0..2).map(individual).collect() }));
                }
                EvolutionCall::Mutation(mutation, reply) => {
                    reply.send(Ok(Offspring { genomes: (0..mutation.count).map(tour).collect() }));
                }
                EvolutionCall::EvaluateFitness(evaluate, reply) => {
                    let values = evaluate.genomes.iter().map(|genome| f64::from(genome[0])).collect();
                    reply.send(Ok(FitnessValues { values }));
                }
                EvolutionCall::Step(step, reply) => {
                    let mut generation = generation.lock().unwrap();
                    *generation += 1;
                    let survivors = step.offspring.len() as u32;
                    let (generation, improved) = (*generation, *generation % 2 == 1);
                    reply.send(Ok(GenerationReport { generation, survivors, best_fitness: 1.0, improved }));
                }
                EvolutionCall::GetBest(..) => {}
            }
        }
    });
}

async fn agent(kit: &Kit, registry: &ChannelRegistry) -> Result<u64, SwarmError> {
    let plan = CostPlan { tasks_per_step: TOURS, effort_per_task: 1 };
    let needs = Resources { cpu_millicores: 1_000, memory_bytes: 1_000, gpu_memory_bytes: 1_000 };
    let life = kit.spawn("agent", alone(registry.clone(), CITIES, plan, needs, 3));
    life.await.unwrap().expect("no fault ends it here")
}

/// Nothing disturbs its life but its timing: it gives back all that it had.
async fn lives(kit: Kit) {
    let faults = Faults::new().yields(3).delay(ms(0)..ms(50)).slow_reader(ms(1)).lose(0.1);
    let registry = ChannelRegistry::open_on(&kit.capacities(1).everywhere(faults).fabric()).unwrap();
    let mut events = registry.events().subscribe();
    let following = kit.spawn("observer", async move {
        let mut seen = 0;
        while let Some(event) = events.recv().await {
            seen += event.map_or_else(|lagged| lagged.missed, |_| 1);
        }
        seen
    });
    components(&kit, &registry);
    let tasks = agent(&kit, &registry).await.unwrap();
    assert!(tasks >= u64::from(TOURS) * 4, "four generations: {tasks}");
    kit.assert_idle().await;
    let available = registry.governor().request(QueryAvailable {}).await.unwrap();
    assert_eq!((available.free, available.allocations), (total(), 0));
    assert_eq!(registry.scheduler().request(QueryStatus {}).await.unwrap().placed_tasks, 0);
    kit.assert_balanced();
    kit.fabric().close("events");
    assert_eq!(following.await.unwrap(), Some(3), "its birth, and two improvements: seen or told as missed");
}

/// It gets no answer in time now and then, or none at all: then it says which component does not answer, and neither hangs nor panics.
async fn fails_in_its_words(kit: Kit) -> Option<SwarmError> {
    let faults = Faults::new().yields(3).late_replies(0.02).panic_handlers(0.02).delay(ms(0)..ms(50));
    let registry = ChannelRegistry::open_on(&kit.capacities(1).everywhere(faults).fabric()).unwrap();
    let _events = registry.events().subscribe();
    components(&kit, &registry);
    let life =
        tokio::time::timeout(secs(48 * 3600), agent(&kit, &registry)).await.expect("it comes to an end");
    kit.assert_balanced();
    life.err()
}

#[test]
fn the_agent_lives_and_gives_back_all_it_had() {
    let begin = Instant::now();
    Seeds::of("swarm::lives").count(1_000).run(lives);
    println!("a thousand seeds of the agent in {:.2?}", begin.elapsed());
}

#[test]
fn the_agent_says_who_does_not_answer() {
    let (failed, whole) = (Cell::new(0), Cell::new(0));
    let limit = Duration::from_secs(72 * 3600); // long computations have a day
    Seeds::of("swarm::fails").count(300).limit(limit).run(|kit: Kit| {
        let (failed, whole) = (&failed, &whole);
        async move {
            let faults = kit.clone();
            let error = fails_in_its_words(kit).await;
            let disturbed =
                faults.faults().of(FaultKind::LateReply) + faults.faults().of(FaultKind::PanicHandler) > 0;
            match error {
                None => whole.set(whole.get() + 1),
                Some(SwarmError::Unanswered { .. }) if disturbed => failed.set(failed.get() + 1),
                Some(other) => panic!("{other}"),
            }
        }
    });
    assert!(failed.get() > 30 && whole.get() > 30, "{} failed, {} did not", failed.get(), whole.get());
}
