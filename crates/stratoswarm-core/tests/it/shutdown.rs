//! Shutdown: upstream first, drained means taken and dropped, and the report names what is left.

use crate::fixtures::{Number, channel, logged, park, put, ready, take, take_all, woken};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use stratoswarm_core::{
    Channel, ChannelReport, Closed, Fabric, Message, NoReply, OpenError, ReaderKind, Receiver, ReplyOutcome,
    RequestError, SendError, ShutdownReport, TryRecvError,
};
use tokio::time::{Instant, sleep};
use tokio_test::task;
use tracing_subscriber::filter::LevelFilter;

const PATIENCE: Duration = Duration::from_secs(5);

fn open(fabric: &Fabric, name: &str, order: i32) -> Channel<Number> {
    fabric.channel(name).capacity(100).shutdown_order(order).open().unwrap()
}

fn of<'a>(report: &'a ShutdownReport, channel: &str) -> &'a ChannelReport {
    report.channels.iter().find(|report| report.name == channel).expect("a report of this channel")
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
async fn channels_close_in_the_stated_order() {
    let fabric = Fabric::new();
    let closed = Arc::new(Mutex::new(Vec::new()));
    for (name, order) in [("last", 9), ("second", 0), ("first", -3), ("third", 1)] {
        let channel = open(&fabric, name, order);
        let closed = Arc::clone(&closed);
        tokio::spawn(async move {
            channel.closed().await;
            closed.lock().unwrap().push(name);
        });
    }
    let order = ["first", "second", "third", "last"];
    tokio::task::yield_now().await;
    let listed: Vec<_> = fabric.channels().into_iter().map(|info| info.name).collect();
    assert_eq!(listed, order);

    let report = fabric.shutdown(PATIENCE).await;
    sleep(Duration::from_millis(1)).await;
    assert_eq!(*closed.lock().unwrap(), order);
    let reported: Vec<_> = report.channels.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(reported, order);
}

#[tokio::test(start_paused = true)]
async fn what_upstream_still_holds_can_be_passed_on_downstream() {
    let fabric = Fabric::new();
    let down = open(&fabric, "down", 1);
    let up = open(&fabric, "up", 0);
    let mut upstream = up.join("workers");
    let forward = down.clone();
    tokio::spawn(async move {
        while let Some(delivery) = upstream.recv().await {
            sleep(Duration::from_millis(10)).await;
            forward.send(delivery.clone()).await.expect("downstream is still open");
        }
    });
    let mut sink = down.subscribe();
    let sunk = tokio::spawn(async move {
        let mut numbers = Vec::new();
        while let Some(number) = sink.recv().await {
            numbers.push(number.0);
        }
        numbers
    });
    put(&up, 0..10);
    drop((up, down));
    let report = fabric.shutdown(PATIENCE).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(sunk.await.unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn drained_means_taken_and_the_delivery_dropped() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    work(numbers.join("workers"), Duration::from_secs(1));
    put(&numbers, [1, 2]);
    drop(numbers);
    let start = Instant::now();
    let report = fabric.shutdown(PATIENCE).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(of(&report, "numbers").drained, 2);
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(2) && waited < Duration::from_millis(2_100), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn drained_means_taken_and_the_responder_dropped() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    let mut receiver = numbers.join("workers");
    tokio::spawn(async move {
        while let Some(delivery) = receiver.recv().await {
            let (number, responder) = delivery.into_parts();
            sleep(Duration::from_secs(1)).await;
            responder.send(number.0 + 1);
        }
    });
    let caller = numbers.clone();
    let asked = tokio::spawn(async move { caller.request(Number(1)).await });
    tokio::task::yield_now().await;
    drop(numbers);
    let start = Instant::now();
    let report = fabric.shutdown(PATIENCE).await;
    assert!(report.is_clean(), "{report:?}");
    assert!(start.elapsed() >= Duration::from_millis(990), "{:?}", start.elapsed());
    assert_eq!(asked.await.unwrap(), Ok(2));
}

#[tokio::test(start_paused = true)]
async fn what_was_finished_before_is_not_drained() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    let mut receiver = numbers.join("workers");
    put(&numbers, [1, 2, 3]);
    assert_eq!((take(&mut receiver), take(&mut receiver)), (1, 2));
    work(receiver, Duration::ZERO);
    let report = fabric.shutdown(PATIENCE).await;
    assert_eq!(of(&report, "numbers").drained, 1);
    assert!(report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn what_is_in_hand_and_undelivered_at_the_deadline_is_reported() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    let mut receiver = numbers.join("workers");
    let mut subscriber = numbers.subscribe();
    put(&numbers, [1, 2, 3]);
    let in_flight = receiver.try_recv().unwrap();
    assert_eq!(subscriber.try_recv(), Ok(Number(1)));
    assert_eq!(subscriber.try_recv(), Ok(Number(2)));

    let start = Instant::now();
    let report = fabric.shutdown(PATIENCE).await;
    let waited = start.elapsed();
    assert!(waited >= PATIENCE && waited < PATIENCE + Duration::from_millis(100), "{waited:?}");
    assert!(!report.is_clean());
    let channel = of(&report, "numbers");
    assert_eq!((channel.in_flight, channel.undelivered), (1, 3));
    let reader = |kind| channel.readers.iter().find(|reader| reader.kind == kind).unwrap();
    let group = reader(ReaderKind::Group);
    assert_eq!((group.name.as_str(), group.in_flight, group.undelivered), ("workers", 1, 2));
    let subscriber = reader(ReaderKind::Subscriber);
    assert_eq!((subscriber.in_flight, subscriber.undelivered), (0, 1));
    assert_eq!(channel.info.sent, 3);
    assert!(channel.info.is_closed);
    drop(in_flight);
}

#[tokio::test(start_paused = true)]
async fn groups_without_members_are_not_waited_for() {
    let fabric = Fabric::new();
    let numbers = fabric.channel("numbers").capacity(10).group("workers").open().unwrap();
    put(&numbers, [1, 2, 3]);
    let start = Instant::now();
    let report = fabric.shutdown(PATIENCE).await;
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
    assert_eq!(of(&report, "numbers").undelivered, 3);
    assert!(!report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_last_member_leaves_meanwhile_is_no_longer_waited_for() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    let receiver = numbers.join("workers");
    put(&numbers, [1, 2, 3]);
    tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        drop(receiver);
    });
    let start = Instant::now();
    let report = fabric.shutdown(PATIENCE).await;
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_millis(1_100), "{waited:?}");
    assert_eq!(of(&report, "numbers").undelivered, 3);
}

