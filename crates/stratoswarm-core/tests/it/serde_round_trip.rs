//! Every variant of every message, reply and fault of the preset survives JSON and CBOR unchanged. Numbers with a
//! fraction are finite: JSON has no others.

use std::{fmt::Debug, time::Duration};

use bytes::Bytes;
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use stratoswarm_core::messages::*;
use uuid::Uuid;

#[track_caller]
fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).expect("JSON is written");
    assert_eq!(&serde_json::from_str::<T>(&json).expect("JSON is read"), value, "{json}");
    let mut cbor = Vec::new();
    ciborium::into_writer(value, &mut cbor).expect("CBOR is written");
    assert_eq!(&ciborium::from_reader::<T, _>(&cbor[..]).expect("CBOR is read"), value);
}

// ---- parts

fn float() -> impl Strategy<Value = f64> {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

fn duration() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0u32..1_000_000_000).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..100).prop_map(Bytes::from)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z_]{1,12}"]
}

fn id<T: From<Uuid> + Debug>() -> impl Strategy<Value = T> {
    any::<u128>().prop_map(|number| T::from(Uuid::from_u128(number)))
}

fn some_or_none<T: Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(of)
}

fn resources() -> impl Strategy<Value = Resources> {
    any::<(u64, u64, u64)>().prop_map(|(cpu_millicores, memory_bytes, gpu_memory_bytes)| Resources {
        cpu_millicores,
        memory_bytes,
        gpu_memory_bytes,
    })
}

fn individual() -> impl Strategy<Value = Individual> {
    (bytes(), float()).prop_map(|(genome, fitness)| Individual { genome, fitness })
}

fn individuals() -> impl Strategy<Value = Vec<Individual>> {
    prop::collection::vec(individual(), 0..4)
}

fn genomes() -> impl Strategy<Value = Vec<Bytes>> {
    prop::collection::vec(bytes(), 0..4)
}

fn fallible<T: Debug + Clone, E: Debug + Clone>(
    value: impl Strategy<Value = T>,
    fault: impl Strategy<Value = E>,
) -> impl Strategy<Value = Result<T, E>> {
    prop_oneof![value.prop_map(Ok), fault.prop_map(Err)]
}

// ---- gpu

fn gpu_command() -> impl Strategy<Value = GpuCommand> {
    let argument = prop_oneof![
        any::<u64>().prop_map(KernelArgument::Unsigned),
        any::<i64>().prop_map(KernelArgument::Signed),
        float().prop_map(KernelArgument::Float),
    ];
    prop_oneof![
        (text(), any::<u32>(), prop::collection::vec(id(), 0..4), prop::collection::vec(argument, 0..4))
            .prop_map(
                |(name, stream, buffers, arguments)| LaunchKernel { name, stream, buffers, arguments }.into()
            ),
        (id(), bytes()).prop_map(|(buffer, data)| TransferToDevice { buffer, data }.into()),
        id().prop_map(|buffer| TransferFromDevice { buffer }.into()),
        any::<u32>().prop_map(|stream| Synchronize { stream }.into()),
    ]
}

fn gpu_fault() -> impl Strategy<Value = GpuFault> {
    prop_oneof![
        text().prop_map(|name| GpuFault::UnknownKernel { name }),
        id().prop_map(|buffer| GpuFault::UnknownBuffer { buffer }),
        any::<(u64, u64)>()
            .prop_map(|(needed_bytes, free_bytes)| GpuFault::OutOfMemory { needed_bytes, free_bytes }),
        (text(), text()).prop_map(|(name, reason)| GpuFault::InvalidLaunch { name, reason }),
        (text(), text()).prop_map(|(name, reason)| GpuFault::KernelFailed { name, reason }),
    ]
}

// ---- evolution

fn strategy() -> impl Strategy<Value = SelectionStrategy> {
    prop_oneof![
        any::<u32>().prop_map(|size| SelectionStrategy::Tournament { size }),
        Just(SelectionStrategy::Roulette),
        Just(SelectionStrategy::Rank),
        Just(SelectionStrategy::Elitist),
    ]
}

