//! The registry as a program uses it.

use crate::fixtures::{Number, channel, park, ready, turns, woken};
use bytes::Bytes;
use std::{collections::HashMap, time::Duration};
use stratoswarm_core::{
    ChannelKind, ChannelRegistry, Message, ReplyOutcome, RequestError, Stage,
    messages::{
        AgentId, AgentSpawned, AllocationId, BufferId, CancelTask, CostCall, CostMessage, CostQuote,
        CostUpdate, GpuCall, GpuCommand, GpuFault, KnowledgeCall, KnowledgeEntry, KnowledgeMessage, Matches,
        MemoryPressure, QueryAvailable, QueryCost, ReleaseAllocation, Resources, Retrieve, ScheduleTask,
        Store, Stored, StoredVersion, Synchronize, SystemEvent, TaskId, TransferFromDevice, TransferToDevice,
    },
};
use tokio::time::{Instant, sleep};
use tokio_test::task;

#[test]
fn the_preset_has_its_eight_channels_with_their_capacities_and_timeouts() {
    fn figures<M: Message>(channel: &stratoswarm_core::Channel<M>) -> (String, usize, u64) {
        (channel.name().to_owned(), channel.capacity(), channel.default_timeout().unwrap().as_secs())
    }
    let registry = ChannelRegistry::new();
    let found = [
        figures(registry.gpu()),
        figures(registry.evolution()),
        figures(registry.cost()),
        figures(registry.efficiency()),
        figures(registry.scheduler()),
        figures(registry.governor()),
        figures(registry.knowledge()),
    ];
    let expected = [
        ("gpu", 100, 60),
        ("evolution", 10_000, 60),
        ("cost", 1_000, 5),
        ("efficiency", 1_000, 5),
        ("scheduler", 1_000, 5),
        ("governor", 1_000, 5),
        ("knowledge", 1_000, 5),
    ];
    assert_eq!(found, expected.map(|(name, capacity, seconds)| (name.to_owned(), capacity, seconds)));
    assert_eq!((registry.events().name(), registry.events().capacity()), ("events", 1_000));
}

#[test]
fn the_preset_closes_upstream_first() {
    let registry = ChannelRegistry::default();
    let listed = registry.fabric().channels();
    let names: Vec<_> = listed.iter().map(|info| info.name.as_str()).collect();
    let order = ["scheduler", "evolution", "gpu", "governor", "cost", "efficiency", "knowledge", "events"];
    assert_eq!(names, order);
    assert_eq!(listed[7].kind, ChannelKind::Broadcast);
}

#[tokio::test(start_paused = true)]
async fn the_preset_shuts_down_in_that_order() {
    let registry = ChannelRegistry::new();
    let report = registry.shutdown(Duration::from_secs(5)).await;
    let names: Vec<_> = report.channels.iter().map(|channel| channel.name.as_str()).collect();
    let order = ["scheduler", "evolution", "gpu", "governor", "cost", "efficiency", "knowledge", "events"];
    assert_eq!(names, order);
    assert!(report.is_clean() && report.held.is_empty(), "{report:?}");
}

#[tokio::test]
async fn three_subscribers_get_identical_events() {
    let registry = ChannelRegistry::new();
    let subscribers: Vec<_> = (0..3)
        .map(|_| {
            let mut events = registry.events().subscribe();
            tokio::spawn(async move {
                let mut heard = Vec::new();
                while let Some(event) = events.recv().await {
                    heard.push(event.expect("nothing is missed"));
                }
                heard
            })
        })
        .collect();
    let sent: Vec<SystemEvent> = (0..500)
        .flat_map(|number| {
            [
                AgentSpawned { agent: AgentId::from_u128(number) }.into(),
                MemoryPressure { used_bytes: 1, total_bytes: 2 }.into(),
            ]
        })
        .collect();
    for event in &sent {
        assert_eq!(registry.events().send(event.clone()).unwrap(), 3);
    }
    drop(registry);
    for subscriber in subscribers {
        assert!(subscriber.await.unwrap() == sent);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_senders_and_five_subscribers_share_a_thousand_messages() {
    let channel = channel(50);
    let subscribers: Vec<_> = (0..5)
        .map(|_| {
            let mut subscriber = channel.subscribe();
            tokio::spawn(async move {
                let mut read = Vec::new();
                while let Some(number) = subscriber.recv().await {
                    read.push(number.0);
                }
                read
            })
        })
        .collect();
    for sender in 0..10 {
        let channel = channel.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                channel.send(Number(sender * 100 + number)).await.unwrap();
                turns(number % 2).await;
            }
        });
    }
    drop(channel);
    let mut first = None;
    for subscriber in subscribers {
        let read = subscriber.await.unwrap();
        let mut all = read.clone();
        all.sort_unstable();
        assert_eq!(all, (0..1_000).collect::<Vec<_>>());
        assert!(*first.get_or_insert_with(|| read.clone()) == read, "in the same order");
    }
}

