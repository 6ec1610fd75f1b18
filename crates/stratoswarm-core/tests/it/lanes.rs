//! Classes of traffic with room of their own.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, hear_all, park, ready},
};
use std::time::Duration;
use stratoswarm_core::{
    Channel, Fabric, LossySubscriber, Message, NoReply, OpenError, Priority, Receiver, ResizeError,
    Subscriber, TrySendError,
};
use tokio_test::task;

const ALL: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Normal, Priority::Low];

/// Capacities: critical 2, normal 3, low 4; high has no lane.
fn channel() -> Channel<Number> {
    laned(32)
}

fn laned(max_bypass: u32) -> Channel<Number> {
    let fabric = Fabric::new();
    let builder = fabric.channel("numbers").capacity(3).lane(Priority::Low, 4).lane(Priority::Critical, 2);
    builder.max_bypass(max_bypass).open().unwrap()
}

fn put(channel: &Channel<Number>, class: Priority, number: u64) -> bool {
    let mut sending = task::spawn(channel.send(Number(number)).priority(class));
    sending.poll().is_ready()
}

fn fill(channel: &Channel<Number>, class: Priority) -> u64 {
    (0..100).take_while(|number| put(channel, class, *number)).count() as u64
}

fn take(receiver: &mut Receiver<Number>) -> Option<u64> {
    receiver.try_recv().ok().map(|delivery| delivery.into_message().0)
}

fn read(subscriber: &mut Subscriber<Number>) -> Vec<u64> {
    subscriber.try_iter().map(|number| number.0).collect()
}

#[test]
fn each_lane_accepts_exactly_its_capacity_and_delays_no_other() {
    let channel = channel();
    let worker = channel.join("workers");
    assert_eq!(fill(&channel, Priority::Low), 4);
    assert_eq!(fill(&channel, Priority::Normal), 3);
    assert_eq!(fill(&channel, Priority::High), 0, "it shares Normal's, which is full");
    assert_eq!(fill(&channel, Priority::Critical), 2);
    assert_eq!((channel.len(), channel.capacity()), (9, 3));
    let lanes: Vec<_> =
        channel.info().lanes.iter().map(|lane| (lane.priority, lane.capacity, lane.len, lane.sent)).collect();
    assert_eq!(lanes, [(Priority::Critical, 2, 2, 2), (Priority::Normal, 3, 3, 3), (Priority::Low, 4, 4, 4)]);
    drop(worker);
}

#[test]
fn a_sender_waits_in_the_line_of_its_lane_alone() {
    let channel = channel();
    let mut worker = channel.join("workers");
    fill(&channel, Priority::Normal);
    let mut first = task::spawn(channel.send(Number(10)));
    let mut second = task::spawn(channel.send(Number(11)).priority(Priority::High));
    park(&mut first);
    park(&mut second);
    assert_eq!(fill(&channel, Priority::Critical), 2, "no line there");
    let info = channel.info();
    assert_eq!(
        (info.blocked_senders, info.lanes[0].blocked_senders, info.lanes[1].blocked_senders),
        (2, 0, 2)
    );
    assert!(take(&mut worker).is_some() && take(&mut worker).is_some());
    assert!(!first.is_woken(), "what went was critical");
    assert_eq!(take(&mut worker), Some(0));
    assert!(first.is_woken() && !second.is_woken(), "in turn");
    assert_eq!(ready(&mut first), Ok(()));
    assert_eq!(take(&mut worker), Some(1));
    assert_eq!(ready(&mut second), Ok(()));
    assert_balanced(&channel.info());
}

