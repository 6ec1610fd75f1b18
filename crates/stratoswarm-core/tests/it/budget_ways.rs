//! Bytes: every way into a channel is charged, and every way out gives back.

use crate::{
    budget::{Load, bounded, is_full, of, put, take},
    fixtures::{park, ready, woken},
};
use std::time::Duration;
use stratoswarm_core::{
    AckPolicy, Budget, Channel, DeadLetter, Fabric, Priority, ReplyOutcome, RequestError, Settlement,
    TrySendError,
};
use tokio_test::task;

fn used(channel: &Channel<Load>) -> usize {
    channel.info().bytes
}

// ---- in

#[test]
fn a_batch_goes_in_as_bytes_are_free() {
    let loads = bounded(100);
    let mut worker = loads.join("workers");
    let mut batch: Vec<_> = [40, 50, 60, 10].map(Load).into();
    let mut send = task::spawn(loads.send_many(&mut batch));
    park(&mut send);
    assert_eq!(loads.len(), 2);
    assert_eq!(take(&mut worker), 40);
    park(&mut send);
    assert_eq!(take(&mut worker), 50);
    assert_eq!(woken(&mut send), Ok(()));
    drop(send);
    assert!(batch.is_empty());
    assert_eq!((take(&mut worker), take(&mut worker), used(&loads)), (60, 10, 0));

    let mut batch: Vec<_> = [90, 20, 5].map(Load).into();
    let mut send = task::spawn(loads.send_many(&mut batch));
    park(&mut send);
    drop(send);
    assert_eq!(batch, [Load(20), Load(5)], "what was not accepted is still there");
    assert_eq!(used(&loads), 90);
}

