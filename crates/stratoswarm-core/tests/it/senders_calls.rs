//! Several places at once, sends with a timeout, owned permits; and what a producer learns of its consumers.

use std::{sync::Arc, time::Duration};

use crate::fixtures::{Number, broadcast, channel, logged, park, put, ready, take, woken};
use stratoswarm_core::{
    Channel, Fabric, Message, RequestError, ReserveManyError, SendTimeoutError, TrySendError, WaitKind,
    WaitState,
};
use tokio_test::task;
use tracing_subscriber::filter::LevelFilter;

// ---- several places

#[test]
fn several_places_come_all_at_once_or_not_at_all() {
    let channel = channel(4);
    let mut worker = channel.join("workers");
    put(&channel, 0..2);
    assert!(matches!(channel.try_reserve_many(3), Err(TrySendError::Full(()))));
    let mut three = task::spawn(channel.reserve_many(3));
    park(&mut three);
    let mut one = task::spawn(channel.send(Number(9)));
    park(&mut one);
    assert_eq!(channel.try_send(Number(8)), Err(TrySendError::Full(Number(8))), "nobody overtakes who waits");
    assert_eq!(take(&mut worker), 0);
    let permits = woken(&mut three).unwrap();
    assert!(!one.is_woken());
    assert_eq!((permits.len(), channel.info().permits), (3, 3));
    assert_eq!(take(&mut worker), 1);
    ready(&mut one).unwrap();
    for (permit, number) in permits.zip(2..) {
        permit.send(Number(number));
    }
    assert_eq!([take(&mut worker), take(&mut worker), take(&mut worker), take(&mut worker)], [9, 2, 3, 4]);
}

#[test]
fn who_asks_for_many_holds_up_those_behind_it() {
    let channel = channel(3);
    let mut worker = channel.join("workers");
    put(&channel, 0..3);
    let mut three = task::spawn(channel.reserve_many(3));
    park(&mut three);
    let mut behind = task::spawn(channel.send(Number(9)));
    park(&mut behind);
    assert_eq!([take(&mut worker), take(&mut worker)], [0, 1]);
    assert!(!three.is_woken() && !behind.is_woken(), "two are free, and three are waited for");
    drop(three);
    woken(&mut behind).unwrap();
    channel.try_send(Number(10)).unwrap();
    assert_eq!(channel.len(), 3);
}

#[test]
fn places_that_are_granted_and_not_taken_are_seen_and_given_back() {
    let channel = channel(3);
    let mut worker = channel.join("workers");
    put(&channel, 0..3);
    let mut two = task::spawn(channel.reserve_many(2));
    park(&mut two);
    assert_eq!([take(&mut worker), take(&mut worker)], [0, 1]);
    let info = channel.info();
    assert_eq!((info.len, info.granted, info.blocked_senders), (1, 2, 0));
    assert!(info.waits.iter().any(|it| it.kind == WaitKind::Reserve && it.state == WaitState::Granted));
    assert!(channel.try_send(Number(9)).is_err(), "they are somebody's");
    drop(two);
    put(&channel, 3..5);
    assert_eq!((channel.len(), channel.info().granted), (3, 0));
}

#[test]
fn more_places_than_there_are_is_an_error_at_once() {
    let channel = channel(2);
    let refused = ready(&mut task::spawn(channel.reserve_many(3))).unwrap_err();
    assert_eq!(refused, ReserveManyError::TooMany { asked: 3, capacity: 2 });
    assert!(refused.to_string().contains("at most"), "{refused}");
    assert_eq!(ready(&mut task::spawn(channel.reserve_many(0))).unwrap().len(), 0);
    channel.close();
    assert_eq!(ready(&mut task::spawn(channel.reserve_many(2))).err(), Some(ReserveManyError::Closed));
    assert!(matches!(channel.try_reserve_many(1), Err(TrySendError::Closed(()))));
}

