use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use stratoswarm_core::{Broadcast, ChannelRegistry, Fabric, Message, NoReply, Priority, messages::*, wire};
use stratoswarm_record::{Diff, DiffError, Divergence, Order, Pace, Recorded, Recording, Replay};

use crate::fixtures::{Place, place};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    name: String,
    value: f64,
    at: u64,
    parts: Vec<u32>,
    more: BTreeMap<String, u32>,
}

impl Message for Reading {
    type Reply = NoReply;
}
wire!(Reading as "test.reading");

fn reading(name: &str, value: f64, at: u64) -> Reading {
    Reading { name: name.to_owned(), value, at, parts: vec![1, 2], more: BTreeMap::new() }
}

/// A recording of a channel of readings and one of texts.
fn recorded(place: &Place, file: &str, readings: &[Reading], texts: &[&str]) -> Recorded {
    let path = place.folder.path().join(file);
    let fabric = Fabric::new();
    let (all, news): (Broadcast<Reading>, Broadcast<String>) =
        (fabric.broadcast("readings").open().unwrap(), fabric.broadcast("texts").open().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let recording =
            Recording::create(&path).channel(&all).volatile(["/at"]).channel(&news).start().unwrap();
        for reading in readings {
            assert_eq!(all.send(reading.clone()).unwrap(), 0);
        }
        for text in texts {
            assert_eq!(news.send((*text).to_owned()).unwrap(), 0);
        }
        recording.finish().await.unwrap();
    });
    Recorded::open([&path]).unwrap()
}

fn first(a: &Recorded, b: &Recorded) -> Option<Divergence> {
    Diff::between(a, b).first().unwrap()
}

