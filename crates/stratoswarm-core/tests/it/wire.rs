//! What can leave the process: the names of the preset's messages, and what each of them says that it is answered with.

use std::{collections::BTreeSet, fmt::Debug, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stratoswarm_core::{
    Ask, ChannelRegistry, Fabric, Message, NoReply, OpenError, ReplyVisitor, Wire, messages::*, protocol,
    wire,
};

fn cbor(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// Reads a reply as the type that the message says, and writes it again.
struct Again<'a>(&'a [u8]);

impl ReplyVisitor for Again<'_> {
    type Out = Option<(&'static str, Vec<u8>)>;

    fn none(self) -> Self::Out {
        None
    }

    fn of<R: Serialize + DeserializeOwned + Send + 'static>(self) -> Self::Out {
        let reply: R = ciborium::from_reader(self.0).unwrap();
        Some((std::any::type_name::<R>(), cbor(&reply)))
    }
}

#[track_caller]
fn survives<M: Wire + PartialEq + Debug>(message: &M) {
    assert_eq!(&ciborium::from_reader::<M, _>(&*cbor(message)).unwrap(), message);
}

/// The message comes back from CBOR, and so does its reply through the visitor.
#[track_caller]
fn answered<M, A>(ask: A, reply: &A::Reply)
where
    M: Wire + PartialEq + Debug,
    A: Ask<M, Reply: Serialize>,
{
    let message = ask.into_message();
    survives(&message);
    let bytes = cbor(reply);
    assert_eq!(message.reply(Again(&bytes)), Some((std::any::type_name::<A::Reply>(), bytes.clone())));
}

#[track_caller]
fn told<M: Wire + PartialEq + Debug>(message: impl Into<M>) {
    let message = message.into();
    survives(&message);
    assert_eq!(message.reply(Again(&[])), None, "{message:?}");
}

#[test]
fn names_are_unique_and_stay() {
    let names = [
        GpuCommand::NAME,
        EvolutionMessage::NAME,
        CostMessage::NAME,
        EfficiencyMessage::NAME,
        SchedulerMessage::NAME,
        GovernorMessage::NAME,
        KnowledgeMessage::NAME,
        SystemEvent::NAME,
    ];
    let registry = ChannelRegistry::new();
    let expected: BTreeSet<_> =
        registry.fabric().channels().iter().map(|channel| format!("stratoswarm.{}", channel.name)).collect();
    assert_eq!(names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>(), expected);
}