#[test]
fn several_places_are_refused_at_the_close_and_stay_valid_after_it() {
    let channel = channel(2);
    let mut worker = channel.join("workers");
    let mut permits = ready(&mut task::spawn(channel.reserve_many(2))).unwrap();
    let mut waiting = task::spawn(channel.reserve_many(2));
    park(&mut waiting);
    channel.close();
    assert_eq!(woken(&mut waiting).err(), Some(ReserveManyError::Closed));
    permits.next().unwrap().send(Number(1));
    drop(permits);
    assert_eq!(take(&mut worker), 1);
    assert!(worker.try_recv().is_err_and(|error| error == stratoswarm_core::TryRecvError::Closed));
}

// ---- timeouts, owned permits

#[tokio::test(start_paused = true)]
async fn a_send_whose_time_is_over_gives_its_message_and_its_place_back() {
    let channel = channel(1);
    let mut worker = channel.join("workers");
    let second = Duration::from_secs(1);
    channel.send_timeout(Number(0), Duration::ZERO).await.unwrap();
    assert_eq!(channel.send_timeout(Number(1), second).await, Err(SendTimeoutError::Timeout(Number(1))));
    assert_eq!(channel.info().blocked_senders, 0);
    let (sent, taken) = tokio::join!(channel.send_timeout(Number(2), second), worker.recv());
    assert_eq!((sent, taken.unwrap().0), (Ok(()), 0));
    channel.close();
    assert_eq!(channel.send_timeout(Number(3), second).await, Err(SendTimeoutError::Closed(Number(3))));
}

#[test]
fn an_owned_permit_that_is_released_gives_its_place_and_its_handle_back() {
    let channel = channel(1);
    let permit = channel.clone().try_reserve_owned().unwrap();
    let refused = channel.clone().try_reserve_owned().unwrap_err();
    assert!(matches!(&refused, TrySendError::Full(handle) if handle.same_channel(&channel)));
    drop(refused);
    let mut waiting = task::spawn(channel.send(Number(1)));
    park(&mut waiting);
    let handle = permit.release();
    woken(&mut waiting).unwrap();
    assert!(handle.same_channel(&channel));
    channel.close();
    assert!(matches!(handle.try_reserve_owned(), Err(TrySendError::Closed(_))));
}

// ---- nobody reads any more

