//! The examples of `docs/testing.md`, of the README and of the crate's page: what they show is what runs here.

use std::{collections::BTreeSet, fs, path::Path};

use stratoswarm_core::{
    AckPolicy, Channel, ChannelRegistry, Delivery, Fabric, Message, RequestError, SendError,
    examples::Ping,
    messages::{CostCall, CostMessage, CostQuote, QueryCost},
    patterns,
};
use stratoswarm_test::{Faults, Kit, ms, secs};

use crate::fixtures::Job;

/// The question of the examples.
#[derive(Debug, Clone)]
struct Double(u64);

impl Message for Double {
    type Reply = u64;
}

#[stratoswarm_test::test(seeds = 100)]
async fn every_ping_is_answered(kit: Kit) {
    let fabric = kit.capacities(1).everywhere(Faults::new().yields(3).delay(ms(0)..ms(50))).fabric();
    let pings = fabric.channel::<Ping>("pings").open().unwrap();
    let worker = kit.fake("pings", |ping: Delivery<Ping>| async move {
        ping.reply(());
    });
    pings.request(Ping).await.unwrap();
    assert_eq!(worker.calls(), 1);
    kit.assert_balanced();
    kit.assert_idle().await;
}

async fn planner(fabric: Fabric) {
    let jobs = fabric.channel::<Job>("jobs").capacity(64).open().unwrap();
    for n in 0..10 {
        jobs.send(Job(n)).await.unwrap();
    }
}

#[stratoswarm_test::test(seeds = 100)]
async fn the_planner_sends_its_jobs_in_order(kit: Kit) {
    let fabric = kit.capacities(1).everywhere(Faults::new().delay(ms(0)..ms(50))).fabric();
    let mut jobs = kit.probe::<Job>("jobs", "workers");
    kit.spawn("planner", planner(fabric));
    for n in 0..10 {
        let job = jobs.expect(|job| job.0 == n).including_past().within(secs(1)).await;
        assert_eq!(job.seq(), n);
    }
}

async fn squares(jobs: Channel<Job>, results: Channel<Job>) {
    let mut worker = jobs.join("workers");
    while let Some(job) = worker.recv().await {
        results.send(Job(job.0 * job.0)).await.unwrap();
    }
}

#[stratoswarm_test::test(seeds = 100)]
async fn it_needs_no_room(kit: Kit) {
    let fabric = kit.capacities(1).everywhere(Faults::new().yields(3)).fabric();
    let (jobs, results) = (fabric.channel("jobs").open().unwrap(), fabric.channel("results").open().unwrap());
    let mut squared = results.join("readers");
    kit.spawn("squares", squares(jobs.clone(), results));
    kit.spawn("sender", async move {
        for n in 0..10 {
            jobs.send(Job(n)).await.unwrap();
        }
    });
    for n in 0..10 {
        assert_eq!(squared.recv().await.unwrap().0, n * n);
    }
    kit.assert_idle().await;
}

async fn price(registry: &ChannelRegistry, tasks: u32) -> Option<f64> {
    let quote = registry.cost().request(QueryCost { tasks }).timeout(ms(100)).await;
    quote.ok().map(|quote| quote.price) // without an answer there is no price
}

#[stratoswarm_test::test(seeds = 20)]
async fn without_an_answer_there_is_no_price(kit: Kit) {
    let registry = ChannelRegistry::open_on(&kit.fabric()).unwrap();
    let models = kit.fake("cost", |call: Delivery<CostMessage>| async move {
        if let CostCall::QueryCost(query, reply) = call.into() {
            reply.send(CostQuote { price: f64::from(query.tasks), samples: 0 });
        }
    });
    assert_eq!(price(&registry, 3).await, Some(3.0));
    models.after(secs(1)); // from now on
    assert_eq!(price(&registry, 3).await, None);
    models.never();
    assert_eq!(price(&registry, 3).await, None);
    assert_eq!(models.calls(), 3);
}

#[stratoswarm_test::test(seeds = 100)]
async fn an_order_is_placed_once_though_its_reply_came_late(kit: Kit) {
    let fabric = kit.on("orders", Faults::new().late_replies(0.3)).fabric();
    let orders = fabric.channel::<Double>("orders").open().unwrap();
    let (placed, mut shop) = (tokio::sync::watch::Sender::new(BTreeSet::new()), orders.join("shops"));
    let book = placed.clone();
    kit.spawn("shop", async move {
        while let Some(order) = shop.recv().await {
            let id = order.0;
            book.send_modify(|placed| {
                placed.insert(id); // the number of the order makes it one
            });
            order.reply(2 * id);
        }
    });
    while let Err(RequestError::Expired { .. }) = orders.request(Double(7)).timeout(ms(50)).await {}
    assert_eq!(placed.borrow().len(), 1);
}