#[test]
fn a_hundred_gpu_commands_are_accepted_at_once_and_the_next_waits_until_one_is_taken() {
    let registry = ChannelRegistry::new();
    let mut executor = registry.gpu().join("executors");
    let command = |buffer| GpuCommand::from(TransferFromDevice { buffer: BufferId::from_u128(buffer) });
    for buffer in 0..100 {
        let mut send = task::spawn(registry.gpu().send(command(buffer)));
        assert!(ready(&mut send).is_ok(), "command {buffer}");
    }
    let mut next = task::spawn(registry.gpu().send(command(100)));
    park(&mut next);
    assert_eq!(executor.try_recv().unwrap().into_message(), command(0));
    assert!(woken(&mut next).is_ok());
    assert_eq!(registry.gpu().len(), 100);
}

#[test]
fn what_gives_back_or_stops_does_not_wait_behind_what_takes() {
    let registry = ChannelRegistry::new();
    let (mut scheduler, mut governor) =
        (registry.scheduler().join("schedulers"), registry.governor().join("governors"));
    let (task, requirements) = (TaskId::from_u128(1), Resources::default());
    while registry.scheduler().try_send(ScheduleTask { task, requirements }.into()).is_ok() {}
    while registry.governor().try_send(QueryAvailable {}.into()).is_ok() {}
    let allocation = AllocationId::from_u128(2);
    assert!(registry.scheduler().try_send(CancelTask { task }.into()).is_ok());
    assert!(registry.governor().try_send(ReleaseAllocation { allocation }.into()).is_ok());
    assert_eq!(scheduler.try_recv().unwrap().into_message(), CancelTask { task }.into());
    assert_eq!(governor.try_recv().unwrap().into_message(), ReleaseAllocation { allocation }.into());
}