#[test]
fn the_most_urgent_comes_first_however_much_was_fetched_ahead() {
    let channel = channel();
    let mut worker = channel.join("workers");
    let mut subscriber = channel.subscribe();
    for number in 0..3 {
        assert!(put(&channel, Priority::Normal, number));
    }
    assert_eq!(take(&mut worker), Some(0), "the others are in its inbox from here on");
    assert!(put(&channel, Priority::Critical, 10));
    assert!(put(&channel, Priority::Low, 20));
    assert_eq!(take(&mut worker), Some(10));
    assert_eq!((take(&mut worker), take(&mut worker), take(&mut worker)), (Some(1), Some(2), Some(20)));
    assert_eq!(read(&mut subscriber), [10, 0, 1, 2, 20]);
}

#[test]
fn a_lane_that_waits_has_its_turn_after_as_many_as_may_overtake_it() {
    let channel = laned(2);
    let mut worker = channel.join("workers");
    for number in 20..22 {
        assert!(put(&channel, Priority::Low, number));
    }
    let mut order = Vec::new();
    for number in 0..6 {
        assert!(put(&channel, Priority::Critical, number));
        order.extend(take(&mut worker));
    }
    assert_eq!(order, [0, 1, 20, 2, 3, 21]);
}

#[test]
fn sequence_numbers_are_those_of_admission_over_all_lanes() {
    let channel = channel();
    let mut worker = channel.join("workers");
    let mut tap = channel.tap();
    for (number, class) in [Priority::Low, Priority::Normal, Priority::Critical].into_iter().enumerate() {
        assert!(put(&channel, class, number as u64));
    }
    assert_eq!(hear_all(&mut tap), [0, 1, 2], "a tap sees the order of admission");
    let seqs: Vec<_> = worker.try_iter().map(|delivery| (delivery.seq(), delivery.0)).collect();
    assert_eq!(seqs, [(2, 2), (1, 1), (0, 0)]);
}

#[test]
fn a_tap_that_comes_late_or_is_slow_learns_what_it_missed() {
    let channel = channel();
    let mut worker = channel.join("workers");
    assert!(put(&channel, Priority::Normal, 0));
    let mut tap = channel.tap();
    let mut sent = 0;
    for round in 0..10 {
        for class in [Priority::Low, Priority::Critical] {
            assert!(put(&channel, class, 1 + 2 * round + u64::from(class == Priority::Critical)));
            sent += 1;
        }
        while take(&mut worker).is_some() {}
    }
    let heard = hear_all(&mut tap);
    let received: i64 = heard.iter().map(|number| if *number < 0 { -number } else { 1 }).sum();
    assert_eq!(received, sent, "received and missed");
    assert!(heard[1..].is_sorted() && heard.last() == Some(&20), "{heard:?}");
    assert_balanced(&channel.info());
}

#[test]
fn a_clone_for_taps_that_panics_costs_them_what_they_had_not_taken() {
    #[derive(Debug)]
    struct Glass(u64);
    impl Clone for Glass {
        fn clone(&self) -> Self {
            assert_ne!(self.0, 2, "broken, as the test wants it");
            Self(self.0)
        }
    }
    impl Message for Glass {
        type Reply = NoReply;
    }
    let fabric = Fabric::new();
    let channel = fabric.channel::<Glass>("glasses").lane(Priority::Critical, 8).open().unwrap();
    let (mut worker, mut tap) = (channel.join("workers"), channel.tap());
    let mut late = channel.tap();
    for number in 0..4 {
        channel.try_send(Glass(number)).unwrap();
        if number == 0 {
            assert_eq!(tap.try_recv().unwrap().unwrap().0, 0);
        }
    }
    let hear = |tap: &mut LossySubscriber<Glass>| -> Vec<_> {
        tap.try_iter().map(|heard| heard.map(|glass| glass.0).map_err(|lagged| lagged.missed)).collect()
    };
    assert_eq!(hear(&mut tap), [Err(2), Ok(3)], "1, and the broken one");
    assert_eq!(hear(&mut late), [Err(3), Ok(3)]);
    assert_eq!(worker.try_iter().map(|glass| glass.0).collect::<Vec<_>>(), [0, 1, 2, 3], "needs no clone");
    assert_balanced(&channel.info());
}

