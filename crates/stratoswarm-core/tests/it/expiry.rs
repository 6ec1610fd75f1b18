//! Messages that are good for a while.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, hear_all, park, read_all, ready, take_all},
};
use std::time::Duration;
use stratoswarm_core::{AckPolicy, Channel, Fabric, Priority, TryRecvError};
use tokio::time::{Instant, advance, sleep};
use tokio_test::task;

const MS: Duration = Duration::from_millis(1);

/// One whose messages expire by themselves after so long, or none do.
fn channel(ttl: Option<Duration>, capacity: usize) -> Channel<Number> {
    let fabric = Fabric::new();
    let builder = fabric.channel("numbers").capacity(capacity);
    ttl.map_or(fabric.channel("numbers").capacity(capacity), |ttl| builder.ttl(ttl)).open().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_handed_to_no_lossless_reader_and_never_early() {
    for default in [true, false] {
        let channel = channel(default.then_some(10 * MS), 8);
        let (mut worker, mut subscriber) = (channel.join("workers"), channel.subscribe());
        let mut tap = channel.tap();
        for number in 0..3 {
            if default {
                channel.send(Number(number)).await.unwrap();
            } else {
                channel.send(Number(number)).ttl(10 * MS).await.unwrap();
            }
            advance(MS).await;
        }
        let delivery = worker.try_recv().unwrap();
        assert_eq!(delivery.deadline(), Some(Instant::now() + 7 * MS));
        assert!(!delivery.is_request());
        assert_eq!(subscriber.try_recv().map(|number| number.0), Ok(0), "and has the others in its inbox");
        advance(7 * MS).await; // 10 after the first
        channel.send(Number(3)).ttl(Duration::from_secs(1)).await.unwrap();
        advance(MS).await;
        assert_eq!(worker.try_recv().map(|delivery| delivery.0), Ok(2), "1 expired at this moment");
        advance(MS).await;
        assert_eq!(take_all(&mut worker), [3]);
        assert_eq!(read_all(&mut subscriber), [3]);
        assert_eq!(hear_all(&mut tap), [0, 1, 2, 3], "a tap looks on");
        let info = channel.info();
        assert_eq!(info.readers.iter().map(|reader| reader.skipped.expired).collect::<Vec<_>>(), [1, 2, 0]);
        assert_balanced(&info);
        delivery.into_message(); // was not called back
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_leaves_out_what_has_expired() {
    let channel = channel(None, 8);
    let (mut worker, mut subscriber) = (channel.join("workers"), channel.subscribe());
    for number in 0..6 {
        let ttl = if number % 2 == 0 { MS } else { 10 * MS };
        channel.send(Number(number)).ttl(ttl).await.unwrap();
    }
    advance(MS).await;
    let (mut deliveries, mut messages) = (Vec::new(), Vec::new());
    assert_eq!(worker.recv_many(&mut deliveries, 8).await, 3);
    assert_eq!(subscriber.recv_many(&mut messages, 8).await, 3);
    assert_eq!(messages, [Number(1), Number(3), Number(5)]);
    assert_balanced(&channel.info());
}

#[tokio::test(start_paused = true)]
async fn its_place_is_free_once_a_sender_finds_no_other() {
    for (readers, ttl) in [(0, None), (1, None), (2, None), (1, Some(5 * MS))] {
        let channel = channel(ttl, 2);
        let worker = (readers > 0).then(|| channel.join("workers"));
        let subscriber = (readers > 1).then(|| channel.subscribe());
        channel.send(Number(0)).ttl(5 * MS).await.unwrap();
        channel.send(Number(1)).ttl(Duration::from_secs(9)).await.unwrap();
        assert!(channel.try_send(Number(2)).is_err(), "{readers} readers");
        advance(5 * MS).await;
        assert_eq!(channel.try_send(Number(2)), Ok(()), "{readers} readers");
        assert!(channel.try_send(Number(3)).is_err());
        drop((worker, subscriber));
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_waits_gets_the_place_at_that_time() {
    let laned = Fabric::new().channel("numbers").capacity(1).lane(Priority::Low, 1).open().unwrap();
    for channel in [channel(None, 1), channel(Some(9 * MS), 1), laned] {
        let mut worker = channel.join("workers");
        let started = Instant::now();
        channel.send(Number(0)).ttl(5 * MS).await.unwrap();
        let waiting = [channel.send(Number(1)), channel.send(Number(2))];
        let mut many = vec![Number(3)];
        let [first, second] = waiting;
        first.ttl(2 * MS).await.unwrap();
        assert!((5 * MS..7 * MS).contains(&started.elapsed()), "{:?}", started.elapsed());
        second.ttl(2 * MS).await.unwrap();
        assert!((7 * MS..9 * MS).contains(&started.elapsed()), "{:?}", started.elapsed());
        channel.send_many(&mut many).await.unwrap();
        assert!((9 * MS..12 * MS).contains(&started.elapsed()), "{:?}", started.elapsed());
        assert_eq!(take_all(&mut worker), [3]);
        assert_eq!(channel.info().readers[0].skipped.expired, 3);
    }
}

/// Three wait; the first two go as a reader takes, and one of them sends what expires before all that was there when the
/// third began to wait.
#[tokio::test(start_paused = true)]
async fn who_becomes_next_looks_again_at_what_expires_first() {
    for last_expires in [true, false] {
        let channel = channel(None, 2);
        let mut worker = channel.join("workers");
        channel.send(Number(0)).await.unwrap();
        channel.send(Number(1)).ttl(50 * MS).await.unwrap();
        let mut first = task::spawn(channel.send(Number(2)).ttl(5 * MS));
        let second = channel.send(Number(3));
        let mut second = task::spawn(if last_expires { second.ttl(9 * MS) } else { second.ttl(90 * MS) });
        let mut third = task::spawn(channel.send(Number(4)));
        park(&mut first);
        park(&mut second);
        park(&mut third);
        assert_eq!(worker.try_recv().unwrap().0, 0);
        assert_eq!(ready(&mut first), Ok(()));
        assert!(second.is_woken(), "it is next, and what expires first is new");
        park(&mut second);
        assert_eq!(worker.try_recv().unwrap().0, 1);
        assert_eq!(ready(&mut second), Ok(()));
        let started = Instant::now();
        third.await.unwrap();
        assert!((5 * MS..7 * MS).contains(&started.elapsed()), "{:?}", started.elapsed());
        assert_eq!(take_all(&mut worker), [3, 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_room_when_all_has_expired_that_will_sleeps_on() {
    let channel = channel(None, 1);
    let mut worker = channel.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    let mut subscriber = channel.subscribe();
    channel.send(Number(0)).ttl(5 * MS).await.unwrap();
    let (_, ack) = worker.try_recv().unwrap().into_acked();
    let mut waiting = task::spawn(channel.send(Number(1)));
    park(&mut waiting);
    advance(7 * MS).await;
    park(&mut waiting); // what is in flight keeps its place, and nothing else is to expire
    ack.ack();
    assert_eq!(ready(&mut waiting), Ok(()));
    assert_eq!(read_all(&mut subscriber), [1]);
    assert_balanced(&channel.info());
}

#[tokio::test(start_paused = true)]
async fn who_is_next_as_another_gives_up_looks_again_too() {
    let channel = channel(None, 1);
    let worker = channel.join("workers");
    channel.send(Number(0)).ttl(5 * MS).await.unwrap();
    let mut first = task::spawn(channel.send(Number(1)));
    let mut second = task::spawn(channel.send(Number(2)));
    park(&mut first);
    park(&mut second);
    drop(first);
    assert!(second.is_woken());
    let started = Instant::now();
    second.await.unwrap();
    assert!((5 * MS..7 * MS).contains(&started.elapsed()));
    drop(worker);
}

#[tokio::test(start_paused = true)]
async fn permits_and_requests_wait_for_an_expiry_too() {
    let channel = channel(None, 1);
    let mut worker = channel.join("workers");
    channel.send(Number(0)).ttl(5 * MS).await.unwrap();
    drop(channel.reserve().await.unwrap());
    channel.send(Number(1)).ttl(5 * MS).await.unwrap();
    let serving = async {
        sleep(5 * MS).await;
        let delivery = worker.recv().await.unwrap();
        assert_eq!(delivery.0, 2);
        delivery.reply(4)
    };
    let (reply, _) = tokio::join!(channel.request(Number(2)), serving);
    assert_eq!(reply, Ok(4));
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_takes_his_timer_along_and_the_next_has_his_own() {
    let channel = channel(None, 1);
    let worker = channel.join("workers");
    channel.send(Number(0)).ttl(5 * MS).await.unwrap();
    let mut first = task::spawn(channel.send(Number(1)));
    park(&mut first);
    let started = Instant::now();
    let second = channel.send(Number(2));
    let (sent, ()) = tokio::join!(second, async { drop(first) });
    sent.unwrap();
    assert!((5 * MS..7 * MS).contains(&started.elapsed()));
    drop(worker);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_good_no_longer_than_what_it_is_sent_for() {
    let (channel, inner) = (channel(None, 4), channel(Some(Duration::from_secs(1)), 4));
    let (mut worker, mut helper) = (channel.join("workers"), inner.join("helpers"));
    let mut asking = task::spawn(channel.request(Number(0)).timeout(10 * MS));
    park(&mut asking);
    channel.send(Number(1)).await.unwrap();
    let (request, plain) = (worker.try_recv().unwrap(), worker.try_recv().unwrap());
    inner.send(Number(0)).within(&request).await.unwrap();
    inner.send(Number(1)).within(&plain).await.unwrap();
    inner.send(Number(2)).ttl(MS).within(&request).await.unwrap();
    let now = Instant::now();
    let deadlines: Vec<_> = helper.try_iter().map(|delivery| delivery.deadline().unwrap() - now).collect();
    assert_eq!(deadlines, [10 * MS, Duration::from_secs(1), MS]);
    advance(10 * MS).await;
    inner.send(Number(3)).within(&request).await.unwrap();
    assert_eq!(helper.try_recv().err(), Some(TryRecvError::Empty), "it is over before it begins");
    assert_balanced(&inner.info());
}

#[tokio::test(start_paused = true)]
async fn an_expired_message_takes_no_turn_of_its_lane() {
    let fabric = Fabric::new();
    let builder = fabric.channel::<Number>("numbers").lane(Priority::Critical, 9);
    let channel = builder.max_bypass(1).open().unwrap();
    let mut worker = channel.join("workers");
    for number in 0..3 {
        channel.send(Number(number)).ttl(MS).await.unwrap();
    }
    channel.send(Number(3)).await.unwrap();
    for number in 10..13 {
        channel.send(Number(number)).priority(Priority::Critical).await.unwrap();
    }
    advance(MS).await;
    assert_eq!(take_all(&mut worker), [10, 3, 11, 12]);
}

#[tokio::test(start_paused = true)]
async fn a_late_reader_is_given_what_is_good_still() {
    let channel = channel(None, 4);
    let (first, mut subscriber) = (channel.join("first"), channel.subscribe());
    channel.send(Number(0)).ttl(MS).await.unwrap();
    channel.send(Number(1)).ttl(5 * MS).await.unwrap();
    channel.send(Number(2)).ttl(9 * MS).await.unwrap();
    assert_eq!(subscriber.try_recv().unwrap().0, 0);
    let mut late = channel.group("late").from_oldest().join().unwrap();
    advance(5 * MS).await;
    assert_eq!(take_all(&mut late), [2], "they expire for it as for the others");
    assert_balanced(&channel.info());
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_tap_that_is_alone_with_messages_that_expire_gets_them() {
    let channel = channel(None, 4);
    let (mut worker, mut tap) = (channel.join("workers"), channel.tap());
    for number in 0..3 {
        channel.send(Number(number)).ttl(MS).await.unwrap();
    }
    assert_eq!(take_all(&mut worker), [0, 1, 2]);
    advance(MS).await;
    assert_eq!(hear_all(&mut tap), [0, 1, 2]);
    assert_balanced(&channel.info());
}

#[test]
fn a_blocked_thread_gets_the_place_too() {
    let channel = channel(None, 1);
    let worker = channel.join("workers");
    channel.send(Number(0)).ttl(5 * MS).blocking().unwrap();
    channel.blocking_send(Number(1)).unwrap(); // by the system's clock
    assert_eq!(channel.len(), 1);
    drop(worker);
}
