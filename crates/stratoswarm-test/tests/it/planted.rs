//! Five faults that programs of channels have, each in a small program with a kit that finds it, and the same program mended. Each is
//! found within a thousand seeds, and the mended one passes all of them. `cargo test -p stratoswarm-test --test it planted -- --nocapture`
//! prints where and how fast.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use stratoswarm_core::{AckPolicy, Channel, Delivery, Receiver, Responder};
use stratoswarm_test::{FaultKind, Faults, Kit, Seeds, ms};
use tokio::time::interval;

use crate::fixtures::{Double, Job};

const SEEDS: u64 = 1_000;

/// The fault is found, for one of these reasons alone, and what is mended passes.
fn is_found<A: Future<Output = ()>, B: Future<Output = ()>>(
    name: &str,
    planted: impl Fn(Kit) -> A,
    mended: impl Fn(Kit) -> B,
    reasons: &[FaultKind],
) {
    let failure = Seeds::of(&format!("planted::{name}")).count(SEEDS).find(planted).expect("it is found");
    let begin = Instant::now();
    Seeds::of(&format!("planted::{name}, mended")).count(SEEDS).run(mended);
    let passed = begin.elapsed();
    println!(
        "{name}: found under seed {} in {:.2?}, enough for it: {}; mended: {SEEDS} seeds in {passed:.2?}",
        failure.seed, failure.took, failure.least
    );
    assert!(failure.is_repeatable, "{failure}");
    let kinds = failure.least.kinds();
    assert!(kinds.iter().any(|kind| reasons.contains(kind)), "{failure}");
    assert!(kinds.len() <= 2, "no more than what matters: {failure}");
}

// 1. A message that was taken is lost when the future that has it is dropped, as by `select!`.

async fn fetch(worker: &mut Receiver<Job>, audit: &Channel<Job>) -> u64 {
    let job = worker.recv().await.unwrap().into_message();
    audit.send(job.clone()).await.unwrap(); // dropped here, the job is nowhere
    job.0
}

async fn cancels(kit: Kit, is_mended: bool) {
    let fabric = kit.everywhere(Faults::new().yields(2).delay(ms(0)..ms(5))).fabric();
    let (jobs, audit) =
        (fabric.channel::<Job>("jobs").open().unwrap(), fabric.channel::<Job>("audit").open().unwrap());
    let (mut worker, mut auditor) = (jobs.join("workers"), audit.join("auditors"));
    kit.spawn("sender", async move {
        for n in 0..3 {
            jobs.send(Job(n)).await.unwrap();
        }
    });
    let (mut ticks, mut done) = (interval(ms(7)), Vec::new());
    for _ in 0..20 {
        if is_mended {
            tokio::select! {
                biased;
                job = worker.recv() => {
                    let job = job.unwrap().into_message();
                    audit.send(job.clone()).await.unwrap(); // in the arm, where nothing drops it
                    done.push(job.0);
                }
                _ = ticks.tick() => {}
            }
        } else {
            tokio::select! {
                biased;
                job = fetch(&mut worker, &audit) => done.push(job),
                _ = ticks.tick() => {}
            }
        }
    }
    assert_eq!(done, [0, 1, 2]);
    assert_eq!(auditor.try_iter().count(), 3);
}

#[test]
fn a_job_lost_by_a_cancel() {
    is_found(
        "a job lost by a cancel",
        |kit| cancels(kit, false),
        |kit| cancels(kit, true),
        &[FaultKind::Delay],
    );
}

// 2. An ack before the work: what the worker had when it ended is done by nobody.

async fn works(jobs: Channel<Job>, results: Channel<Job>, is_mended: bool) {
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit().max_deliver(1_000)).join().unwrap();
    while let Some(delivery) = worker.recv().await {
        let (job, ack) = delivery.into_acked();
        if is_mended {
            results.send(job).await.unwrap();
            ack.ack();
        } else {
            ack.ack();
            results.send(job).await.unwrap();
        }
    }
}

async fn acks(kit: Kit, is_mended: bool) {
    let fabric = kit.on("results", Faults::new().abort_tasks(0.02)).fabric();
    let (jobs, results) =
        (fabric.channel::<Job>("jobs").open().unwrap(), fabric.channel::<Job>("results").open().unwrap());
    let mut done = results.join("readers");
    let of = jobs.clone();
    kit.supervise("worker", move || works(of.clone(), results.clone(), is_mended));
    for n in 0..5 {
        jobs.send(Job(n)).await.unwrap();
    }
    let mut seen = BTreeSet::new();
    while seen.len() < 5 {
        seen.insert(done.recv().await.unwrap().0); // more than once, perhaps: that is what an ack after the work means
    }
}

