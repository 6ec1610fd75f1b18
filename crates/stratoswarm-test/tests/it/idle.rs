//! Accounts at every moment, and what is left at the end.

use stratoswarm_core::{AckPolicy, Priority};
use stratoswarm_test::{Faults, Kit, Seeds, ms};

use crate::fixtures::{Double, Job};

/// What `assert_idle` says of this, or `assert_released`.
fn told<F: Future<Output = ()>>(body: impl Fn(Kit) -> F) -> String {
    Seeds::of("left").count(1).find(body).expect("something is left").told
}

#[test]
fn each_leftover_is_named_with_its_line() {
    let unread = told(async |kit: Kit| {
        let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
        let _workers = jobs.join("workers");
        jobs.send(Job(1)).await.unwrap();
        kit.assert_idle().await;
    });
    assert!(
        unread.contains("`jobs`: 1 messages left for workers") && unread.contains("idle.rs:"),
        "{unread}"
    );

    let unclaimed = told(async |kit: Kit| {
        let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
        jobs.send(Job(1)).await.unwrap();
        kit.assert_idle().await;
    });
    assert!(unclaimed.contains("`jobs`: 1 messages that no reader is there for"), "{unclaimed}");

    let in_hand = told(async |kit: Kit| {
        let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
        let mut workers = jobs.join("workers");
        jobs.send(Job(1)).await.unwrap();
        let _held = workers.recv().await;
        kit.assert_idle().await;
    });
    assert!(in_hand.contains("`jobs`: 1 deliveries in the hands of workers"), "{in_hand}");

    let unsettled = told(async |kit: Kit| {
        let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
        let mut workers = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
        jobs.send(Job(1)).await.unwrap();
        let _held = workers.recv().await;
        kit.assert_idle().await;
    });
    assert!(unsettled.contains("`jobs`: 1 deliveries in the hands of workers"), "{unsettled}");
    assert!(!unsettled.contains("messages left"), "it is told once: {unsettled}");

    let permit = told(async |kit: Kit| {
        let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
        let _permit = jobs.reserve().await.unwrap();
        kit.assert_idle().await;
    });
    assert!(permit.contains("`jobs`: 1 permit, of ") && permit.contains("idle.rs:"), "{permit}");

    let sender = told(async |kit: Kit| {
        let jobs =
            kit.capacities(1).fabric().channel::<Job>("jobs").lane(Priority::Critical, 1).open().unwrap();
        kit.spawn("sender", async move {
            jobs.send(Job(1)).await.unwrap();
            jobs.send(Job(2)).await.unwrap();
        });
        kit.assert_idle().await;
    });
    assert!(sender.contains("`jobs`: 1 send that waits at ") && sender.contains("idle.rs:"), "{sender}");

    let request = told(async |kit: Kit| {
        let doubles = kit.fabric().channel::<Double>("doubles").no_default_timeout().open().unwrap();
        kit.spawn("asks", async move { doubles.request(Double(1)).await.unwrap() });
        kit.assert_idle().await;
    });
    assert!(request.contains("`doubles`: 1 request that waits at "), "{request}");

    let handle = told(async |kit: Kit| {
        let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
        kit.assert_idle().await;
        drop(jobs.clone());
        kit.assert_released();
    });
    assert!(handle.contains("still held") && handle.contains("`jobs`, made at "), "{handle}");
}

#[stratoswarm_test::test(seeds = 100)]
async fn what_is_done_is_at_rest_and_the_accounts_balance_meanwhile(kit: Kit) {
    let fabric = kit.capacities(1).everywhere(Faults::new().yields(3).delay(ms(0)..ms(5))).fabric();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let mut workers = jobs.join("workers");
    let mut tap = jobs.tap();
    kit.spawn("sender", async move {
        for n in 0..5 {
            jobs.send(Job(n)).await.unwrap();
        }
    });
    for n in 0..5 {
        kit.assert_balanced();
        assert_eq!(workers.recv().await.unwrap().0, n);
        let _ = tap.try_recv();
        kit.assert_balanced();
    }
    kit.assert_idle().await; // what a lossy reader has left holds up nobody
    drop((workers, tap));
    kit.assert_released();
}