fn evolution_message() -> impl Strategy<Value = EvolutionMessage> {
    prop_oneof![
        (id(), individuals()).prop_map(|(population, offspring)| Step { population, offspring }.into()),
        genomes().prop_map(|genomes| EvaluateFitness { genomes }.into()),
        (id(), strategy(), any::<u32>(), any::<u64>()).prop_map(|(population, strategy, count, seed)| {
            Selection { population, strategy, count, seed }.into()
        }),
        (individuals(), any::<u32>(), float(), any::<u64>())
            .prop_map(|(parents, count, rate, seed)| Mutation { parents, count, rate, seed }.into()),
        some_or_none(id()).prop_map(|population| GetBest { population }.into()),
    ]
}

fn evolution_fault() -> impl Strategy<Value = EvolutionFault> {
    prop_oneof![
        id().prop_map(|population| EvolutionFault::UnknownPopulation { population }),
        Just(EvolutionFault::Empty),
        text().prop_map(|reason| EvolutionFault::InvalidGenome { reason }),
        text().prop_map(|reason| EvolutionFault::Unmeasured { reason }),
    ]
}

fn report() -> impl Strategy<Value = GenerationReport> {
    (any::<u64>(), any::<u32>(), float(), any::<bool>()).prop_map(
        |(generation, survivors, best_fitness, improved)| GenerationReport {
            generation,
            survivors,
            best_fitness,
            improved,
        },
    )
}

// ---- cost, efficiency

fn cost_message() -> impl Strategy<Value = CostMessage> {
    let goal = prop_oneof![
        Just(OptimizationGoal::Quality),
        Just(OptimizationGoal::Latency),
        Just(OptimizationGoal::Price)
    ];
    prop_oneof![
        any::<u32>().prop_map(|tasks| QueryCost { tasks }.into()),
        (any::<u32>(), duration()).prop_map(|(tasks, busy)| CostUpdate { tasks, busy }.into()),
        (goal, any::<u64>()).prop_map(|(goal, problem_size)| OptimizeFor { goal, problem_size }.into()),
    ]
}

fn efficiency_message() -> impl Strategy<Value = EfficiencyMessage> {
    prop_oneof![
        Just(QueryMetrics {}.into()),
        (any::<u32>(), duration(), duration(), any::<u64>()).prop_map(
            |(device, busy, available, memory_used_bytes)| {
                EfficiencyUpdate { device, busy, available, memory_used_bytes }.into()
            }
        ),
        Just(RecommendOptimization {}.into()),
    ]
}

fn metrics() -> impl Strategy<Value = EfficiencyMetrics> {
    (
        some_or_none(any::<u32>()),
        some_or_none(float()),
        some_or_none(duration()),
        some_or_none(float()),
        some_or_none(any::<u64>()),
        some_or_none(any::<u64>()),
        some_or_none(any::<u64>()),
    )
        .prop_map(|figures| EfficiencyMetrics {
            cpu_cores: figures.0,
            cpu_load: figures.1,
            process_cpu: figures.2,
            gpu_load: figures.3,
            gpu_memory_used_bytes: figures.4,
            memory_used_bytes: figures.5,
            memory_total_bytes: figures.6,
        })
}

// ---- scheduler, governor

fn scheduler_message() -> impl Strategy<Value = SchedulerMessage> {
    prop_oneof![
        (id(), resources()).prop_map(|(task, requirements)| ScheduleTask { task, requirements }.into()),
        id().prop_map(|task| CancelTask { task }.into()),
        Just(QueryStatus {}.into()),
    ]
}

fn scheduler_fault() -> impl Strategy<Value = SchedulerFault> {
    prop_oneof![
        id().prop_map(|task| SchedulerFault::AlreadyPlaced { task }),
        (resources(), resources())
            .prop_map(|(requirements, free)| SchedulerFault::NoRoom { requirements, free }),
    ]
}

fn governor_message() -> impl Strategy<Value = GovernorMessage> {
    prop_oneof![
        (id(), resources()).prop_map(|(agent, resources)| RequestAllocation { agent, resources }.into()),
        id().prop_map(|allocation| ReleaseAllocation { allocation }.into()),
        Just(QueryAvailable {}.into()),
    ]
}

