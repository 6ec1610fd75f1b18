//! Drain: one channel ends as a shutdown ends it, while its fabric and the others go on.

use crate::fixtures::{Number, channel, park, put, ready, take, take_all, woken};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use stratoswarm_core::{
    Channel, Closed, Fabric, ReaderKind, Receiver, RequestError, SendError, TryRecvError,
};
use tokio::time::{Instant, sleep};
use tokio_test::task;

const PATIENCE: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(20);
const MOMENT: Duration = Duration::from_millis(100);

fn open(fabric: &Fabric, name: &str) -> Channel<Number> {
    fabric.channel(name).capacity(100).no_default_timeout().open().unwrap()
}

/// Takes what comes and holds each delivery for `hold`.
fn work(mut receiver: Receiver<Number>, hold: Duration) {
    tokio::spawn(async move {
        while let Some(delivery) = receiver.recv().await {
            sleep(hold).await;
            drop(delivery);
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_until_all_is_taken_and_finished() {
    let fabric = Fabric::new();
    let (numbers, others) = (open(&fabric, "numbers"), open(&fabric, "others"));
    work(numbers.join("workers"), Duration::from_secs(1));
    let mut subscriber = numbers.subscribe();
    tokio::spawn(async move { while subscriber.recv().await.is_some() {} });
    put(&numbers, [1, 2]);
    let start = Instant::now();
    let report = numbers.drain(PATIENCE).await;
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(2) && waited < Duration::from_millis(2_100), "{waited:?}");
    assert_eq!((report.name.as_str(), report.drained), ("numbers", 4));
    assert_eq!((report.undelivered, report.in_flight, report.permits), (0, 0, 0));
    assert!(numbers.is_closed() && report.info.is_closed);
    assert!(report.readers.is_empty() || report.readers.iter().all(|reader| reader.undelivered == 0));

    put(&others, [3]); // the others go on, and the fabric opens
    assert_eq!(others.len(), 1);
    let again = open(&fabric, "numbers");
    assert!(!again.same_channel(&numbers), "its name is free");
}

#[tokio::test(start_paused = true)]
async fn what_was_finished_before_a_drain_is_not_drained_by_it() {
    let numbers = channel(10);
    let mut receiver = numbers.join("workers");
    put(&numbers, [1, 2, 3]);
    assert_eq!((take(&mut receiver), take(&mut receiver)), (1, 2));
    work(receiver, Duration::ZERO);
    assert_eq!(numbers.drain(PATIENCE).await.drained, 1);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_no_longer_than_it_is_told_and_reports_what_is_left() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers");
    let mut receiver = numbers.join("workers");
    put(&numbers, [1, 2, 3]);
    let in_flight = receiver.try_recv().unwrap();
    let start = Instant::now();
    let report = numbers.drain(PATIENCE).await;
    let waited = start.elapsed();
    assert!(waited >= PATIENCE && waited < PATIENCE + MOMENT, "{waited:?}");
    assert_eq!((report.drained, report.in_flight, report.undelivered), (0, 1, 2));
    let group = &report.readers[0];
    assert_eq!((group.name.as_str(), group.kind, group.undelivered), ("workers", ReaderKind::Group, 2));
    drop(in_flight);
    assert_eq!(take_all(&mut receiver), [2, 3], "whoever is there may still take what was sent");
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_drain_without_time_closes_and_reports_at_once() {
    let numbers = channel(10);
    let _receiver = numbers.join("workers");
    put(&numbers, [1, 2]);
    let start = Instant::now();
    let report = numbers.drain(Duration::ZERO).await;
    assert_eq!((start.elapsed(), report.undelivered), (Duration::ZERO, 2));
    assert!(numbers.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_drain_for_ever_ends_when_all_is_drained() {
    let numbers = channel(10);
    work(numbers.join("workers"), Duration::from_secs(60));
    put(&numbers, [1, 2]);
    assert_eq!(numbers.drain(Duration::MAX).await.drained, 2);
}

#[tokio::test(start_paused = true)]
async fn groups_without_members_are_not_waited_for_by_a_drain_and_go() {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<Number>("numbers").capacity(10).group("workers").open().unwrap();
    put(&numbers, [1, 2, 3]);
    let start = Instant::now();
    let report = numbers.drain(PATIENCE).await;
    assert!(start.elapsed() < MOMENT, "{:?}", start.elapsed());
    assert_eq!((report.undelivered, report.readers.len()), (3, 1));
    assert_eq!((numbers.len(), numbers.info().readers.len()), (0, 0), "what they had is gone");

    let nobody = open(&fabric, "nobody");
    put(&nobody, [1, 2]);
    let report = nobody.drain(PATIENCE).await;
    assert_eq!((report.undelivered, report.info.unclaimed, nobody.len()), (2, 2, 0));
    assert!(fabric.shutdown(SHORT).await.is_clean(), "it was reported once");
}

#[tokio::test(start_paused = true)]
async fn what_a_drain_leaves_is_handed_back_where_that_was_asked_for() {
    let back = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&back);
    let numbers = Fabric::new()
        .channel::<Number>("numbers")
        .group("workers")
        .undelivered(move |group, number: Number| {
            kept.lock().unwrap().push((group.map(str::to_owned), number.0));
        })
        .open()
        .unwrap();
    put(&numbers, [1, 2]);
    assert_eq!(numbers.drain(SHORT).await.undelivered, 2);
    let workers = || Some("workers".to_owned());
    assert_eq!(*back.lock().unwrap(), [(workers(), 1), (workers(), 2)]);
}

#[tokio::test(start_paused = true)]
async fn when_a_drain_returns_every_wait_has_ended_though_permits_are_out() {
    let fabric = Fabric::new();
    let numbers: Channel<Number> = fabric.channel("numbers").capacity(2).no_default_timeout().open().unwrap();
    let mut receiver = numbers.join("workers");
    let permit = numbers.try_reserve().unwrap();
    put(&numbers, [1]);
    assert_eq!(take(&mut receiver), 1);
    let owned = numbers.clone().reserve_owned().await.unwrap();
    let mut send = task::spawn(numbers.send(Number(2)));
    let mut reserve = task::spawn(numbers.reserve());
    let mut request = task::spawn(numbers.request(Number(3)));
    let mut closed = task::spawn(numbers.closed());
    park(&mut send);
    park(&mut reserve);
    park(&mut request);
    park(&mut closed);
    let mut recv = task::spawn(receiver.recv());
    park(&mut recv);

    let start = Instant::now();
    let report = numbers.drain(SHORT).await;
    assert!(start.elapsed() >= SHORT, "it waits for the permits: {:?}", start.elapsed());
    assert_eq!((report.permits, report.undelivered, report.in_flight), (2, 0, 0));
    assert_eq!(woken(&mut send), Err(SendError(Number(2))));
    assert_eq!(woken(&mut reserve).err(), Some(Closed));
    assert_eq!(woken(&mut request), Err(RequestError::Closed));
    woken(&mut closed);
    assert!(woken(&mut recv).is_none());
    drop((permit, owned));
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_used_in_time_is_drained_too() {
    let numbers = channel(10);
    work(numbers.join("workers"), Duration::ZERO);
    let permit = numbers.clone().reserve_owned().await.unwrap();
    tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        permit.send(Number(1));
    });
    let report = numbers.drain(PATIENCE).await;
    assert_eq!((report.drained, report.permits, report.undelivered), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn when_a_drain_returns_every_request_has_ended() {
    let fabric = Fabric::new();
    let (unserved, queued) = (open(&fabric, "unserved"), open(&fabric, "queued"));
    let mut worker = queued.join("workers");
    let mut without_group = task::spawn(unserved.request(Number(1)));
    let mut handled = task::spawn(queued.request(Number(2)));
    let mut not_taken = task::spawn(queued.request(Number(3)));
    park(&mut without_group);
    park(&mut handled);
    park(&mut not_taken);
    let in_flight = worker.try_recv().unwrap();
    let report = unserved.drain(SHORT).await;
    assert_eq!((report.undelivered, report.in_flight), (0, 0));
    assert_eq!(woken(&mut without_group), Err(RequestError::Closed));
    let report = queued.drain(SHORT).await;
    assert_eq!((report.undelivered, report.in_flight), (1, 1));
    assert_eq!(woken(&mut handled), Err(RequestError::Closed));
    assert_eq!(woken(&mut not_taken), Err(RequestError::Closed));
    drop(in_flight);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_answered_in_time_has_its_answer_in_spite_of_a_drain() {
    let numbers = channel(10);
    let mut worker = numbers.join("workers");
    let caller = numbers.clone();
    let asked = tokio::spawn(async move { caller.request(Number(1)).await });
    tokio::task::yield_now().await;
    tokio::spawn(async move {
        while let Some(delivery) = worker.recv().await {
            let (number, responder) = delivery.into_parts();
            sleep(Duration::from_secs(1)).await;
            responder.send(number.0 + 1);
        }
    });
    assert_eq!(numbers.drain(PATIENCE).await.drained, 1);
    assert_eq!(asked.await.unwrap(), Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_is_dropped_has_closed_and_can_be_asked_for_again() {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<Number>("numbers").capacity(10).group("idle").open().unwrap();
    let mut receiver = numbers.join("workers");
    put(&numbers, [1, 2]);
    drop(numbers.drain(PATIENCE));
    assert!(!numbers.is_closed(), "it was never polled");
    {
        let mut drain = task::spawn(numbers.drain(PATIENCE));
        park(&mut drain);
    }
    assert!(numbers.is_closed());
    assert_eq!(numbers.info().readers.len(), 2, "nothing was ended");
    work(numbers.join("workers"), Duration::ZERO);
    assert_eq!(take(&mut receiver), 1);
    drop(receiver);
    let report = numbers.drain(PATIENCE).await;
    assert_eq!(
        (report.drained, report.undelivered),
        (1, 2),
        "1 was finished before it, 2 are the idle group's"
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_drain_finds_nothing_to_wait_for() {
    let numbers = channel(10);
    work(numbers.join("workers"), Duration::from_secs(1));
    put(&numbers, [1, 2]);
    let (first, second) = tokio::join!(numbers.drain(PATIENCE), numbers.drain(PATIENCE));
    assert_eq!((first.drained, second.drained), (2, 2), "both at once: both waited for it");
    let start = Instant::now();
    let third = numbers.drain(PATIENCE).await;
    assert_eq!((third.drained, third.undelivered), (0, 0));
    assert!(start.elapsed() < MOMENT, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_drain_and_a_shutdown_of_the_same_channel_both_end() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers");
    work(numbers.join("workers"), Duration::from_secs(1));
    put(&numbers, [1, 2]);
    let (drained, shut_down) = tokio::join!(numbers.drain(PATIENCE), fabric.shutdown(PATIENCE));
    assert_eq!((drained.drained, shut_down.channels[0].drained), (2, 2));
    assert!(shut_down.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_has_less_time_than_the_shutdown_leaves_it_what_members_still_do() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers");
    work(numbers.join("workers"), Duration::from_secs(1));
    put(&numbers, [1, 2, 3]);
    let (drained, shut_down) = tokio::join!(numbers.drain(SHORT), fabric.shutdown(PATIENCE));
    assert_eq!((drained.drained, drained.in_flight, drained.undelivered), (0, 1, 2));
    assert_eq!(shut_down.channels[0].drained, 3);
    assert!(shut_down.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_has_more_time_than_the_shutdown_reports_what_came_after_it() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers");
    work(numbers.join("workers"), Duration::from_secs(1));
    put(&numbers, [1, 2, 3]);
    let (drained, shut_down) = tokio::join!(numbers.drain(PATIENCE), fabric.shutdown(SHORT));
    assert_eq!((drained.drained, drained.in_flight, drained.undelivered), (3, 0, 0));
    assert_eq!((shut_down.channels[0].in_flight, shut_down.channels[0].undelivered), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_channel_without_a_fabric_is_drained_too() {
    let numbers = stratoswarm_core::channel::<u32>(4);
    numbers.try_send(1).unwrap();
    let drain = numbers.drain(PATIENCE);
    let mut drain = task::spawn(drain);
    let report = loop {
        if let std::task::Poll::Ready(report) = drain.poll() {
            break report;
        }
        sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(report.undelivered, 1);
    assert_eq!(ready(&mut task::spawn(numbers.send(2))), Err(SendError(2)));
}

#[test]
fn a_drain_works_outside_tokio() {
    let numbers = channel(4);
    let mut worker = numbers.join("workers");
    put(&numbers, [1, 2]);
    let working = std::thread::spawn(move || {
        let mut taken = 0;
        while worker.blocking_recv().is_some() {
            taken += 1;
        }
        taken
    });
    let report = futures::executor::block_on(numbers.drain(Duration::from_secs(20)));
    assert_eq!((report.undelivered, working.join().unwrap()), (0, 2));
}