#[test]
fn the_first_difference_is_told_with_its_place() {
    let place = place();
    let all = [reading("a", 0.5, 1), reading("b", f64::NAN, 2), reading("c", -0.0, 3), reading("d", 1.0, 4)];
    let a = recorded(&place, "a", &all, &["x"]);
    let mut later = all.clone();
    for reading in &mut later {
        reading.at += 100;
    }
    assert_eq!(
        first(&a, &recorded(&place, "later", &later, &["x"])),
        None,
        "what is volatile is passed over"
    );

    let mut other = all.clone();
    other[3].parts[1] = 7;
    let found = first(&a, &recorded(&place, "other", &other, &["x"])).unwrap();
    assert_eq!((&*found.channel, found.a_number, found.b_number), ("readings", Some(3), Some(3)));
    assert_eq!((&*found.path, found.a.as_deref(), found.b.as_deref()), ("/parts/1", Some("2"), Some("7")));
    assert_eq!((found.before.len(), found.gap_before), (3, false));
    assert!(found.before[2].contains(r#""name":"c""#), "{:?}", found.before);
    other[2].value = 0.0;
    let found = first(&a, &recorded(&place, "zero", &other, &["x"])).unwrap();
    assert_eq!((&*found.path, found.a.as_deref(), found.b.as_deref()), ("/value", Some("-0.0"), Some("0.0")));
    other[0].parts.push(9);
    let found = first(&a, &recorded(&place, "more", &other, &["x"])).unwrap();
    assert_eq!((&*found.path, found.a, found.b.as_deref()), ("/parts/2", None, Some("9")));

    let found = first(&a, &recorded(&place, "less", &all[..3], &["x"])).unwrap();
    assert_eq!((found.a_number, found.b_number, found.b), (Some(3), None, None));
    let found = first(&a, &recorded(&place, "texts", &all, &["x", "y"])).unwrap();
    assert_eq!((&*found.channel, found.a_number, found.b_number), ("texts", None, Some(1)));
    assert_eq!(found.to_string(), "texts, message 1\n     \"x\"\n  a: nothing\n  b: \"y\"\n");
}

#[test]
fn what_one_of_them_lacks_is_a_difference_unless_it_is_passed_over() {
    let place = place();
    let a = recorded(&place, "a", &[reading("a", 1.0, 1)], &[]);
    let mut other = reading("a", 1.0, 1);
    other.more.insert("x/y".to_owned(), 3);
    let b = recorded(&place, "b", &[other], &[]);
    let found = first(&a, &b).unwrap();
    assert_eq!((&*found.path, found.a, found.b.as_deref()), ("/more/x~1y", None, Some("3")));
    let found = first(&b, &a).unwrap();
    assert_eq!((&*found.path, found.a.as_deref(), found.b), ("/more/x~1y", Some("3"), None));
    for order in [Order::Total, Order::Set] {
        let diff = || Diff::between(&a, &b).order(order);
        assert!(diff().first().unwrap().is_some());
        for path in ["/more/x~1y", "/more/*", "readings:/more", ""] {
            assert_eq!(diff().ignore([path]).first().unwrap(), None, "{order:?} {path}");
        }
        assert!(diff().ignore(["/more/x", "/*/y", "texts:/more"]).first().unwrap().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_before_a_difference_is_told_and_whether_something_is_missing_there() {
    let place = place();
    let mut recorded = Vec::new();
    for (depth, last) in [(100, 7u32), (100, 8), (3, 8)] {
        let path = place.folder.path().join(format!("{depth}-{last}"));
        let numbers = Fabric::new().broadcast::<u32>("numbers").open().unwrap();
        let recording = Recording::create(&path).channel(&numbers).depth(depth).start_on_runtime().unwrap();
        for number in (0..6).chain([last]) {
            numbers.send(number).unwrap();
        }
        recording.finish().await.unwrap();
        recorded.push(Recorded::open([&path]).unwrap());
    }
    let found = first(&recorded[0], &recorded[1]).unwrap();
    assert_eq!(
        (found.before, found.gap_before, found.a.as_deref()),
        (["3", "4", "5"].map(str::to_owned).to_vec(), false, Some("7"))
    );
    let found = first(&recorded[1], &recorded[2]).unwrap();
    assert_eq!((found.a_number, found.b_number, found.gap_before), (Some(0), Some(4), true));
    assert!(found.to_string().contains("the files cannot tell"), "{found}");
}

#[tokio::test(start_paused = true)]
async fn of_several_channels_the_one_that_differs_first_is_told() {
    let place = place();
    let mut recorded = Vec::new();
    for run in [1, 2] {
        let path = place.folder.path().join(run.to_string());
        let fabric = Fabric::new();
        let [a, z] = ["a", "z"].map(|name| fabric.broadcast::<u32>(name).open().unwrap());
        let recording = Recording::create(&path).channel(&a).channel(&z).start_on_runtime().unwrap();
        for (channel, number) in [(&a, 0), (&z, run), (&a, run)] {
            tokio::time::sleep(Duration::from_secs(1)).await;
            channel.send(number).unwrap();
        }
        recording.finish().await.unwrap();
        recorded.push(Recorded::open([&path]).unwrap());
    }
    let found = first(&recorded[0], &recorded[1]).unwrap();
    assert_eq!((&*found.channel, found.a_number), ("z", Some(0)));
    let as_sets = Diff::between(&recorded[0], &recorded[1]).order(Order::Set).first().unwrap();
    assert_eq!(as_sets.unwrap().channel, "z");
}

#[test]
fn names_may_be_others_if_each_is_the_same_everywhere() {
    let place = place();
    let named = |names: &[&str]| names.iter().map(|name| reading(name, 1.0, 1)).collect::<Vec<_>>();
    let a = recorded(&place, "a", &named(&["p", "q", "p"]), &[]);
    let renamed = |file: &str, names: &[&str]| {
        let b = recorded(&place, file, &named(names), &[]);
        Diff::between(&a, &b).rename(["readings:/name"]).first().unwrap().map(|found| found.a_number)
    };
    assert_eq!(renamed("1", &["x", "y", "x"]), None);
    assert_eq!(renamed("2", &["q", "p", "q"]), None);
    assert_eq!(renamed("3", &["x", "y", "y"]), Some(Some(2)));
    assert_eq!(renamed("4", &["x", "x", "x"]), Some(Some(1)), "two names are not one");
    let b = recorded(&place, "5", &named(&["x", "y", "x"]), &[]);
    assert!(Diff::between(&a, &b).rename(["others:/name"]).first().unwrap().is_some());
    assert!(Diff::between(&a, &b).ignore(["/*"]).first().unwrap().is_none());
    let wrong = Diff::between(&a, &b).ignore(["name"]).first();
    assert!(matches!(wrong, Err(DiffError::Path { path }) if path == "name"));
}

#[test]
fn as_sets_the_order_does_not_matter_and_the_count_does() {
    let place = place();
    let (p, q) = (reading("p", 1.0, 1), reading("q", 2.0, 2));
    let a = recorded(&place, "a", &[p.clone(), q.clone(), p.clone()], &[]);
    let as_sets = |file: &str, readings: &[Reading]| {
        Diff::between(&a, &recorded(&place, file, readings, &[])).order(Order::Set).first().unwrap()
    };
    assert_eq!(as_sets("1", &[q.clone(), p.clone(), p.clone()]), None);
    let found = as_sets("2", &[q.clone(), q.clone(), p.clone()]).unwrap();
    assert_eq!((found.a_number, found.b_number), (Some(2), None), "p is there once only");
    let found = as_sets("3", &[q.clone(), p.clone(), p.clone(), reading("r", 0.0, 0)]).unwrap();
    assert_eq!((found.a_number, found.b_number), (None, Some(3)));
    let mut other = q.clone();
    other.at = 77;
    assert_eq!(as_sets("4", &[p.clone(), p, other]), None, "what is volatile is passed over");
}

// ---- R8: replayed, it is the same

fn id<T: From<uuid::Uuid> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    any::<u128>().prop_map(|number| T::from(uuid::Uuid::from_u128(number)))
}

fn bytes() -> impl Strategy<Value = bytes::Bytes> {
    proptest::collection::vec(any::<u8>(), 0..50).prop_map(bytes::Bytes::from)
}

fn individuals() -> impl Strategy<Value = Vec<Individual>> {
    let individual = (bytes(), any::<f64>()).prop_map(|(genome, fitness)| Individual { genome, fitness });
    proptest::collection::vec(individual, 0..3)
}

fn resources() -> impl Strategy<Value = Resources> {
    any::<(u64, u64, u64)>().prop_map(|(cpu_millicores, memory_bytes, gpu_memory_bytes)| Resources {
        cpu_millicores,
        memory_bytes,
        gpu_memory_bytes,
    })
}

/// Of each channel of the preset some messages.
#[derive(Debug, Clone)]
struct All {
    gpu: Vec<GpuCommand>,
    evolution: Vec<EvolutionMessage>,
    cost: Vec<CostMessage>,
    efficiency: Vec<EfficiencyMessage>,
    scheduler: Vec<SchedulerMessage>,
    governor: Vec<GovernorMessage>,
    knowledge: Vec<KnowledgeMessage>,
    events: Vec<SystemEvent>,
}

fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(of, 0..4)
}

fn all() -> impl Strategy<Value = All> {
    let argument = prop_oneof![
        any::<u64>().prop_map(KernelArgument::Unsigned),
        any::<i64>().prop_map(KernelArgument::Signed),
        any::<f64>().prop_map(KernelArgument::Float),
    ];
    let launch = (any::<String>(), any::<u32>(), some(id()), some(argument)).prop_map(
        |(name, stream, buffers, arguments)| LaunchKernel { name, stream, buffers, arguments }.into(),
    );
    let gpu = prop_oneof![
        launch,
        (id(), bytes()).prop_map(|(buffer, data)| TransferToDevice { buffer, data }.into()),
        id().prop_map(|buffer| TransferFromDevice { buffer }.into()),
        any::<u32>().prop_map(|stream| Synchronize { stream }.into()),
    ];
    let strategy = prop_oneof![
        any::<u32>().prop_map(|size| SelectionStrategy::Tournament { size }),
        Just(SelectionStrategy::Roulette),
        Just(SelectionStrategy::Elitist),
    ];
    let evolution = prop_oneof![
        (id(), individuals()).prop_map(|(population, offspring)| Step { population, offspring }.into()),
        some(bytes()).prop_map(|genomes| EvaluateFitness { genomes }.into()),
        (id(), strategy, any::<u32>(), any::<u64>()).prop_map(|(population, strategy, count, seed)| {
            Selection { population, strategy, count, seed }.into()
        }),
        (individuals(), any::<u32>(), any::<f64>(), any::<u64>())
            .prop_map(|(parents, count, rate, seed)| Mutation { parents, count, rate, seed }.into()),
        proptest::option::of(id()).prop_map(|population| GetBest { population }.into()),
    ];
    let duration =
        || (any::<u64>(), 0u32..1_000_000_000).prop_map(|(secs, nanos)| Duration::new(secs, nanos));
    let cost = prop_oneof![
        any::<u32>().prop_map(|tasks| QueryCost { tasks }.into()),
        (any::<u32>(), duration()).prop_map(|(tasks, busy)| CostUpdate { tasks, busy }.into()),
        any::<u64>()
            .prop_map(|problem_size| OptimizeFor { goal: OptimizationGoal::Price, problem_size }.into()),
    ];
    let efficiency = prop_oneof![
        Just(QueryMetrics {}.into()),
        (any::<u32>(), duration(), duration(), any::<u64>()).prop_map(
            |(device, busy, available, memory_used_bytes)| {
                EfficiencyUpdate { device, busy, available, memory_used_bytes }.into()
            }
        ),
        Just(RecommendOptimization {}.into()),
    ];
    let scheduler = prop_oneof![
        (id(), resources()).prop_map(|(task, requirements)| ScheduleTask { task, requirements }.into()),
        id().prop_map(|task| CancelTask { task }.into()),
        Just(QueryStatus {}.into()),
    ];
    let governor = prop_oneof![
        (id(), resources()).prop_map(|(agent, resources)| RequestAllocation { agent, resources }.into()),
        id().prop_map(|allocation| ReleaseAllocation { allocation }.into()),
        Just(QueryAvailable {}.into()),
    ];
    let knowledge = prop_oneof![
        (any::<String>(), bytes()).prop_map(|(key, value)| Store { key, value }.into()),
        any::<String>().prop_map(|key| Retrieve { key }.into()),
        (any::<String>(), any::<u32>()).prop_map(|(prefix, limit)| Query { prefix, limit }.into()),
    ];
    let events = prop_oneof![
        id().prop_map(|agent| AgentSpawned { agent }.into()),
        (id(), any::<u64>(), any::<f64>(), proptest::option::of(any::<f64>())).prop_map(
            |(agent, generation, fitness, previous)| {
                FitnessImproved { agent, generation, fitness, previous }.into()
            }
        ),
        (any::<u32>(), any::<f64>())
            .prop_map(|(device, utilization)| GpuUtilization { device, utilization }.into()),
        any::<(u64, u64)>()
            .prop_map(|(used_bytes, total_bytes)| MemoryPressure { used_bytes, total_bytes }.into()),
        any::<(String, String)>().prop_map(|(component, message)| Error { component, message }.into()),
    ];
    (
        some(gpu),
        some(evolution),
        some(cost),
        some(efficiency),
        some(scheduler),
        some(governor),
        some(knowledge),
        some(events),
    )
        .prop_map(|(gpu, evolution, cost, efficiency, scheduler, governor, knowledge, events)| All {
            gpu,
            evolution,
            cost,
            efficiency,
            scheduler,
            governor,
            knowledge,
            events,
        })
}

fn record(place: &Place, file: &str, registry: &ChannelRegistry) -> (Recording, std::path::PathBuf) {
    let path = place.folder.path().join(file);
    let recording = Recording::create(&path)
        .channel(registry.gpu())
        .channel(registry.evolution())
        .channel(registry.cost())
        .channel(registry.efficiency())
        .channel(registry.scheduler())
        .channel(registry.governor())
        .channel(registry.knowledge())
        .channel(registry.events())
        .start_on_runtime()
        .unwrap();
    (recording, path)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_recording_that_is_replayed_has_no_divergence(all in all()) {
        let place = place();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let registry = ChannelRegistry::new();
            let (recording, path) = record(&place, "a.mcap", &registry);
            for message in all.gpu { registry.gpu().try_send(message).unwrap(); }
            for message in all.evolution { registry.evolution().try_send(message).unwrap(); }
            for message in all.cost { registry.cost().try_send(message).unwrap(); }
            for message in all.efficiency { registry.efficiency().try_send(message).unwrap(); }
            for message in all.scheduler { registry.scheduler().try_send(message).unwrap(); }
            for message in all.governor { registry.governor().try_send(message).unwrap(); }
            for message in all.knowledge { registry.knowledge().try_send(message).unwrap(); }
            for message in all.events { registry.events().send(message).unwrap(); }
            recording.finish().await.unwrap();
            let a = Recorded::open([&path]).unwrap();

            let registry = ChannelRegistry::new();
            let (recording, path) = record(&place, "b.mcap", &registry);
            let report = Replay::of(&a)
                .channel(registry.gpu())
                .channel(registry.evolution())
                .channel(registry.cost())
                .channel(registry.efficiency())
                .channel(registry.scheduler())
                .channel(registry.governor())
                .channel(registry.knowledge())
                .channel(registry.events())
                .pace(Pace::Max)
                .run().await.unwrap();
            recording.finish().await.unwrap();
            let b = Recorded::open([&path]).unwrap();
            assert_eq!(report.sent, a.records().count() as u64);
            for order in [Order::Total, Order::Set] {
                assert_eq!(Diff::between(&a, &b).order(order).first().unwrap(), None);
            }
            let sends = a.records_of("scheduler").map(|it| it.unwrap().class());
            assert!(sends.zip(b.records_of("scheduler")).all(|(class, b)| class == b.unwrap().class()));
        });
    }
}

#[tokio::test]
async fn the_class_of_a_message_is_compared_too() {
    let place = place();
    let mut recorded = Vec::new();
    for class in [Priority::Low, Priority::High] {
        let path = place.folder.path().join(format!("{class:?}"));
        let jobs = Fabric::new()
            .channel::<u32>("jobs")
            .lane(Priority::Low, 4)
            .lane(Priority::High, 4)
            .open()
            .unwrap();
        let recording = Recording::create(&path).channel(&jobs).start().unwrap();
        jobs.send(1).priority(class).await.unwrap();
        recording.finish().await.unwrap();
        recorded.push(Recorded::open([&path]).unwrap());
    }
    let found = first(&recorded[0], &recorded[1]).unwrap();
    assert_eq!(
        (found.a.as_deref(), found.b.as_deref()),
        (Some("a message of class Low"), Some("a message of class High"))
    );
    let as_sets = Diff::between(&recorded[0], &recorded[1]).order(Order::Set).first().unwrap();
    assert!(as_sets.is_some());
}