fn governor_fault() -> impl Strategy<Value = GovernorFault> {
    prop_oneof![
        (resources(), resources())
            .prop_map(|(requested, free)| GovernorFault::Insufficient { requested, free }),
        id().prop_map(|allocation| GovernorFault::UnknownAllocation { allocation }),
    ]
}

// ---- knowledge

fn knowledge_message() -> impl Strategy<Value = KnowledgeMessage> {
    prop_oneof![
        (text(), bytes()).prop_map(|(key, value)| Store { key, value }.into()),
        text().prop_map(|key| Retrieve { key }.into()),
        (text(), any::<u32>()).prop_map(|(prefix, limit)| Query { prefix, limit }.into()),
    ]
}

fn entry() -> impl Strategy<Value = KnowledgeEntry> {
    (bytes(), any::<u64>()).prop_map(|(value, version)| KnowledgeEntry { value, version })
}

fn matches() -> impl Strategy<Value = Matches> {
    let found = (text(), entry()).prop_map(|(key, entry)| KnowledgeMatch { key, entry });
    (prop::collection::vec(found, 0..4), any::<bool>())
        .prop_map(|(matches, truncated)| Matches { matches, truncated })
}

fn knowledge_fault() -> impl Strategy<Value = KnowledgeFault> {
    prop_oneof![
        any::<(u64, u64)>()
            .prop_map(|(needed_bytes, limit_bytes)| KnowledgeFault::Full { needed_bytes, limit_bytes }),
        text().prop_map(|reason| KnowledgeFault::Storage { reason }),
    ]
}

// ---- events

fn event() -> impl Strategy<Value = SystemEvent> {
    prop_oneof![
        id().prop_map(|agent| AgentSpawned { agent }.into()),
        (id(), any::<u64>(), float(), some_or_none(float())).prop_map(
            |(agent, generation, fitness, previous)| {
                FitnessImproved { agent, generation, fitness, previous }.into()
            }
        ),
        (any::<u32>(), float())
            .prop_map(|(device, utilization)| GpuUtilization { device, utilization }.into()),
        any::<(u64, u64)>()
            .prop_map(|(used_bytes, total_bytes)| MemoryPressure { used_bytes, total_bytes }.into()),
        (text(), text()).prop_map(|(component, message)| Error { component, message }.into()),
    ]
}