#[tokio::test(start_paused = true)]
async fn a_cost_query_is_answered() {
    let registry = ChannelRegistry::new();
    let mut model = registry.cost().join("models");
    let serving = tokio::spawn(async move {
        let mut busy = Duration::ZERO;
        while let Some(delivery) = model.recv().await {
            match CostCall::from(delivery) {
                CostCall::QueryCost(query, reply) => {
                    let price = f64::from(query.tasks) * busy.as_secs_f64();
                    assert_eq!(reply.send(CostQuote { price, samples: 1 }), ReplyOutcome::Received);
                }
                CostCall::CostUpdate(update) => busy += update.busy,
                CostCall::OptimizeFor(_, reply) => drop(reply),
            }
        }
    });
    registry.cost().send(CostUpdate { tasks: 1, busy: Duration::from_secs(2) }.into()).await.unwrap();
    let quote: CostQuote = registry.cost().request(QueryCost { tasks: 3 }).await.unwrap();
    assert_eq!(quote, CostQuote { price: 6.0, samples: 1 });
    assert!(registry.shutdown(Duration::from_secs(5)).await.is_clean());
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cost_query_that_nobody_answers_times_out() {
    let registry = ChannelRegistry::new();
    let mut model = registry.cost().join("models");
    let start = Instant::now();
    let Err(RequestError::Expired { stage, waited, members, .. }) =
        registry.cost().request(QueryCost { tasks: 1 }).await
    else {
        panic!("not expired")
    };
    assert_eq!((stage, members), (Stage::Queued, 1));
    assert!(waited >= Duration::from_secs(5) && start.elapsed() < Duration::from_millis(5_002));
    assert!(model.try_recv().is_err(), "the expired query does not reach the model");

    let expired = registry.cost().request(QueryCost { tasks: 1 }).timeout(Duration::from_secs(1)).await;
    assert!(matches!(expired, Err(RequestError::Expired { .. })));
    assert!(start.elapsed() < Duration::from_millis(6_004));
}

#[tokio::test]
async fn device_transfers_keep_the_address_of_their_data() {
    let registry = ChannelRegistry::new();
    let mut executor = registry.gpu().join("executors");
    tokio::spawn(async move {
        let mut arena: HashMap<BufferId, Bytes> = HashMap::new();
        while let Some(delivery) = executor.recv().await {
            match GpuCall::from(delivery) {
                GpuCall::TransferToDevice(transfer, reply) => {
                    let stored_bytes = transfer.data.len() as u64;
                    arena.insert(transfer.buffer, transfer.data);
                    reply.send(Ok(Stored { stored_bytes, free_bytes: 0 }));
                }
                GpuCall::TransferFromDevice(TransferFromDevice { buffer }, reply) => {
                    reply.send(arena.get(&buffer).cloned().ok_or(GpuFault::UnknownBuffer { buffer }));
                }
                GpuCall::LaunchKernel(launch, reply) => {
                    reply.send(Err(GpuFault::UnknownKernel { name: launch.name }));
                }
                GpuCall::Synchronize(_, reply) => drop(reply),
            }
        }
    });
    let buffer = BufferId::from_u128(7);
    let data = Bytes::from(vec![3; 1 << 20]);
    let address = data.as_ptr();
    let stored = registry.gpu().request(TransferToDevice { buffer, data }).await.unwrap().unwrap();
    assert_eq!(stored.stored_bytes, 1 << 20);
    let back = registry.gpu().request(TransferFromDevice { buffer }).await.unwrap().unwrap();
    assert_eq!((back.as_ptr(), back.len()), (address, 1 << 20));

    let unknown = BufferId::from_u128(8);
    let fault = registry.gpu().request(TransferFromDevice { buffer: unknown }).await.unwrap();
    assert_eq!(fault, Err(GpuFault::UnknownBuffer { buffer: unknown }));
    let unanswered = registry.gpu().request(Synchronize { stream: 0 }).await;
    assert_eq!(unanswered, Err(RequestError::Unanswered));
}

#[tokio::test(start_paused = true)]
async fn a_program_ends_with_a_clean_shutdown() {
    let registry = ChannelRegistry::new();
    let mut store = registry.knowledge().join("stores");
    let serving = tokio::spawn(async move {
        let mut entries: HashMap<String, KnowledgeEntry> = HashMap::new();
        while let Some(delivery) = store.recv().await {
            sleep(Duration::from_millis(1)).await;
            match KnowledgeCall::from(delivery) {
                KnowledgeCall::Store(Store { key, value }, reply) => {
                    let version = entries.get(&key).map_or(1, |entry| entry.version + 1);
                    entries.insert(key, KnowledgeEntry { value, version });
                    reply.send(Ok(StoredVersion { version }));
                }
                KnowledgeCall::Retrieve(Retrieve { key }, reply) => {
                    reply.send(Ok(entries.get(&key).cloned()));
                }
                KnowledgeCall::Query(_, reply) => {
                    reply.send(Ok(Matches { matches: Vec::new(), truncated: false }));
                }
            }
        }
        entries.len()
    });
    let key = "best".to_owned();
    for expected in 1..=3 {
        let stored = registry.knowledge().request(Store { key: key.clone(), value: Bytes::from("tour") });
        assert_eq!(stored.await.unwrap().unwrap().version, expected);
    }
    for number in 0..10 {
        let message: KnowledgeMessage = Store { key: number.to_string(), value: Bytes::new() }.into();
        registry.knowledge().send(message).await.unwrap();
    }
    let entry = registry.knowledge().request(Retrieve { key }).await.unwrap().unwrap().unwrap();
    assert_eq!((entry.value, entry.version), (Bytes::from("tour"), 3));

    let report = registry.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(serving.await.unwrap(), 11);
    let refused = registry.cost().send(CostMessage::QueryCost(QueryCost { tasks: 1 })).await;
    assert!(refused.is_err(), "nothing is accepted after the end");
}

#[tokio::test]
async fn own_channels_live_beside_the_preset() {
    let registry = ChannelRegistry::new();
    let prices =
        registry.fabric().channel::<Number>("prices").capacity(64).shutdown_order(35).open().unwrap();
    let mut sellers = prices.join("sellers");
    tokio::spawn(async move {
        while let Some(delivery) = sellers.recv().await {
            let (number, reply) = delivery.into_parts();
            reply.send(number.0 * 2);
        }
    });
    assert_eq!(prices.request(Number(21)).await, Ok(42));
    drop(prices);
    let names: Vec<_> = registry.fabric().channels().into_iter().map(|info| info.name).collect();
    assert_eq!(names.len(), 9);
    assert_eq!(names[2..5], ["gpu", "prices", "governor"]);
    assert!(registry.shutdown(Duration::from_secs(5)).await.is_clean());
}

#[test]
fn receivers_see_the_end_of_the_registry() {
    let registry = ChannelRegistry::new();
    let mut executor = registry.gpu().join("executors");
    let mut audit = registry.cost().subscribe();
    let mut watch = registry.scheduler().tap();
    let mut recv = task::spawn(executor.recv());
    let mut read = task::spawn(audit.recv());
    let mut hear = task::spawn(watch.recv());
    park(&mut recv);
    park(&mut read);
    park(&mut hear);
    drop(registry);
    assert!(woken(&mut recv).is_none());
    assert!(woken(&mut read).is_none());
    assert!(woken(&mut hear).is_none());
}