#[stratoswarm_test::test(seeds = 100)]
async fn each_job_is_done_though_handlers_panic(kit: Kit) {
    let fabric = kit.on("jobs", Faults::new().panic_handlers(0.2).nak_delay(ms(5))).fabric();
    let (jobs, done) =
        (fabric.channel::<Job>("jobs").open().unwrap(), fabric.channel::<Job>("done").open().unwrap());
    let mut finished = done.join("readers");
    let workers = jobs.group("workers").ack(AckPolicy::explicit().max_deliver(100)).join().unwrap();
    kit.spawn(
        "workers",
        patterns::serve(workers, 4, move |job: Delivery<Job>| {
            let done = done.clone();
            async move { done.send(Job(job.0)).await.unwrap() }
        }),
    );
    for n in 0..10 {
        jobs.send(Job(n)).await.unwrap();
    }
    let mut seen = BTreeSet::new();
    while seen.len() < 10 {
        seen.insert(finished.recv().await.unwrap().0);
    }
    kit.assert_idle().await;
}

#[stratoswarm_test::test(seeds = 100)]
async fn the_screen_counts_what_it_missed(kit: Kit) {
    let news = kit.on("news", Faults::new().lose(0.1)).fabric().broadcast::<u64>("news").open().unwrap();
    let mut screen = news.subscribe();
    for n in 0..20 {
        news.send(n).unwrap();
    }
    let (mut shown, mut missed) = (0, 0);
    while shown + missed < 20 {
        match screen.recv().await.unwrap() {
            Ok(_) => shown += 1,
            Err(lagged) => missed += lagged.missed, // with `expect` this test finds a seed that fails
        }
    }
}

async fn worker(jobs: Channel<Job>, results: Channel<Job>) {
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit().max_deliver(100)).join().unwrap();
    while let Some(job) = worker.recv().await {
        let (job, ack) = job.into_acked();
        results.send(job).await.unwrap();
        ack.ack(); // after the work: whoever ends before has not done it
    }
}

#[stratoswarm_test::test(seeds = 100)]
async fn no_job_is_lost_when_a_worker_ends(kit: Kit) {
    let fabric = kit.on("results", Faults::new().abort_tasks(0.1)).fabric();
    let (jobs, results) =
        (fabric.channel::<Job>("jobs").open().unwrap(), fabric.channel::<Job>("results").open().unwrap());
    let (mut done, todo) = (results.join("readers"), jobs.clone());
    kit.supervise("worker", move || worker(todo.clone(), results.clone())); // anew, when a fault has ended it
    for n in 0..10 {
        jobs.send(Job(n)).await.unwrap();
    }
    let mut seen = BTreeSet::new();
    while seen.len() < 10 {
        seen.insert(done.recv().await.unwrap().0);
    }
}

#[stratoswarm_test::test(seeds = 200)]
async fn to_cancel_a_receive_loses_nothing(kit: Kit) {
    let jobs = kit.capacities(2).fabric().channel::<Job>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    kit.spawn("sender", async move {
        for n in 0..10 {
            jobs.send(Job(n)).await.unwrap();
        }
    });
    for n in 0..10 {
        let job = kit.interrupt_mut(async || worker.recv().await).await; // dropped at some polls, and made anew
        assert_eq!(job.unwrap().0, n);
    }
}

async fn reporter(grants: Channel<Job>) -> u64 {
    let mut sent = 0;
    while let Ok(()) = grants.send(Job(sent)).await {
        tokio::time::sleep(ms(100)).await;
        sent += 1;
    }
    sent
}

#[stratoswarm_test::test(seeds = 20)]
async fn it_ends_with_its_channel(kit: Kit) {
    let grants =
        kit.on("grants", Faults::new().close_at(secs(3))).fabric().channel::<Job>("grants").open().unwrap();
    let tap = grants.tap();
    let reporting = kit.spawn("reporter", reporter(grants.clone()));
    assert_eq!(reporting.await.unwrap(), Some(30)); // three seconds that nobody waited for
    assert_eq!(grants.send(Job(1)).await, Err(SendError(Job(1))));
    drop((grants, tap));
    kit.assert_released(); // no handle of a channel is forgotten somewhere
}

#[stratoswarm_test::test(seeds = 20)]
async fn a_failing_seed_leaves_a_recording(kit: Kit) {
    let fabric = kit.everywhere(Faults::new().yields(2)).fabric();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    kit.record(|recording| recording.channel(&jobs).start_on_runtime());
    let mut worker = jobs.join("workers");
    for n in 0..10 {
        jobs.send(Job(kit.below(100))).await.unwrap(); // made up from the seed
        assert!(worker.recv().await.unwrap().0 < 100, "{n}");
    }
}

/// The Rust in a page, without the lines that only import.
fn shown(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("rust\n"));
    blocks
        .map(|block| block.lines().filter(|line| !line.starts_with("use ")).collect::<Vec<_>>().join("\n"))
        .collect()
}

#[test]
fn what_the_pages_show_is_what_runs() {
    let crate_ = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runs = fs::read_to_string(crate_.join("tests/it/guide.rs")).unwrap();
    let page = fs::read_to_string(crate_.join("../../docs/testing.md")).unwrap();
    let readme = fs::read_to_string(crate_.join("README.md")).unwrap();
    let docs = fs::read_to_string(crate_.join("src/lib.rs")).unwrap();
    let docs: Vec<_> = docs.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let docs = docs.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
    let (page, readme, docs) = (shown(&page), shown(&readme), shown(&docs.replace("```no_run", "```rust")));
    assert_eq!((page.len(), readme.len(), docs.len()), (10, 1, 1));
    for block in page.iter().chain(&readme).chain(&docs) {
        assert!(runs.contains(block.trim()), "it does not run:\n{block}");
    }
}
