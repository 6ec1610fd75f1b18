//! Groups that acknowledge as their channels end, and as they are joined.

use crate::accounts::assert_balanced;
use crate::acks::{jobs, join, ms, next};
use crate::fixtures::{Number, put, turns};
use std::time::Duration;
use stratoswarm_core::{AckPolicy, Fabric, JoinError, Settled, TryRecvError};

// ---- ends

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_is_unsettled() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Number>("jobs").open().unwrap();
    let mut worker = join(&jobs, AckPolicy::explicit().backoff([ms(1_000_000)]));
    put(&jobs, 0..3);
    drop(jobs);
    tokio::spawn(async move {
        while let Some(delivery) = worker.recv().await {
            let attempt = delivery.attempt();
            let (_, ack) = delivery.into_acked();
            tokio::time::sleep(ms(10)).await;
            if attempt < 3 {
                ack.nak()
            } else {
                ack.ack()
            };
        }
    });
    turns(3).await;
    let report = fabric.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.channels[0].readers[0].drained, 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_unsettled_at_the_end_of_a_shutdown_is_reported() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Number>("jobs").open().unwrap();
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, 0..3);
    let held = worker.try_recv().unwrap();
    let report = fabric.shutdown(Duration::from_secs(5)).await;
    let group = &report.channels[0].readers[0];
    assert_eq!((group.drained, group.in_flight, group.undelivered), (0, 1, 2), "{report:#?}");
    drop(held);
}

#[test]
fn a_group_that_goes_takes_its_messages_with_it() {
    let jobs = jobs(2);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, 0..2);
    let (_, _, ack) = next(&mut worker);
    assert_eq!(jobs.remove_group("workers"), 2);
    assert_eq!(ack.ack(), Settled::Lapsed);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
    put(&jobs, 2..4);
}

#[test]
fn a_group_without_members_keeps_what_is_unsettled() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, 0..2);
    let (_, _, ack) = next(&mut worker);
    drop(worker);
    ack.nak();
    let mut worker = jobs.join("workers");
    let [zero, one] = std::array::from_fn(|_| next(&mut worker));
    assert_eq!((zero.0, zero.1, one.0, one.1), (0, 2, 1, 1));
    assert_balanced(&jobs.info());
}

#[test]
fn what_is_left_in_a_group_without_members_is_handed_back() {
    use std::sync::{Arc, Mutex};
    let back = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&back);
    let jobs = Fabric::new()
        .channel::<Number>("jobs")
        .undelivered(move |group, number: Number| {
            to.lock().unwrap().push((group.map(str::to_owned), number.0));
        })
        .open()
        .unwrap();
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, 0..3);
    drop(worker.try_recv().unwrap()); // given back
    drop((worker, jobs));
    let mut back = back.lock().unwrap().clone();
    back.sort();
    let group = || Some("workers".to_owned());
    assert_eq!(back, [(group(), 0), (group(), 1), (group(), 2)]);
}

// ---- joining

#[test]
fn a_group_is_joined_as_what_it_is() {
    let jobs = Fabric::new().channel::<Number>("jobs").group("workers").open().unwrap();
    put(&jobs, [0]);
    let mut first = join(&jobs, AckPolicy::explicit()); // declared, and nobody has joined it yet
    drop(first.try_recv().unwrap());
    let mut second = first.join_again();
    assert_eq!(next(&mut second).1, 2);
    assert!(jobs.group("workers").ack(AckPolicy::explicit()).join().is_ok());
    let other = jobs.group("workers").ack(AckPolicy::explicit().max_in_flight(1)).join();
    assert_eq!(other.err(), Some(JoinError::Conflict));
    let _plain = jobs.join("plain");
    assert_eq!(jobs.group("plain").ack(AckPolicy::explicit()).join().err(), Some(JoinError::Conflict));
}

#[test]
fn a_late_group_that_acknowledges_starts_from_the_oldest() {
    let jobs = jobs(8);
    let _other = jobs.join("others");
    put(&jobs, 0..2);
    let mut late = jobs.group("late").from_oldest().ack(AckPolicy::explicit()).join().unwrap();
    drop(late.try_recv().unwrap());
    let (number, attempt, ack) = next(&mut late);
    assert_eq!((number, attempt, ack.ack()), (0, 2, Settled::Done));
    assert_eq!(next(&mut late).0, 1);
    assert_balanced(&jobs.info());
}

#[test]
fn groups_settle_independently() {
    let jobs = jobs(2);
    let mut worker = join(&jobs, AckPolicy::explicit());
    let mut clerk = jobs.group("clerks").ack(AckPolicy::explicit().max_deliver(1)).join().unwrap();
    put(&jobs, 0..2);
    next(&mut worker).2.ack();
    next(&mut worker).2.nak();
    assert_eq!(jobs.len(), 2, "the clerks have both yet to settle");
    drop(clerk.try_recv().unwrap());
    next(&mut clerk).2.ack();
    let info = jobs.info();
    let of = |name: &str| info.readers.iter().find(|it| it.name == name).unwrap();
    let (workers, clerks) = (of("workers"), of("clerks"));
    assert_eq!((workers.taken, workers.dead, workers.left), (1, 0, 1));
    assert_eq!((clerks.taken, clerks.dead, clerks.left), (1, 1, 0));
    assert_eq!(jobs.len(), 1);
    assert_balanced(&jobs.info());
}

#[test]
fn a_lapse_is_noticed_on_a_plain_thread_too() {
    let jobs = jobs(8);
    let mut first = join(&jobs, AckPolicy::explicit().ack_wait(ms(2)));
    let mut second = jobs.join("workers");
    put(&jobs, [0]);
    let (_, _, late) = next(&mut first);
    let waiting =
        std::thread::spawn(move || second.blocking_recv().map(|it| (it.attempt(), it.into_message()).0));
    assert_eq!(waiting.join().unwrap(), Some(2));
    assert_eq!(late.ack(), Settled::Lapsed);
}