proptest! {
    #[test]
    fn messages_survive(
        gpu in gpu_command(), evolution in evolution_message(), cost in cost_message(),
        efficiency in efficiency_message(), scheduler in scheduler_message(), governor in governor_message(),
        knowledge in knowledge_message(), event in event(),
    ) {
        survives(&gpu);
        survives(&evolution);
        survives(&cost);
        survives(&efficiency);
        survives(&scheduler);
        survives(&governor);
        survives(&knowledge);
        survives(&event);
    }

    #[test]
    fn faults_survive_and_have_a_text(
        gpu in gpu_fault(), evolution in evolution_fault(), scheduler in scheduler_fault(),
        governor in governor_fault(), knowledge in knowledge_fault(),
    ) {
        survives(&gpu);
        survives(&evolution);
        survives(&scheduler);
        survives(&governor);
        survives(&knowledge);
        let texts = [
            gpu.to_string(), evolution.to_string(), scheduler.to_string(), governor.to_string(), knowledge.to_string(),
        ];
        prop_assert!(texts.iter().all(|text| !text.is_empty()));
    }

    #[test]
    fn replies_of_the_device_survive(
        launched in fallible(duration().prop_map(|elapsed| Launched { elapsed }), gpu_fault()),
        stored in fallible(
            any::<(u64, u64)>().prop_map(|(stored_bytes, free_bytes)| Stored { stored_bytes, free_bytes }),
            gpu_fault(),
        ),
        data in fallible(bytes(), gpu_fault()),
        done in fallible(Just(Done {}), gpu_fault()),
    ) {
        survives(&launched);
        survives(&stored);
        survives(&data);
        survives(&done);
    }

    #[test]
    fn replies_of_the_evolution_survive(
        report in fallible(report(), evolution_fault()),
        values in fallible(
            prop::collection::vec(float(), 0..9).prop_map(|values| FitnessValues { values }),
            evolution_fault(),
        ),
        parents in fallible(individuals().prop_map(|individuals| Parents { individuals }), evolution_fault()),
        offspring in fallible(genomes().prop_map(|genomes| Offspring { genomes }), evolution_fault()),
        best in fallible(individual(), evolution_fault()),
    ) {
        survives(&report);
        survives(&values);
        survives(&parents);
        survives(&offspring);
        survives(&best);
    }

    #[test]
    fn replies_about_price_and_efficiency_survive(
        (price, samples) in (float(), any::<u64>()),
        (tasks_per_step, effort_per_task) in any::<(u32, u32)>(),
        metrics in metrics(),
        (parallel_tasks, memory_budget_bytes, reason) in (any::<u32>(), any::<u64>(), text()),
    ) {
        survives(&CostQuote { price, samples });
        survives(&CostPlan { tasks_per_step, effort_per_task });
        survives(&metrics);
        survives(&Advice { parallel_tasks, memory_budget_bytes, reason });
    }

    #[test]
    fn replies_about_places_and_allocations_survive(
        placement in fallible(
            (id(), any::<u32>(), any::<u32>())
                .prop_map(|(task, device, stream)| Placement { task, device, stream }),
            scheduler_fault(),
        ),
        grant in fallible(
            (id(), resources()).prop_map(|(allocation, resources)| Grant { allocation, resources }),
            governor_fault(),
        ),
        done in fallible(Just(Done {}), governor_fault()),
        (number, free, total) in (any::<u64>(), resources(), resources()),
    ) {
        survives(&placement);
        survives(&grant);
        survives(&done);
        survives(&SchedulerStatus { placed_tasks: number, reserved: free, capacity: total });
        survives(&AvailableResources { free, total, allocations: number });
        survives(&CancelOutcome::Cancelled);
        survives(&CancelOutcome::Unknown);
    }

    #[test]
    fn replies_of_the_knowledge_survive(
        version in fallible(any::<u64>().prop_map(|version| StoredVersion { version }), knowledge_fault()),
        found in fallible(some_or_none(entry()), knowledge_fault()),
        matches in fallible(matches(), knowledge_fault()),
    ) {
        survives(&version);
        survives(&found);
        survives(&matches);
    }
}

#[tokio::test]
async fn all_that_a_fabric_knows_is_written() {
    use stratoswarm_core::{Fabric, Priority};
    let fabric = Fabric::new();
    let jobs = fabric.channel::<u32>("jobs").capacity(1).lane(Priority::High, 1).open().unwrap();
    let (worker, tap) = (jobs.join("workers"), jobs.tap());
    let sender = jobs.clone();
    let sending = fabric.spawn("sender", async move {
        for n in 0..2 {
            sender.send(n).await.unwrap();
        }
    });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let json = serde_json::to_value(fabric.snapshot()).unwrap();
    let channel = &json["channels"][0];
    assert_eq!(
        (&channel["name"], &channel["sent"], &channel["kind"]),
        (&"jobs".into(), &1.into(), &"Channel".into())
    );
    assert_eq!(channel["readers"][0]["left"], 1);
    assert!(channel["blocked_at"][0].as_str().unwrap().contains("serde_round_trip.rs:"));
    assert_eq!(channel["waits"][0]["kind"], "Send");
    assert!(channel["waits"][0]["task"].as_str().unwrap().parse::<u64>().is_ok());
    assert_eq!((&json["tasks"][0]["name"], &json["tasks"][0]["state"]), (&"sender".into(), &"Parked".into()));
    assert!(json["handles"].as_array().unwrap().iter().any(|handle| handle["kind"] == "Receiver"));
    assert!(serde_json::to_value(fabric.explain()).unwrap().is_array());
    drop((worker, tap));
    sending.abort();
    let report = serde_json::to_value(fabric.shutdown(Duration::from_secs(1)).await).unwrap();
    assert_eq!(report["channels"][0]["name"], "jobs");
}