#[test]
fn a_batch_stops_at_the_first_message_whose_lane_is_full() {
    #[derive(Debug, Clone, PartialEq)]
    struct Job(Priority, u64);
    impl Message for Job {
        type Reply = NoReply;
        fn priority(&self) -> Priority {
            self.0
        }
    }
    let fabric = Fabric::new();
    let channel = fabric.channel::<Job>("jobs").capacity(2).lane(Priority::Critical, 1).open().unwrap();
    let mut worker = channel.join("workers");
    let mut batch: Vec<_> =
        (0..6).map(|n| Job([Priority::Normal, Priority::Critical][n % 2], n as u64)).collect();
    {
        let mut sending = task::spawn(channel.send_many(&mut batch));
        park(&mut sending);
        assert_eq!(channel.len(), 3, "0, 1, 2; the next is critical");
        assert_eq!(worker.try_recv().unwrap().1, 1);
        assert!(sending.is_woken());
        park(&mut sending); // 3 is in; 4 is not, as Normal is full
        assert_eq!(channel.len(), 3);
    }
    assert_eq!(batch, [Job(Priority::Normal, 4), Job(Priority::Critical, 5)]);
    assert_eq!(worker.try_iter().map(|job| job.1).collect::<Vec<_>>(), [3, 0, 2]);
}

#[test]
fn a_permit_is_a_place_in_one_lane() {
    let channel = channel();
    let mut worker = channel.join("workers");
    let permit = ready(&mut task::spawn(channel.reserve().priority(Priority::Critical))).unwrap();
    assert_eq!(fill(&channel, Priority::Critical), 1);
    assert_eq!(fill(&channel, Priority::Normal), 3);
    permit.send(Number(50));
    assert_eq!((take(&mut worker), take(&mut worker)), (Some(0), Some(50)));
    channel.try_reserve().expect_err("Normal is full");
    drop(ready(&mut task::spawn(channel.reserve().priority(Priority::Low))).unwrap());
    assert_eq!(fill(&channel, Priority::Low), 4, "it was given back");
}

#[tokio::test(start_paused = true)]
async fn a_request_goes_by_its_lane_too() {
    let channel = channel();
    let mut worker = channel.join("workers");
    fill(&channel, Priority::Normal);
    let mut urgent = task::spawn(channel.request(Number(9)).priority(Priority::Critical));
    let mut bulk = task::spawn(channel.request(Number(8)).priority(Priority::Low));
    let mut waiting = task::spawn(channel.request(Number(7)));
    park(&mut urgent);
    park(&mut bulk);
    park(&mut waiting);
    drop(bulk); // gives up: its place is free
    assert_eq!(fill(&channel, Priority::Low), 4);
    let delivery = worker.try_recv().unwrap();
    assert_eq!((delivery.0, delivery.is_request(), delivery.seq()), (9, true, 3));
    delivery.reply(90);
    assert_eq!(ready(&mut urgent), Ok(90));
    assert_eq!(take(&mut worker), Some(0));
    park(&mut waiting); // let in by that
    assert_eq!((take(&mut worker), take(&mut worker)), (Some(1), Some(2)));
    worker.try_recv().unwrap().reply(70);
    assert_eq!(ready(&mut waiting), Ok(70));
    while take(&mut worker).is_some() {}
    assert_balanced(&channel.info());
    assert_eq!(channel.info().readers[0].skipped.abandoned, 1);
}