#[test]
fn an_ack_before_the_work() {
    is_found(
        "an ack before the work",
        |kit| acks(kit, false),
        |kit| acks(kit, true),
        &[FaultKind::AbortTask],
    );
}

// 3. A reply that is forgotten on the way of an error: its caller waits for ever.

async fn asks_on(backend: Channel<Double>, mut calls: Receiver<Double>, is_mended: bool) {
    let mut waiting: HashMap<u64, Responder<u64>> = HashMap::new();
    while let Some(call) = calls.recv().await {
        let (Double(n), responder) = call.into_parts();
        waiting.insert(n, responder);
        match backend.request(Double(n)).timeout(ms(50)).await {
            Ok(doubled) => {
                waiting.remove(&n).unwrap().send(doubled);
            }
            Err(_) if is_mended => {
                waiting.remove(&n).unwrap().send(0);
            }
            Err(error) => {
                let _ = format!("{error}"); // it is logged, and its caller still in the map
            }
        }
    }
}

async fn forgets(kit: Kit, is_mended: bool) {
    let fabric = kit.on("backend", Faults::new().late_replies(0.02)).fabric();
    let front = fabric.channel::<Double>("front").no_default_timeout().open().unwrap();
    let backend = fabric.channel::<Double>("backend").open().unwrap();
    kit.fake("backend", |call: Delivery<Double>| async move {
        let n = call.0;
        call.reply(2 * n);
    });
    kit.spawn("front", asks_on(backend, front.join("fronts"), is_mended));
    for n in 0..3 {
        let doubled = front.request(Double(n)).await.unwrap();
        assert!(doubled == 2 * n || doubled == 0);
    }
}

#[test]
fn a_forgotten_reply() {
    is_found(
        "a forgotten reply",
        |kit| forgets(kit, false),
        |kit| forgets(kit, true),
        &[FaultKind::LateReply],
    );
}

// 4. Order is assumed over two channels.

async fn states(kit: Kit, is_mended: bool) {
    let fabric = kit.everywhere(Faults::new().yields(2)).fabric();
    let (news, states, starts) = (
        fabric.channel::<Job>("news").open().unwrap(),
        fabric.channel::<Job>("states").open().unwrap(),
        fabric.channel::<Job>("starts").open().unwrap(),
    );
    let (mut incoming, mut state, mut start) =
        (news.join("relays"), states.join("readers"), starts.join("readers"));
    kit.spawn("relay", async move {
        while let Some(message) = incoming.recv().await {
            states.send(message.into_message()).await.unwrap();
        }
    });
    kit.spawn("planner", async move {
        news.send(Job(7)).await.unwrap();
        tokio::task::yield_now().await; // "by then it is there"
        starts.send(Job(7)).await.unwrap();
    });
    let started = start.recv().await.unwrap().0;
    let known = if is_mended {
        state.recv().await.unwrap().0 // it comes, sooner or later
    } else {
        state.try_recv().expect("the state was sent before the start").0
    };
    assert_eq!(started, known);
}

#[test]
fn a_start_before_its_state() {
    is_found(
        "a start before its state",
        |kit| states(kit, false),
        |kit| states(kit, true),
        &[FaultKind::Yields],
    );
}

// 5. Two tasks that fill each other's channels before they empty their own.

async fn fills(kit: Kit, is_mended: bool) {
    let fabric = kit.capacities(1).everywhere(Faults::new().yields(1)).fabric();
    let (jobs, results) = (
        fabric.channel::<Job>("jobs").capacity(64).open().unwrap(),
        fabric.channel::<Job>("results").capacity(64).open().unwrap(),
    );
    let (mut todo, done) = (jobs.join("workers"), results.join("planners"));
    kit.spawn("worker", async move {
        while let Some(job) = todo.recv().await {
            results.send(job.into_message()).await.unwrap();
        }
    });
    let planner = kit.spawn("planner", async move {
        let mut done = done;
        let sending = async {
            for n in 0..10 {
                jobs.send(Job(n)).await.unwrap();
            }
        };
        let mut got = Vec::new();
        if is_mended {
            let reading = async {
                while got.len() < 10 {
                    got.push(done.recv().await.unwrap().0);
                }
            };
            tokio::join!(sending, reading);
        } else {
            sending.await; // "64 are enough"
            while got.len() < 10 {
                got.push(done.recv().await.unwrap().0);
            }
        }
        got
    });
    assert_eq!(planner.await.unwrap().unwrap(), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_deadlock_where_there_is_no_room() {
    is_found(
        "a deadlock where there is no room",
        |kit| fills(kit, false),
        |kit| fills(kit, true),
        &[FaultKind::Capacities],
    );
}