#[test]
fn all_that_the_preset_sends_and_answers_survives() {
    let (id, bytes) = (7u128, Bytes::from_static(b"\x00\xff tour"));
    let individual = || Individual { genome: bytes.clone(), fitness: -0.1 };
    let resources = Resources { cpu_millicores: 1, memory_bytes: u64::MAX, gpu_memory_bytes: 3 };

    let buffer = BufferId::from_u128(id);
    let (name, arguments) = ("twice".to_owned(), vec![KernelArgument::Float(f64::MIN_POSITIVE)]);
    let launch = LaunchKernel { name, stream: 1, buffers: vec![buffer], arguments };
    answered(launch, &Ok(Launched { elapsed: Duration::new(1, 999_999_999) }));
    let upload = TransferToDevice { buffer, data: bytes.clone() };
    answered(upload, &Ok(Stored { stored_bytes: 6, free_bytes: 0 }));
    answered(TransferFromDevice { buffer }, &Ok(bytes.clone()));
    answered(TransferFromDevice { buffer }, &Err(GpuFault::UnknownBuffer { buffer }));
    answered(Synchronize { stream: 0 }, &Ok(Done {}));

    let population = PopulationId::from_u128(id);
    let report = GenerationReport { generation: 1, survivors: 2, best_fitness: 0.5, improved: true };
    answered(Step { population, offspring: vec![individual()] }, &Ok(report));
    let values = FitnessValues { values: vec![1.0, -2.5] };
    answered(EvaluateFitness { genomes: vec![bytes.clone()] }, &Ok(values));
    let strategy = SelectionStrategy::Tournament { size: 3 };
    let selection = Selection { population, strategy, count: 2, seed: 1 };
    answered(selection, &Ok(Parents { individuals: vec![individual()] }));
    let mutation = Mutation { parents: vec![individual()], count: 1, rate: 0.25, seed: 2 };
    answered(mutation, &Ok(Offspring { genomes: vec![bytes.clone()] }));
    answered(GetBest { population: None }, &Ok(individual()));
    answered(GetBest { population: Some(population) }, &Err(EvolutionFault::Empty));

    answered(QueryCost { tasks: 3 }, &CostQuote { price: 1.5, samples: 0 });
    told::<CostMessage>(CostUpdate { tasks: 8, busy: Duration::from_micros(1) });
    let wish = OptimizeFor { goal: OptimizationGoal::Latency, problem_size: 52 };
    answered(wish, &CostPlan { tasks_per_step: 1, effort_per_task: 2 });

    answered(QueryMetrics {}, &EfficiencyMetrics { cpu_load: Some(0.1), ..EfficiencyMetrics::default() });
    let (busy, available) = (Duration::from_secs(1), Duration::from_secs(2));
    told::<EfficiencyMessage>(EfficiencyUpdate { device: 0, busy, available, memory_used_bytes: 9 });
    let advice = Advice { parallel_tasks: 2, memory_budget_bytes: 1 << 40, reason: "room".to_owned() };
    answered(RecommendOptimization {}, &advice);

    let task = TaskId::from_u128(id);
    answered(ScheduleTask { task, requirements: resources }, &Ok(Placement { task, device: 0, stream: 1 }));
    answered(CancelTask { task }, &CancelOutcome::Unknown);
    let status = SchedulerStatus { placed_tasks: 1, reserved: resources, capacity: resources };
    answered(QueryStatus {}, &status);

    let (agent, allocation) = (AgentId::from_u128(id), AllocationId::from_u128(id));
    answered(RequestAllocation { agent, resources }, &Ok(Grant { allocation, resources }));
    answered(ReleaseAllocation { allocation }, &Err(GovernorFault::UnknownAllocation { allocation }));
    let available = AvailableResources { free: resources, total: resources, allocations: 1 };
    answered(QueryAvailable {}, &available);

    let (key, entry) = ("tour/best".to_owned(), KnowledgeEntry { value: bytes.clone(), version: 2 });
    answered(Store { key: key.clone(), value: bytes.clone() }, &Ok(StoredVersion { version: 2 }));
    answered(Retrieve { key: key.clone() }, &Ok(Some(entry.clone())));
    let matches = vec![KnowledgeMatch { key: key.clone(), entry }];
    answered(Query { prefix: key, limit: 3 }, &Ok(Matches { matches, truncated: false }));

    told::<SystemEvent>(AgentSpawned { agent });
    told::<SystemEvent>(FitnessImproved { agent, generation: 1, fitness: 0.1, previous: None });
    told::<SystemEvent>(GpuUtilization { device: 0, utilization: 1.0 });
    told::<SystemEvent>(MemoryPressure { used_bytes: 1, total_bytes: 2 });
    told::<SystemEvent>(Error { component: "gpu".to_owned(), message: "gone".to_owned() });
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ping(u32);
impl Message for Ping {
    type Reply = NoReply;
}
wire!(Ping as "test.ping");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Square(u64);
impl Message for Square {
    type Reply = u64;
}
wire!(Square as "test.square" -> u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Buy {
    pieces: u32,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tick;
protocol! {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Market as "test.market" => MarketCall { Buy -> bool as Critical, Tick as Low }
}

#[test]
fn messages_of_ones_own_have_the_names_and_replies_that_were_said() {
    assert_eq!((Ping::NAME, Square::NAME, Market::NAME), ("test.ping", "test.square", "test.market"));
    told::<Ping>(Ping(1));
    answered::<Square, _>(Square(3), &9);
    answered(Buy { pieces: 3 }, &true);
    told::<Market>(Tick);
    assert_eq!((String::NAME, Bytes::NAME, u64::NAME), ("string", "bytes", "u64"));
    told::<String>("text".to_owned());
}

#[tokio::test]
async fn a_registry_opens_on_a_fabric_that_is_there_or_says_which_name_is_taken() {
    let fabric = Fabric::new();
    let own = fabric.channel::<Ping>("pings").open().unwrap();
    let registry = ChannelRegistry::open_on(&fabric).unwrap();
    assert_eq!(fabric.channels().len(), 9);
    let again = ChannelRegistry::open_on(&fabric).unwrap();
    assert!(again.gpu().same_channel(registry.gpu()), "the same eight");
    let report = registry.shutdown(Duration::from_secs(1)).await;
    assert_eq!((report.channels.len(), own.is_closed()), (9, true));
    assert_eq!(ChannelRegistry::open_on(&fabric).err(), Some(OpenError::Closed));

    let taken = Fabric::new();
    let other = taken.channel::<Ping>("knowledge").open().unwrap();
    let refused = ChannelRegistry::open_on(&taken).err().unwrap();
    assert!(matches!(refused, OpenError::Conflict { name, .. } if name == "knowledge"));
    drop(other);
}