#[tokio::test(start_paused = true)]
async fn messages_nobody_came_for_are_reported_and_not_waited_for() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    put(&numbers, [1, 2]);
    let start = Instant::now();
    let report = fabric.shutdown(PATIENCE).await;
    assert!(start.elapsed() < Duration::from_millis(100));
    assert_eq!(of(&report, "numbers").undelivered, 2);
    assert!(!report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn handles_still_held_are_named_with_their_creation_site() {
    let fabric = Fabric::new();
    let (numbers, opened) = (open(&fabric, "numbers", 0), line!());
    let (receiver, joined) = (numbers.join("workers"), line!());
    let (subscriber, subscribed) = (numbers.subscribe(), line!());
    let (tap, tapped) = (numbers.tap(), line!());
    let report = fabric.shutdown(PATIENCE).await;

    for handle in &report.held {
        assert_eq!(handle.channel, "numbers");
        assert!(handle.location.file().ends_with("shutdown.rs"), "{handle:?}");
    }
    let at = |line| {
        report.held.iter().find(|handle| handle.location.line() == line).unwrap_or_else(|| {
            panic!("no handle made in line {line}: {:?}", report.held);
        })
    };
    assert_eq!((at(joined).kind, at(joined).name.as_deref()), ("Receiver", Some("workers")));
    assert_eq!(at(subscribed).kind, "Subscriber");
    assert_eq!(at(tapped).kind, "LossySubscriber");
    let channel = report.held.iter().find(|handle| handle.kind == "Channel").expect("the sending handle");
    assert!(channel.location.line() < opened, "made in `open`, above");
    drop((receiver, subscriber, tap, numbers));
}

#[tokio::test(start_paused = true)]
async fn handles_that_are_gone_are_not_reported() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    drop((numbers.join("workers"), numbers.subscribe(), numbers.tap()));
    drop(numbers);
    let report = fabric.shutdown(PATIENCE).await;
    assert!(report.held.is_empty(), "{:?}", report.held);
    assert!(report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn readers_that_end_with_their_channel_are_not_reported_as_held() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    let news = fabric.broadcast::<Number>("news").open().unwrap();
    let (mut tap, mut reader) = (numbers.tap(), news.subscribe());
    tokio::spawn(async move { while tap.recv().await.is_some() {} });
    tokio::spawn(async move { while reader.recv().await.is_some() {} });
    drop((numbers, news));
    let report = fabric.shutdown(PATIENCE).await;
    assert!(report.held.is_empty(), "{:?}", report.held);
}

#[tokio::test(start_paused = true)]
async fn waiting_senders_get_their_message_back() {
    let fabric = Fabric::new();
    let numbers: Channel<Number> = fabric.channel("numbers").capacity(1).open().unwrap();
    let mut receiver = numbers.join("workers");
    put(&numbers, [1]);
    let sender = numbers.clone();
    let sending = tokio::spawn(async move { sender.send(Number(2)).await });
    tokio::task::yield_now().await;
    let closing = fabric.clone();
    let shutdown = tokio::spawn(async move { closing.shutdown(PATIENCE).await });
    assert_eq!(sending.await.unwrap(), Err(SendError(Number(2))));
    assert_eq!(take_all(&mut receiver), [1]);
    assert!(shutdown.await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn nothing_can_be_opened_after_the_shutdown() {
    let fabric = Fabric::new();
    let report = fabric.shutdown(PATIENCE).await;
    assert!(report.is_clean() && report.channels.is_empty());
    let refused = fabric.channel::<Number>("late").open().err();
    assert!(matches!(refused, Some(OpenError::Closed)), "{refused:?}");
    let refused = fabric.broadcast::<Number>("late").open().err();
    assert!(matches!(refused, Some(OpenError::Closed)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn broadcasts_close_too() {
    let fabric = Fabric::new();
    let events = fabric.broadcast::<Number>("events").capacity(4).open().unwrap();
    let mut subscriber = events.subscribe();
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        while let Some(Ok(number)) = subscriber.recv().await {
            heard.push(number.0);
        }
        heard
    });
    events.send(Number(1)).unwrap();
    let report = fabric.shutdown(PATIENCE).await;
    assert_eq!(events.send(Number(2)), Err(SendError(Number(2))));
    assert_eq!(heard.await.unwrap(), [1]);
    assert_eq!(of(&report, "events").info.sent, 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_shutdown_finds_nothing_to_wait_for() {
    let fabric = Fabric::new();
    let numbers = open(&fabric, "numbers", 0);
    work(numbers.join("workers"), Duration::ZERO);
    put(&numbers, 0..3);
    assert!(fabric.shutdown(PATIENCE).await.is_clean());
    let start = Instant::now();
    assert!(fabric.shutdown(PATIENCE).await.is_clean());
    assert!(start.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_group_of_the_same_name_as_a_removed_one_has_an_account_of_its_own() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Number>("jobs").open().unwrap();
    let mut before = jobs.join("w");
    put(&jobs, 0..3);
    let held = before.try_recv().unwrap();
    jobs.remove_group("w");
    let mut again = jobs.join("w");
    put(&jobs, 0..5);
    assert_eq!(take_all(&mut again).len(), 5);
    let report = fabric.shutdown(Duration::from_millis(20)).await;
    let groups: Vec<_> =
        report.channels[0].readers.iter().map(|it| (&*it.name, it.drained, it.in_flight)).collect();
    assert_eq!(groups, [("w", 0, 0), ("w", 0, 1)]);
    drop(held);
}

#[test]
fn readers_that_come_and_go_after_the_close_leave_nothing_behind() {
    let channel = channel(4);
    put(&channel, 0..2);
    channel.close();
    for _ in 0..5000 {
        drop(channel.subscribe());
        drop(channel.tap());
        drop(channel.group("passing").ephemeral().join().unwrap());
    }
    assert!(channel.info().readers.len() < 1100);
}

// ---- what the limit ends

const SHORT: Duration = Duration::from_millis(5);

fn open_patient(fabric: &Fabric, name: &str) -> Channel<Number> {
    fabric.channel(name).capacity(1).no_default_timeout().open().unwrap()
}

#[tokio::test(start_paused = true)]
async fn when_a_shutdown_returns_every_wait_for_room_has_ended() {
    let fabric = Fabric::new();
    let full = open_patient(&fabric, "full");
    let mut worker = full.join("workers");
    put(&full, [0]);
    let mut batch = vec![Number(2)];
    let mut send = task::spawn(full.send(Number(1)));
    let mut send_many = task::spawn(full.send_many(&mut batch));
    let mut reserve = task::spawn(full.reserve());
    let mut reserve_owned = task::spawn(full.clone().reserve_owned());
    let mut request = task::spawn(full.request(Number(3)));
    let mut closed = task::spawn(full.closed());
    park(&mut send);
    park(&mut send_many);
    park(&mut reserve);
    park(&mut reserve_owned);
    park(&mut request);
    park(&mut closed);
    let report = fabric.shutdown(SHORT).await;
    assert_eq!(woken(&mut send), Err(SendError(Number(1))));
    assert_eq!(woken(&mut send_many), Err(Closed));
    assert_eq!(woken(&mut reserve).err(), Some(Closed));
    assert_eq!(woken(&mut reserve_owned).err(), Some(Closed));
    assert_eq!(woken(&mut request), Err(RequestError::Closed));
    woken(&mut closed);
    drop(send_many);
    assert_eq!(batch, [Number(2)]);
    assert_eq!((of(&report, "full").undelivered, of(&report, "full").permits), (1, 0));
    assert_eq!(take_all(&mut worker), [0], "whoever is there may still take what was sent");
}

#[tokio::test(start_paused = true)]
async fn when_a_shutdown_returns_every_request_without_a_deadline_has_ended() {
    let fabric = Fabric::new();
    let (unserved, queued, handled) = (
        open_patient(&fabric, "unserved"),
        open_patient(&fabric, "queued"),
        open_patient(&fabric, "handled"),
    );
    let (_idle, mut worker) = (queued.join("workers"), handled.join("workers"));
    let dead = fabric.channel::<Number>("dead").no_default_timeout().group("workers").open().unwrap();
    let mut without_group = task::spawn(unserved.request(Number(1)));
    let mut not_taken = task::spawn(queued.request(Number(2)));
    let mut in_flight = task::spawn(handled.request(Number(3)));
    let mut without_member = task::spawn(dead.request(Number(4)));
    park(&mut without_group);
    park(&mut not_taken);
    park(&mut in_flight);
    park(&mut without_member);
    let (_, responder) = worker.try_recv().unwrap().into_parts();
    let report = fabric.shutdown(SHORT).await;
    assert_eq!(woken(&mut without_group), Err(RequestError::Closed));
    assert_eq!(woken(&mut not_taken), Err(RequestError::Closed));
    assert_eq!(woken(&mut in_flight), Err(RequestError::Closed));
    let outcome = woken(&mut without_member);
    assert!(matches!(outcome, Err(RequestError::Closed | RequestError::Unanswered)), "{outcome:?}");
    assert_eq!(responder.send(9), ReplyOutcome::TooLate(9));
    assert_eq!((of(&report, "queued").undelivered, of(&report, "handled").in_flight), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn when_a_shutdown_returns_readers_have_their_end_though_a_permit_is_out() {
    let fabric = Fabric::new();
    let (numbers, others) = (open(&fabric, "numbers", 0), open(&fabric, "others", 0));
    let (mut member, mut other) = (numbers.join("workers"), numbers.join("workers"));
    let (mut subscriber, mut tap) = (numbers.subscribe(), numbers.tap());
    let permits = (numbers.try_reserve().unwrap(), numbers.clone().reserve_owned().await.unwrap());
    let mut recv = task::spawn(member.recv());
    let mut recv_other = task::spawn(other.recv());
    let mut read = task::spawn(subscriber.recv());
    let mut hear = task::spawn(tap.recv());
    park(&mut recv);
    park(&mut recv_other);
    park(&mut read);
    park(&mut hear);
    let start = Instant::now();
    let report = fabric.shutdown(SHORT).await;
    assert!(start.elapsed() >= SHORT, "it waits for the permits: {:?}", start.elapsed());
    assert!(woken(&mut recv).is_none() && woken(&mut recv_other).is_none());
    assert_eq!((woken(&mut read), woken(&mut hear)), (None, None));
    drop((recv, read));
    assert_eq!(member.try_recv().err(), Some(TryRecvError::Closed));
    assert_eq!(subscriber.try_recv().err(), Some(TryRecvError::Closed));

    assert!(!report.is_clean(), "{report:?}");
    let permits_of = |name| (of(&report, name).permits, of(&report, name).info.permits);
    assert_eq!((permits_of("numbers"), permits_of("others")), ((2, 2), (0, 0)));
    assert_eq!((of(&report, "numbers").undelivered, of(&report, "numbers").in_flight), (0, 0));
    drop(permits);
    assert!(fabric.shutdown(SHORT).await.is_clean());
    drop(others);
}

#[tokio::test(start_paused = true)]
async fn what_begins_to_wait_after_a_shutdown_ends_at_once() {
    let fabric = Fabric::new();
    let numbers = open_patient(&fabric, "numbers");
    let mut receiver = numbers.join("workers");
    let permit = numbers.try_reserve().unwrap();
    fabric.shutdown(SHORT).await;
    assert_eq!(ready(&mut task::spawn(numbers.send(Number(1)))), Err(SendError(Number(1))));
    assert_eq!(ready(&mut task::spawn(numbers.reserve())).err(), Some(Closed));
    assert_eq!(ready(&mut task::spawn(numbers.request(Number(1)))), Err(RequestError::Closed));
    ready(&mut task::spawn(numbers.closed()));
    assert!(ready(&mut task::spawn(receiver.recv())).is_none());
    assert!(ready(&mut task::spawn(numbers.join("late").recv())).is_none());
    assert_eq!(ready(&mut task::spawn(numbers.subscribe().recv())), None);
    drop(permit);
}

#[test]
fn what_a_permit_sends_after_a_shutdown_is_warned_of_and_counted() {
    let warnings = logged(LevelFilter::WARN, || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let fabric = Fabric::new();
            let (read, unread) = (open(&fabric, "read", 0), open(&fabric, "unread", 0));
            let mut receiver = read.join("workers");
            let permits = (read.try_reserve().unwrap(), unread.try_reserve().unwrap());
            assert!(!fabric.shutdown(SHORT).await.is_clean());
            permits.0.send(Number(1));
            permits.1.send(Number(2));
            assert_eq!(take_all(&mut receiver), [1], "whoever still reads gets it");
            assert_eq!((unread.info().sent, unread.info().unclaimed), (1, 1));
            let report = fabric.shutdown(SHORT).await;
            assert_eq!((of(&report, "read").undelivered, of(&report, "unread").undelivered), (0, 1));
            assert!(!report.is_clean());
        });
    });
    let told: Vec<_> = warnings.lines().filter(|line| line.contains("permit")).collect();
    assert_eq!(told.len(), 2, "{warnings}");
    assert!(told[0].contains(r#"channel="read""#) && told[1].contains(r#"channel="unread""#), "{warnings}");
}

#[tokio::test(start_paused = true)]
async fn messages_that_hold_handles_of_their_own_channel_are_dropped_by_the_shutdown() {
    #[derive(Clone)]
    #[expect(dead_code, reason = "what is held is the point")]
    struct Homing(Channel<Homing>, Arc<()>);
    impl Message for Homing {
        type Reply = NoReply;
    }
    let fabric = Fabric::new();
    let alive = Arc::new(());
    for (name, group) in [("declared", Some("workers")), ("left", None), ("for the first", None)] {
        let builder = fabric.channel::<Homing>(name);
        let channel = match group {
            Some(group) => builder.group(group),
            None => builder,
        };
        let channel = channel.open().unwrap();
        if name == "left" {
            drop(channel.join("workers"));
        }
        for _ in 0..2 {
            channel.send(Homing(channel.clone(), Arc::clone(&alive))).await.ok().unwrap();
        }
    }
    assert_eq!(Arc::strong_count(&alive), 1 + 6);
    let report = fabric.shutdown(SHORT).await;
    let undelivered: Vec<_> = report.channels.iter().map(|channel| channel.undelivered).collect();
    assert_eq!(undelivered, [2, 2, 2]);
    assert_eq!(Arc::strong_count(&alive), 1, "nobody can come for them any more");
    assert!(fabric.shutdown(SHORT).await.held.is_empty());
}