#[test]
fn a_closed_channel_drains_all_lanes() {
    let channel = channel();
    let mut worker = channel.join("workers");
    ALL.into_iter().zip(0..).for_each(|(class, number)| assert!(put(&channel, class, number)));
    channel.close();
    let mut waiting = task::spawn(channel.send(Number(9)).priority(Priority::Low));
    assert!(ready(&mut waiting).is_err());
    assert_eq!(worker.blocking_iter().map(|delivery| delivery.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(channel.try_send(Number(1)), Err(TrySendError::Closed(Number(1))));
}

#[test]
fn readers_that_come_late_begin_in_every_lane() {
    let channel = channel();
    ALL.into_iter().zip(0..).for_each(|(class, number)| assert!(put(&channel, class, number)));
    let mut first = channel.join("first");
    let mut late = channel.join("late");
    let mut oldest = channel.group("oldest").from_oldest().join().unwrap();
    assert!(put(&channel, Priority::Low, 9));
    assert_eq!(late.try_iter().map(|delivery| delivery.0).collect::<Vec<_>>(), [9]);
    let all = oldest.try_iter().map(|delivery| (delivery.seq(), delivery.0)).collect::<Vec<_>>();
    assert_eq!(all, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 9)]);
    assert_eq!(first.try_iter().count(), 5, "the first gets what was kept for it");
    assert_balanced(&channel.info());
}

#[test]
fn who_leaves_frees_the_places_that_only_it_took() {
    let channel = channel();
    let mut fast = channel.join("fast");
    let slow = channel.subscribe();
    fill(&channel, Priority::Low);
    fill(&channel, Priority::Critical);
    while take(&mut fast).is_some() {}
    let mut waiting = [Priority::Low, Priority::Critical].map(|class| {
        let mut sending = task::spawn(channel.send(Number(5)).priority(class));
        park(&mut sending);
        sending
    });
    drop(slow);
    for sending in &mut waiting {
        assert_eq!(ready(sending), Ok(()));
    }
    assert_eq!(channel.len(), 2);
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let fabric = Fabric::new();
    let open = |lanes: &[(Priority, usize)], max_bypass: Option<u32>| {
        let mut builder = fabric.channel::<Number>("numbers");
        for (class, capacity) in lanes {
            builder = builder.lane(*class, *capacity);
        }
        max_bypass.map_or(builder, |max| fabric.channel::<Number>("numbers").max_bypass(max)).open().err()
    };
    assert!(matches!(open(&[], Some(3)), Some(OpenError::Incompatible { .. })), "there is one lane");
    assert!(matches!(open(&[(Priority::Normal, 3)], None), Some(OpenError::Incompatible { .. })));
    let twice = [(Priority::Low, 3), (Priority::Low, 4)];
    assert!(matches!(open(&twice, None), Some(OpenError::Incompatible { .. })));
    assert_eq!(open(&[(Priority::Low, 0)], None), Some(OpenError::ZeroCapacity));
    let zero = fabric.channel::<Number>("numbers").lane(Priority::Low, 1).max_bypass(0).open();
    assert!(matches!(zero.err(), Some(OpenError::Incompatible { .. })));
    let text = open(&twice, None).unwrap().to_string();
    assert_eq!(text, "lane(..) is incompatible with another lane of its class");
}

#[test]
fn a_channel_that_is_open_is_found_only_with_the_same_lanes() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").lane(Priority::Low, 4).open().unwrap();
    assert!(fabric.channel::<Number>("numbers").open().unwrap().same_channel(&channel), "nothing is stated");
    assert!(fabric.channel::<Number>("numbers").lane(Priority::Low, 4).max_bypass(32).open().is_ok());
    let other = fabric.channel::<Number>("numbers").lane(Priority::Low, 5).open().err();
    assert!(
        matches!(&other, Some(OpenError::Conflict { open, .. }) if open.contains("lane Low of 4")),
        "{other:?}"
    );
    assert!(fabric.channel::<Number>("numbers").ttl(Duration::from_secs(1)).open().is_err());
}