#[tokio::test(start_paused = true)]
async fn options_of_a_send_go_with_the_charge() {
    let loads: Channel<Load> =
        Fabric::new().channel("loads").lane(Priority::Critical, 4).max_bytes(100).open().unwrap();
    let mut worker = loads.join("workers");
    put(&loads, [70]);
    let mut urgent = task::spawn(loads.send(Load(40)).priority(Priority::Critical));
    park(&mut urgent);
    let mut short = task::spawn(loads.send(Load(5)).ttl(Duration::from_secs(1)));
    park(&mut short); // lanes share the bytes, in one line
    assert_eq!(take(&mut worker), 70);
    assert_eq!((woken(&mut urgent), woken(&mut short)), (Ok(()), Ok(())));
    assert_eq!(used(&loads), 45);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(take(&mut worker), 40);
    assert!(worker.try_recv().is_err());
    assert_eq!((used(&loads), loads.info().readers[0].skipped.expired), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_expired_message_frees_its_place_at_once_and_its_bytes_when_it_goes() {
    let loads: Channel<Load> =
        Fabric::new().channel("loads").capacity(1).ttl(Duration::from_secs(1)).max_bytes(100).open().unwrap();
    let mut worker = loads.join("workers");
    put(&loads, [60]);
    tokio::time::advance(Duration::from_secs(1)).await;
    put(&loads, [40]);
    assert_eq!((used(&loads), loads.len()), (100, 1));
    let mut send = task::spawn(loads.send(Load(1)));
    park(&mut send);
    assert_eq!(take(&mut worker), 40);
    assert_eq!(woken(&mut send), Ok(()));
    assert_eq!(used(&loads), 1);
}

#[test]
fn who_is_told_of_the_settlement_waits_for_bytes_first() {
    let loads = bounded(10);
    let mut worker = loads.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    put(&loads, [10]);
    let mut send = task::spawn(loads.send(Load(5)).settled());
    park(&mut send);
    worker.try_recv().unwrap().into_acked().1.ack();
    park(&mut send);
    assert_eq!(used(&loads), 5);
    worker.try_recv().unwrap().into_acked().1.ack();
    assert_eq!(woken(&mut send), Ok(Settlement::Acked));
    assert_eq!(used(&loads), 0);
}

#[tokio::test(start_paused = true)]
async fn requests_are_charged_until_every_reader_has_them() {
    let loads = bounded(100);
    assert_eq!(loads.try_request(Load(10)).await, Err(RequestError::Unserved));
    let mut unserved = task::spawn(loads.request(Load(30)));
    park(&mut unserved);
    assert_eq!(used(&loads), 0, "without a group it takes nothing");
    let (mut worker, mut other) = (loads.join("workers"), loads.join("others"));
    let mut subscriber = loads.subscribe();
    park(&mut unserved);
    assert_eq!(used(&loads), 30);
    let mut asking = task::spawn(loads.request(Load(80)));
    park(&mut asking);
    assert_eq!(loads.try_request(Load(80)).await, Err(RequestError::Full));

    let asked = worker.try_recv().unwrap();
    assert!(asked.is_request());
    assert_eq!(asked.reply(7), ReplyOutcome::Received);
    assert_eq!(woken(&mut unserved), Ok(7));
    assert_eq!(used(&loads), 30, "the others have not taken it");
    assert_eq!(other.try_recv().unwrap().reply(8), ReplyOutcome::TooLate(8));
    assert_eq!(used(&loads), 30, "nor has the subscriber");
    assert_eq!(subscriber.try_recv(), Ok(Load(30)));
    park(&mut asking);
    assert_eq!(used(&loads), 80);
    drop(asking); // nobody waits for the answer: it goes as it is passed
    assert_eq!(subscriber.try_recv(), Ok(Load(80)));
    assert!(worker.try_recv().is_err() && other.try_recv().is_err());
    assert_eq!(used(&loads), 0);
}

#[test]
fn in_whatever_order_readers_take_a_request_it_is_charged_until_the_last() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (order, lanes) in orders.into_iter().flat_map(|order| [(order, false), (order, true)]) {
        let fabric = Fabric::new();
        let builder = fabric.channel::<Load>("loads").max_bytes(100).no_default_timeout();
        let loads = if lanes { builder.lane(Priority::Critical, 3) } else { builder }.open().unwrap();
        let (mut first, mut second, mut subscriber) =
            (loads.join("first"), loads.join("second"), loads.subscribe());
        let mut asking = task::spawn(loads.request(Load(10)));
        park(&mut asking);
        put(&loads, [1]);
        for (taken, reader) in order.into_iter().enumerate() {
            assert_eq!(used(&loads), 11, "before reader {taken} of {order:?}");
            match reader {
                0 => {
                    let delivery = first.try_recv().unwrap();
                    assert!(delivery.is_request());
                    drop(delivery);
                    assert_eq!(take(&mut first), 1);
                }
                1 => {
                    assert!(second.try_recv().unwrap().is_request());
                    assert_eq!(take(&mut second), 1);
                }
                _ => assert_eq!((subscriber.try_recv(), subscriber.try_recv()), (Ok(Load(10)), Ok(Load(1)))),
            }
        }
        assert_eq!(used(&loads), 0, "{order:?}");
        assert_eq!(ready(&mut asking), Err(RequestError::Unanswered));
    }
}

#[test]
fn a_late_reader_from_the_oldest_has_its_share_in_the_charge() {
    let loads = bounded(100);
    let mut worker = loads.join("workers");
    let mut asking = task::spawn(loads.request(Load(10)));
    park(&mut asking);
    put(&loads, [20]);
    let mut late = loads.subscribe().from_oldest();
    let mut group = loads.group("late").from_oldest().join().unwrap();
    assert!(worker.try_recv().unwrap().is_request());
    assert_eq!(take(&mut worker), 20);
    assert_eq!(used(&loads), 30);
    assert!(group.try_recv().unwrap().is_request(), "what a subscriber has of it is not all");
    assert_eq!((take(&mut group), used(&loads)), (20, 30));
    assert_eq!((late.try_recv(), used(&loads)), (Ok(Load(10)), 20));
    assert_eq!((late.try_recv(), used(&loads)), (Ok(Load(20)), 0));
    assert_eq!(ready(&mut asking), Err(RequestError::Unanswered));
}

#[tokio::test(start_paused = true)]
async fn a_question_to_all_and_a_stream_are_charged_like_any_message() {
    let loads = bounded(100);
    let (mut first, mut second) = (loads.join("first"), loads.join("second"));
    put(&loads, [60]);
    let mut asking = task::spawn(loads.request_all(Load(50)));
    park(&mut asking);
    assert_eq!((take(&mut first), used(&loads)), (60, 60));
    assert_eq!(take(&mut second), 60);
    park(&mut asking);
    assert_eq!(used(&loads), 50);
    assert_eq!(first.try_recv().unwrap().reply(1), ReplyOutcome::Received);
    assert_eq!(used(&loads), 50);
    assert_eq!(second.try_recv().unwrap().reply(2), ReplyOutcome::Received);
    let replies = woken(&mut asking).unwrap().replies;
    assert_eq!((replies.len(), used(&loads)), (2, 0));

    loads.remove_group("second");
    put(&loads, [60]);
    let mut rows = loads.request_stream(Load(50));
    let mut row = task::spawn(rows.recv());
    park(&mut row);
    assert_eq!(take(&mut first), 60);
    park(&mut row);
    assert_eq!(used(&loads), 50);
    let mut out = first.try_recv().unwrap().into_parts().1.into_stream();
    assert_eq!(used(&loads), 0, "taken, though not answered");
    assert_eq!(out.send(9).await, Ok(()));
    assert_eq!(woken(&mut row), Some(Ok(9)));
}

#[test]
fn of_a_question_to_all_each_part_is_charged_until_its_group_has_settled_it() {
    let loads = bounded(100);
    let acks = || AckPolicy::explicit();
    let mut first = loads.group("first").ack(acks()).join().unwrap();
    let second = loads.group("second").ack(acks()).join().unwrap();
    let mut asking = task::spawn(loads.request_all(Load(50)));
    park(&mut asking);
    drop(first.try_recv().unwrap()); // comes again
    assert_eq!(used(&loads), 50);
    assert_eq!(first.try_recv().unwrap().reply(1), ReplyOutcome::Received);
    assert_eq!(used(&loads), 50, "the other has not");
    loads.remove_group("second");
    drop(second);
    assert_eq!(used(&loads), 0);
    let gathered = woken(&mut asking).unwrap();
    assert_eq!((gathered.replies.len(), gathered.missing), (1, vec!["second".to_owned()]));
}

#[test]
fn a_request_that_waits_for_bytes_ends_with_its_caller_and_with_its_group() {
    let loads = bounded(100);
    let worker = loads.join("workers");
    put(&loads, [90]);
    let mut asking = task::spawn(loads.request(Load(20)));
    park(&mut asking);
    drop(asking);
    assert_eq!((loads.info().waits.len(), used(&loads)), (0, 90));
    let mut asking = task::spawn(loads.request(Load(20)));
    park(&mut asking);
    loads.remove_group("workers");
    drop(worker);
    assert_eq!(used(&loads), 20, "granted to the one that waits");
    let _ = asking.poll();
    assert_eq!((loads.info().unserved, used(&loads)), (1, 0), "it waits for a group, with nothing");
    let mut worker = loads.join("workers");
    park(&mut asking);
    let asked = worker.try_recv().unwrap();
    assert_eq!((asked.0, asked.reply(3)), (20, ReplyOutcome::Received));
    assert_eq!(woken(&mut asking), Ok(3));
    let mut asking = task::spawn(loads.request(Load(20)));
    put(&loads, [90]);
    park(&mut asking);
    loads.close();
    assert_eq!(woken(&mut asking), Err(RequestError::Closed));
    assert_eq!(used(&loads), 90);
}

#[test]
fn limited_handles_and_handles_that_take_turns_are_charged_as_well() {
    let loads: Channel<Load> = Fabric::new().channel("loads").fair_senders().max_bytes(100).open().unwrap();
    let mut worker = loads.join("workers");
    let limited = loads.with_credit(2);
    limited.try_send(Load(60)).unwrap();
    assert_eq!(limited.try_send(Load(50)), Err(TrySendError::Full(Load(50))));
    assert_eq!(limited.waiting(), 1);
    let mut send = task::spawn(limited.send(Load(50)));
    park(&mut send);
    assert_eq!(limited.waiting(), 2, "it has its credit, and waits for bytes");
    let other = loads.clone();
    let mut second = task::spawn(other.send(Load(10)));
    park(&mut second);
    assert_eq!(take(&mut worker), 60);
    assert_eq!((woken(&mut send), woken(&mut second)), (Ok(()), Ok(())));
    assert_eq!((limited.waiting(), used(&loads)), (1, 60));
    assert_eq!((take(&mut worker), take(&mut worker)), (50, 10));
    assert_eq!((limited.waiting(), used(&loads)), (0, 0));
}

// ---- permits

#[test]
fn a_permit_is_charged_the_size_of_its_message_and_what_that_weighs_later() {
    let size = size_of::<Load>();
    let loads = bounded(100);
    let mut worker = loads.join("workers");
    let permit = loads.try_reserve().unwrap();
    assert_eq!(used(&loads), size);
    permit.send(Load(95));
    assert_eq!(used(&loads), 95);
    assert!(loads.try_reserve().is_err(), "there is no room for another");
    let mut reserving = task::spawn(loads.reserve());
    park(&mut reserving);
    assert_eq!(take(&mut worker), 95);
    let permit = woken(&mut reserving).unwrap();
    put(&loads, [100 - size]);
    permit.send(Load(40)); // it cannot wait: too much by what it weighs more
    assert_eq!(used(&loads), 140 - size);
    assert!(is_full(&loads, 1));
    assert_eq!(take(&mut worker), 100 - size);
    put(&loads, [60]);
    assert_eq!((take(&mut worker), take(&mut worker), used(&loads)), (40, 60, 0));

    drop(loads.try_reserve_many(3).unwrap());
    assert_eq!(used(&loads), 0);
    let mut several = task::spawn(loads.reserve_many(2));
    let mut permits = ready(&mut several).unwrap();
    permits.next().unwrap().send(Load(1));
    assert_eq!(used(&loads), 1 + size);
    drop(permits);
    assert_eq!(used(&loads), 1);
    let owned = loads.clone().try_reserve_owned().unwrap();
    assert_eq!(used(&loads), 1 + size);
    assert_eq!(used(&owned.send(Load(7))), 8);
}

#[test]
fn a_reservation_that_is_dropped_while_it_waits_for_bytes_keeps_nothing() {
    let loads: Channel<Load> = Fabric::new().channel("loads").capacity(3).max_bytes(100).open().unwrap();
    let mut worker = loads.join("workers");
    put(&loads, [100]);
    let mut reserving = task::spawn(loads.reserve_many(2));
    park(&mut reserving);
    let mut send = task::spawn(loads.send(Load(1)));
    park(&mut send);
    drop(reserving);
    park(&mut send);
    assert_eq!(take(&mut worker), 100);
    assert_eq!(woken(&mut send), Ok(()));
    assert_eq!((used(&loads), loads.info().granted, loads.info().permits), (1, 0, 0));
}

#[test]
fn a_permit_of_a_closed_channel_is_charged_until_it_is_used_or_dropped() {
    let budget = Budget::new("memory", 100);
    let (closed, other) = (of(&budget, "closed", 50), of(&budget, "other", 0));
    let mut worker = closed.join("workers");
    let (first, second) = (closed.try_reserve().unwrap(), closed.try_reserve().unwrap());
    closed.close();
    put(&other, [100 - 2 * size_of::<Load>()]);
    first.send(Load(20));
    assert_eq!(closed.info().bytes, 20 + size_of::<Load>());
    drop(second);
    assert_eq!((closed.info().bytes, take(&mut worker)), (20, 20));
    assert_eq!(closed.info().bytes, 0);
}

#[cfg(feature = "sink")]
#[test]
fn a_sink_waits_for_bytes() {
    use futures::Sink;
    let loads = bounded(100);
    let mut worker = loads.join("workers");
    let mut sink = std::pin::pin!(loads.clone().into_sink());
    let mut task = task::spawn(());
    let mut is_ready = |sink: std::pin::Pin<&mut stratoswarm_core::ChannelSink<Load>>| {
        task.enter(|cx, _| sink.poll_ready(cx)).is_ready()
    };
    for _ in 0..2 {
        assert!(is_ready(sink.as_mut()));
        sink.as_mut().start_send(Load(60)).unwrap(); // too much by less than one message
    }
    assert!(!is_ready(sink.as_mut()));
    assert_eq!((take(&mut worker), used(&loads)), (60, 60 + size_of::<Load>()), "for the next");
    assert!(is_ready(sink.as_mut()));
}

// ---- out

#[test]
fn all_that_hold_senders_must_have_taken_it_and_taps_have_no_say() {
    let loads = bounded(100);
    let (mut worker, mut subscriber, tap) = (loads.join("workers"), loads.subscribe(), loads.tap());
    let auditor = loads.join("auditors");
    put(&loads, [30, 40]);
    let (first, second) = (worker.try_recv().unwrap(), worker.try_recv().unwrap());
    assert_eq!((subscriber.try_recv(), subscriber.try_recv()), (Ok(Load(30)), Ok(Load(40))));
    assert_eq!(used(&loads), 70);
    loads.remove_group("auditors");
    assert_eq!(used(&loads), 0, "what is in hand, or only a tap has yet to see, takes none");
    drop((first, second, auditor, tap));
    put(&loads, [5]);
    drop(subscriber);
    assert_eq!((used(&loads), take(&mut worker), used(&loads)), (5, 5, 0));
    drop(worker);
    put(&loads, [6]);
    assert_eq!(used(&loads), 6, "kept for the next member");
    loads.remove_group("workers");
    assert_eq!(used(&loads), 0);
    put(&loads, [7]);
    assert_eq!(used(&loads), 7, "kept for the first to come");
    assert_eq!((take(&mut loads.join("workers")), used(&loads)), (7, 0));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_acknowledges_gives_back_as_it_settles() {
    let fabric = Fabric::new();
    let dead = fabric.channel::<DeadLetter<Load>>("dead").max_bytes(50).open().unwrap();
    let loads = fabric.channel::<Load>("loads").max_bytes(100).no_default_timeout().open().unwrap();
    let policy = AckPolicy::explicit().max_deliver(2);
    let mut worker = loads.group("workers").ack(policy).dead_letters(&dead).join().unwrap();
    put(&loads, [10, 20, 30]);
    let (first, second, third) =
        (worker.try_recv().unwrap(), worker.try_recv().unwrap(), worker.try_recv().unwrap());
    assert_eq!(used(&loads), 60);
    first.into_acked().1.ack();
    assert_eq!(used(&loads), 50);
    drop(second); // comes again
    assert_eq!(used(&loads), 50);
    third.into_acked().1.term("no use");
    assert_eq!((used(&loads), dead.info().bytes), (20, 30));
    drop(worker.try_recv().unwrap());
    assert_eq!((used(&loads), dead.info().bytes), (0, 50), "given up, and a dead letter");

    let mut asking = task::spawn(loads.request(Load(40)));
    park(&mut asking);
    let (load, reply) = worker.try_recv().unwrap().into_parts();
    assert_eq!((load, used(&loads)), (Load(40), 40));
    assert_eq!(reply.send(4), ReplyOutcome::Received);
    assert_eq!((woken(&mut asking), used(&loads)), (Ok(4), 0));
    put(&loads, [8]);
    let kept = worker.try_recv().unwrap();
    loads.remove_group("workers");
    assert_eq!(used(&loads), 0);
    drop(kept);
    assert_eq!(used(&loads), 0, "once is enough");
}

#[test]
fn a_group_with_keys_gives_back_as_it_hands_out() {
    for ordered in [true, false] {
        let loads = bounded(100);
        let group = loads.group("workers");
        let mut worker =
            if ordered { group.ordered_by(|load: &Load| load.0) } else { group.fair_by(|load| load.0) }
                .join()
                .unwrap();
        put(&loads, [10, 10, 20]);
        let first = worker.try_recv().unwrap();
        assert_eq!((first.0, used(&loads)), (10, 30));
        let second = worker.try_recv().unwrap();
        assert_eq!((second.0, used(&loads)), (20, 10));
        drop((first, second));
        assert_eq!((take(&mut worker), used(&loads)), (10, 0));
    }
}

#[test]
fn what_is_dropped_with_its_channel_is_given_back() {
    let budget = Budget::new("memory", 100);
    let fabric = Fabric::new();
    let loads = fabric.channel::<Load>("loads").budget(&budget, 0).close_with_last_reader().open().unwrap();
    let worker = loads.join("workers");
    put(&loads, [50]);
    drop(worker);
    assert_eq!(budget.used(), 0, "nobody comes for it");
    drop((loads, fabric));
    assert_eq!(budget.info().channels, []);
}

#[test]
fn a_message_whose_clone_panics_is_given_back_by_its_reader() {
    #[derive(Debug)]
    struct Fragile;
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            panic!("as the test wants it")
        }
    }
    impl stratoswarm_core::Message for Fragile {
        type Reply = ();
        fn weight(&self) -> usize {
            10
        }
    }
    crate::fixtures::panics(); // silences those that are wanted
    let channel = Fabric::new().channel::<Fragile>("fragile").max_bytes(10).open().unwrap();
    let (mut first, mut second) = (channel.join("first"), channel.join("second"));
    channel.try_send(Fragile).unwrap();
    assert!(first.try_recv().is_err(), "it gets none");
    assert!(second.try_recv().is_ok());
    assert_eq!(channel.info().bytes, 0);
}