#[derive(Debug, Clone)]
struct Question(#[allow(dead_code, reason = "held, to be counted")] Arc<()>);

impl Message for Question {
    type Reply = ();
}

fn closing_channel() -> Channel<Number> {
    Fabric::new().channel("numbers").capacity(1).close_with_last_reader().open().unwrap()
}

#[test]
fn a_channel_that_closes_with_its_last_reader_gives_the_messages_back() {
    let channel = closing_channel();
    put(&channel, [0]); // kept for the first to come
    assert!(!channel.is_closed(), "there was none yet");
    let (worker, subscriber) = (channel.join("workers"), channel.subscribe());
    let tap = channel.tap();
    let mut waiting = task::spawn(channel.send(Number(1)));
    park(&mut waiting);
    drop(worker);
    assert!(!channel.is_closed(), "a subscriber reads, too");
    drop(subscriber);
    assert!(channel.is_closed(), "a tap only looks on");
    drop((tap, waiting));
}

#[test]
fn a_sender_that_waits_gets_its_message_back_when_the_last_reader_goes() {
    let channel = closing_channel();
    let worker = channel.join("workers");
    put(&channel, [0]);
    let mut waiting = task::spawn(channel.send(Number(1)));
    park(&mut waiting);
    drop(worker);
    assert_eq!(woken(&mut waiting).unwrap_err().0, Number(1));
    assert_eq!(channel.try_send(Number(2)), Err(TrySendError::Closed(Number(2))));
}

#[tokio::test]
async fn what_was_accepted_goes_with_the_last_reader_and_callers_are_told() {
    let fabric = Fabric::new();
    let questions = fabric.channel::<Question>("questions").close_with_last_reader().no_default_timeout();
    let questions = questions.open().unwrap();
    let worker = questions.join("workers");
    let resource = Arc::new(());
    questions.try_send(Question(Arc::clone(&resource))).unwrap();
    let mut asking = task::spawn(questions.request(Question(Arc::clone(&resource))));
    park(&mut asking);
    drop(worker);
    assert_eq!(woken(&mut asking), Err(RequestError::Unanswered));
    assert_eq!(Arc::strong_count(&resource), 1, "nobody comes for them");
    let info = questions.info();
    assert_eq!((info.len, info.readers.len(), info.readers[0].left), (0, 1, 2), "{info:?}");
}

#[test]
fn no_places_are_always_there() {
    let channel = channel(1);
    put(&channel, [0]);
    let mut waiting = task::spawn(channel.send(Number(1)));
    park(&mut waiting);
    assert_eq!(channel.try_reserve_many(0).unwrap().len(), 0);
    assert_eq!(ready(&mut task::spawn(channel.reserve_many(0))).unwrap().len(), 0);
    channel.close();
    assert!(channel.try_reserve_many(0).is_err());
    assert!(ready(&mut task::spawn(channel.reserve_many(0))).is_err());
}

#[test]
fn an_option_that_was_stated_otherwise_is_a_conflict() {
    let fabric = Fabric::new();
    let _channel = fabric.channel::<Number>("numbers").open().unwrap();
    let refused = fabric.channel::<Number>("numbers").close_with_last_reader().open().unwrap_err();
    assert!(refused.to_string().contains("closed with its last reader"), "{refused}");
}

#[test]
fn a_producer_learns_that_its_consumers_are_gone() {
    let channel = channel(1);
    let mut gone = task::spawn(channel.readers_gone());
    park(&mut gone); // there was none yet
    let (worker, subscriber, _tap) = (channel.join("workers"), channel.subscribe(), channel.tap());
    drop(worker);
    park(&mut gone);
    assert!(channel.info().waits.iter().all(|it| it.kind != WaitKind::Closed));
    drop(subscriber);
    woken(&mut gone); // a tap only looks on
    ready(&mut task::spawn(channel.readers_gone()));
    let _back = channel.subscribe();
    park(&mut task::spawn(channel.readers_gone()));
}

#[test]
fn members_of_a_group_that_is_removed_do_not_read_any_more() {
    let channel = channel(1);
    let worker = channel.join("workers");
    let mut gone = task::spawn(channel.readers_gone());
    park(&mut gone);
    channel.remove_group("workers");
    woken(&mut gone);
    drop(worker); // is not counted twice
    let _subscriber = channel.subscribe();
    park(&mut task::spawn(channel.readers_gone()));
}

#[test]
fn waiting_for_the_readers_to_go_ends_with_the_close() {
    let broadcast = broadcast(1);
    let _reader = broadcast.subscribe();
    let mut gone = task::spawn(broadcast.readers_gone());
    park(&mut gone);
    broadcast.close();
    woken(&mut gone);
}

#[test]
fn a_stall_that_nobody_reads_is_warned_about_once() {
    let log = logged(LevelFilter::WARN, || {
        let channel = channel(1);
        drop(channel.subscribe());
        put(&channel, [1]);
        for number in 2..5 {
            park(&mut task::spawn(channel.send(Number(number))));
        }
    });
    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    assert!(log.contains("nobody is there to read"), "{log}");
}

#[test]
fn a_request_that_no_group_serves_is_warned_about_once() {
    let log = logged(LevelFilter::WARN, || {
        let channel = channel(1);
        for number in 0..3 {
            park(&mut task::spawn(channel.request(Number(number))));
        }
    });
    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    assert!(log.contains("no group to serve it"), "{log}");
}

#[test]
fn a_group_that_was_not_declared_beside_declared_ones_is_warned_about() {
    let log = logged(LevelFilter::WARN, || {
        let channel: Channel<Number> = Fabric::new().channel("numbers").group("workers").open().unwrap();
        let _members = (channel.join("workers"), channel.join("wrokers"), channel.join("wrokers"));
    });
    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    assert!(log.contains("wrokers") && log.contains("not among those declared"), "{log}");
}