#[test]
fn a_new_capacity_holds_at_once_and_loses_nothing() {
    let channel = channel();
    let mut worker = channel.join("workers");
    fill(&channel, Priority::Low);
    let mut waiting = task::spawn(channel.send(Number(4)).priority(Priority::Low));
    park(&mut waiting);
    assert_eq!(channel.set_capacity(Priority::Low, 5), Ok(()));
    assert!(waiting.is_woken(), "the greater one grants");
    assert_eq!(ready(&mut waiting), Ok(()));
    assert_eq!(channel.set_capacity(Priority::Low, 2), Ok(()));
    assert_eq!(channel.info().lanes[2].len, 5, "nothing is lost");
    let mut waiting = task::spawn(channel.send(Number(5)).priority(Priority::Low));
    park(&mut waiting);
    for number in 0..3 {
        assert_eq!(take(&mut worker), Some(number));
        assert!(!waiting.is_woken(), "it does not fit yet");
    }
    assert_eq!(take(&mut worker), Some(3));
    assert_eq!(ready(&mut waiting), Ok(()));
    assert!(!put(&channel, Priority::Low, 6), "exactly two");
    assert_eq!(channel.set_capacity(Priority::High, 2), Err(ResizeError::NoLane));
    assert_eq!(channel.set_capacity(Priority::Low, 0), Err(ResizeError::ZeroCapacity));
}

#[test]
fn a_permit_for_more_places_than_there_are_left_to_be_is_granted_alone() {
    let channel = crate::fixtures::channel(4);
    let mut worker = channel.join("workers");
    crate::fixtures::put(&channel, 0..2);
    let mut many = task::spawn(channel.reserve_many(4));
    park(&mut many);
    channel.set_capacity(Priority::Normal, 3).unwrap();
    let mut behind = task::spawn(channel.send(Number(9)));
    park(&mut behind);
    assert_eq!((take(&mut worker), take(&mut worker)), (Some(0), Some(1)));
    let permits = ready(&mut many).expect("nobody else has a place");
    park(&mut behind);
    drop(permits);
    assert_eq!(ready(&mut behind), Ok(()));
}

#[test]
fn a_paused_group_is_handed_nothing_and_keeps_its_messages() {
    for channel in [crate::fixtures::channel(4), channel()] {
        let (mut worker, mut other) = (channel.join("workers"), channel.join("others"));
        crate::fixtures::put(&channel, 0..2);
        assert_eq!(take(&mut worker), Some(0), "and 1 is in its inbox");
        assert!(channel.pause_group("workers") && !channel.pause_group("nobody"));
        assert_eq!((take(&mut worker), take(&mut other), take(&mut other)), (None, Some(0), Some(1)));
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        crate::fixtures::put(&channel, 2..3);
        assert!(waiting.poll().is_pending(), "whatever it was woken for");
        drop(waiting);
        assert_eq!((worker.len(), channel.info().readers[0].left), (2, 2));
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        assert!(channel.resume_group("workers"));
        assert!(waiting.is_woken());
        assert_eq!(ready(&mut waiting).map(|delivery| delivery.0), Some(1));
        drop(waiting);
        assert_eq!(take(&mut worker), Some(2));
        assert_balanced(&channel.info());
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_paused_group_and_reports_it() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").open().unwrap();
    let mut worker = channel.join("workers");
    crate::fixtures::put(&channel, 0..3);
    channel.pause_group("workers");
    let reading = tokio::spawn(async move { worker.recv().await.is_none() });
    let started = tokio::time::Instant::now();
    let report = fabric.shutdown(Duration::from_secs(3600)).await;
    assert!(started.elapsed() < Duration::from_secs(1), "{report:?}");
    assert_eq!(report.channels[0].readers[0].undelivered, 3);
    assert!(reading.await.unwrap(), "its member is released at the end");
}

#[test]
fn the_figures_have_lanes_only_where_there_are_several() {
    let fabric = Fabric::new();
    let with = |name: &str| fabric.channel::<u32>(name).ttl(std::time::Duration::from_secs(1)).fair_senders();
    assert!(with("one").open().unwrap().info().lanes.is_empty());
    assert_eq!(with("two").lane(Priority::Critical, 1).open().unwrap().info().lanes.len(), 2);
}
