//! Groups that acknowledge, in channels with lanes, with messages that expire, with several answers.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, park, put, reader, ready, woken},
};
use std::time::Duration;
use stratoswarm_core::{
    AckPolicy, Channel, DeadLetter, DeadReason, Fabric, Priority, ReaderKind, Receiver, RequestError, Settled,
};
use tokio::time::advance;
use tokio_test::task;

const MS: Duration = Duration::from_millis(1);

fn open(fabric: &Fabric) -> Channel<Number> {
    fabric.channel("numbers").capacity(2).lane(Priority::Critical, 2).max_bypass(8).open().unwrap()
}

fn join(channel: &Channel<Number>) -> Receiver<Number> {
    channel.group("workers").ack(AckPolicy::explicit()).join().unwrap()
}

fn send(channel: &Channel<Number>, class: Priority, number: u64) -> bool {
    task::spawn(channel.send(Number(number)).priority(class)).poll().is_ready()
}

#[test]
fn what_comes_back_is_first_in_its_lane_and_no_further() {
    let channel = open(&Fabric::new());
    let mut worker = join(&channel);
    assert!(send(&channel, Priority::Normal, 0) && send(&channel, Priority::Normal, 1));
    let normal = worker.try_recv().unwrap();
    assert!(send(&channel, Priority::Critical, 10) && send(&channel, Priority::Critical, 11));
    let critical = worker.try_recv().unwrap();
    assert_eq!((normal.0, critical.0), (0, 10));
    drop((normal, critical)); // both come back
    let order: Vec<_> = std::iter::from_fn(|| {
        let delivery = worker.try_recv().ok()?;
        let told = (delivery.0, delivery.attempt(), delivery.seq());
        delivery.into_message();
        Some(told)
    })
    .collect();
    assert_eq!(order, [(10, 2, 2), (11, 1, 3), (0, 2, 0), (1, 1, 1)]);
    assert_balanced(&channel.info());
}

#[test]
fn what_is_not_settled_takes_a_place_in_its_own_lane() {
    let channel = open(&Fabric::new());
    let mut worker = join(&channel);
    assert!(send(&channel, Priority::Critical, 10) && send(&channel, Priority::Critical, 11));
    let held: Vec<_> = worker.try_iter().collect();
    assert_eq!(held.len(), 2);
    assert!(!send(&channel, Priority::Critical, 12), "both are out and unsettled");
    assert!(send(&channel, Priority::Normal, 0), "which is nothing to this lane");
    let mut waiting = task::spawn(channel.send(Number(12)).priority(Priority::Critical));
    park(&mut waiting);
    let lanes: Vec<_> = channel.info().lanes.iter().map(|lane| lane.len).collect();
    assert_eq!(lanes, [2, 1]);
    for delivery in held {
        delivery.into_acked().1.ack();
    }
    assert!(waiting.is_woken());
    assert_eq!(ready(&mut waiting), Ok(()));
    assert_balanced(&channel.info());
}

#[tokio::test(start_paused = true)]
async fn a_member_that_waits_is_told_of_every_lane() {
    let channel = open(&Fabric::new());
    let mut worker = join(&channel);
    let mut waiting = task::spawn(worker.recv());
    park(&mut waiting);
    assert!(send(&channel, Priority::Critical, 10));
    let delivery = ready(&mut waiting).unwrap();
    drop(waiting);
    let mut other = worker.join_again();
    let mut waiting = task::spawn(other.recv());
    park(&mut waiting);
    drop(delivery);
    assert_eq!(ready(&mut waiting).map(|delivery| delivery.into_message().0), Some(10));
}

#[tokio::test(start_paused = true)]
async fn what_expires_is_a_dead_letter_where_there_are_some() {
    let fabric = Fabric::new();
    let dead = fabric.channel::<DeadLetter<Number>>("dead").open().unwrap();
    let mut inspector = dead.join("inspectors");
    for letters in [true, false] {
        let name = if letters { "with" } else { "without" };
        let channel = fabric.channel(name).capacity(2).ttl(5 * MS).open().unwrap();
        let group = channel.group("workers").ack(AckPolicy::explicit());
        let mut worker = if letters { group.dead_letters(&dead).join() } else { group.join() }.unwrap();
        put(&channel, [0, 1]);
        let delivery = worker.try_recv().unwrap();
        assert!(delivery.deadline().is_some() && !delivery.is_request());
        advance(5 * MS).await;
        assert!(worker.try_recv().is_err(), "1 has expired in the queue");
        assert!(delivery.into_acked().1.nak() == stratoswarm_core::Settled::Done);
        assert!(worker.try_recv().is_err(), "0 was handed out in time, and is too late for another attempt");
        put(&channel, [2, 3]);
        let figures = reader(&channel.info(), ReaderKind::Group);
        assert_eq!((figures.dead, figures.skipped.expired), if letters { (2, 0) } else { (0, 2) });
        assert_balanced(&channel.info());
    }
    let letters: Vec<_> =
        inspector.try_iter().map(|letter| (letter.seq, letter.attempts, letter.reason.clone())).collect();
    assert_eq!(letters, [(1, 0, DeadReason::Expired), (0, 1, DeadReason::Expired)]);
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_waits_gets_the_place_of_what_expires_while_it_is_delayed() {
    let channel = Fabric::new().channel("numbers").capacity(1).ttl(5 * MS).open().unwrap();
    let mut worker = join(&channel);
    channel.send(Number(0)).await.unwrap();
    worker.try_recv().unwrap().into_acked().1.nak_after(Duration::from_secs(60));
    let started = tokio::time::Instant::now();
    channel.send(Number(1)).await.unwrap();
    assert!((5 * MS..7 * MS).contains(&started.elapsed()), "{:?}", started.elapsed());
    assert_eq!(worker.try_recv().unwrap().into_message().0, 1);
    assert_balanced(&channel.info());
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_waits_gets_the_place_of_what_comes_back_meanwhile_and_expires() {
    for lapses in [false, true] {
        let channel = Fabric::new().channel("numbers").capacity(1).ttl(5 * MS).open().unwrap();
        let wait = if lapses { 3 * MS } else { 60 * MS };
        let policy = AckPolicy::explicit().ack_wait(wait).max_in_flight(1);
        let mut worker = channel.group("workers").ack(policy).join().unwrap();
        channel.send(Number(0)).await.unwrap();
        let (_, ack) = worker.try_recv().unwrap().into_acked();
        let mut waiting = task::spawn(channel.send(Number(1)));
        park(&mut waiting);
        if lapses {
            advance(4 * MS).await;
            drop(worker.try_recv().unwrap()); // it has lapsed, and comes back again
            advance(3 * MS).await;
        } else {
            ack.nak_after(60 * MS);
            advance(7 * MS).await;
        }
        assert_eq!(woken(&mut waiting), Ok(()));
        assert_eq!(worker.try_recv().unwrap().into_message().0, 1);
        assert_balanced(&channel.info());
    }
}

#[tokio::test(start_paused = true)]
async fn what_lapses_after_it_has_expired_gives_its_place_up_before_its_turn() {
    let channel = open(&Fabric::new());
    let policy = AckPolicy::explicit().ack_wait(5 * MS);
    let mut worker = channel.group("workers").ack(policy).join().unwrap();
    channel.send(Number(0)).ttl(3 * MS).await.unwrap();
    assert!(send(&channel, Priority::Normal, 1));
    let (_, late) = worker.try_recv().unwrap().into_acked();
    assert!(send(&channel, Priority::Critical, 10));
    let mut waiting = task::spawn(channel.send(Number(2)));
    park(&mut waiting);
    advance(6 * MS).await;
    park(&mut waiting); // what is in flight is not called back
    assert_eq!(worker.try_recv().unwrap().into_message().0, 10, "another lane's turn, and 0 has lapsed");
    assert_eq!(woken(&mut waiting), Ok(()));
    assert_eq!(late.ack(), Settled::Lapsed);
    assert_balanced(&channel.info());
}

#[test]
fn a_paused_group_hands_out_nothing_of_what_came_back_either() {
    let channel = open(&Fabric::new());
    let mut worker = join(&channel);
    put(&channel, [0, 1]);
    let delivery = worker.try_recv().unwrap();
    channel.pause_group("workers");
    let mut waiting = task::spawn(worker.recv());
    park(&mut waiting);
    drop(delivery);
    assert!(waiting.poll().is_pending());
    channel.resume_group("workers");
    assert_eq!(ready(&mut waiting).map(|delivery| delivery.into_message().0), Some(0));
}

#[test]
fn keys_are_held_over_all_lanes() {
    let channel = open(&Fabric::new());
    let group =
        channel.group("workers").ack(AckPolicy::explicit()).ordered_by(|number: &Number| number.0 % 10);
    let mut worker = group.join().unwrap();
    assert!(send(&channel, Priority::Normal, 1) && send(&channel, Priority::Normal, 2));
    let first = worker.try_recv().unwrap();
    assert!(send(&channel, Priority::Critical, 11));
    let second = worker.try_recv().unwrap();
    assert_eq!((first.0, second.0), (1, 2), "11 has the key of 1");
    assert!(worker.try_recv().is_err());
    first.into_message();
    assert_eq!(worker.try_recv().unwrap().into_message().0, 11);
    assert_balanced(&channel.info());
}

#[tokio::test(start_paused = true)]
async fn of_a_question_to_each_group_the_part_stays_with_the_group() {
    let channel = open(&Fabric::new());
    let (mut first, mut second) = (join(&channel), channel.join("others"));
    let mut asking = task::spawn(channel.request_all(Number(4)));
    park(&mut asking);
    drop(first.try_recv().unwrap());
    second.try_recv().unwrap().reply(5);
    assert!(asking.poll().is_pending(), "it will be delivered again");
    let again = first.try_recv().unwrap();
    assert_eq!(again.attempt(), 2);
    again.reply(6);
    let gathered = ready(&mut asking).unwrap();
    let replies: Vec<_> = gathered.replies.iter().map(|(group, reply)| (&**group, *reply)).collect();
    assert_eq!(replies, [("others", 5), ("workers", 6)]);
    assert_balanced(&channel.info());
}

#[tokio::test(start_paused = true)]
async fn a_reply_stream_acknowledges_with_its_first_item() {
    let channel = open(&Fabric::new());
    let mut worker = join(&channel);
    let mut rows = channel.request_stream(Number(4));
    assert!(task::spawn(rows.recv()).poll().is_pending());
    drop(worker.try_recv().unwrap().into_parts()); // nothing was sent
    let again = worker.try_recv().unwrap();
    assert_eq!(again.attempt(), 2);
    let mut out = again.into_parts().1.into_stream();
    out.send(1).await.unwrap();
    assert_eq!(reader(&channel.info(), ReaderKind::Group).unsettled, 0);
    drop(out);
    assert_eq!((rows.recv().await, rows.recv().await), (Some(Ok(1)), None));
    assert!(worker.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_before_its_first_item_leaves_the_stream_to_the_next() {
    let channel = open(&Fabric::new());
    let mut worker = join(&channel);
    let mut rows = channel.request_stream(Number(4));
    assert!(task::spawn(rows.recv()).poll().is_pending());
    let out = worker.try_recv().unwrap().into_parts().1.into_stream();
    let panicked = tokio::spawn(async move {
        let _out = out;
        std::panic::resume_unwind(Box::new("wanted"));
    });
    assert!(panicked.await.is_err());
    let mut out = worker.try_recv().unwrap().into_parts().1.into_stream();
    out.send(1).await.unwrap();
    drop(out);
    assert_eq!((rows.recv().await, rows.recv().await), (Some(Ok(1)), None));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_dies_says_so_in_any_lane() {
    let channel = open(&Fabric::new());
    let group = channel.group("workers").ack(AckPolicy::explicit().max_deliver(1));
    let mut worker = group.join().unwrap();
    let mut asking = task::spawn(channel.request(Number(1)).priority(Priority::Critical));
    park(&mut asking);
    drop(worker.try_recv().unwrap());
    assert_eq!(ready(&mut asking), Err(RequestError::DeadLettered { attempts: 1 }));
}

#[tokio::test(start_paused = true)]
async fn a_sender_is_told_of_its_lane_too() {
    let channel = open(&Fabric::new());
    let mut worker = join(&channel);
    let mut sending = task::spawn(channel.send(Number(1)).priority(Priority::Critical).settled());
    assert!(sending.poll().is_pending());
    worker.try_recv().unwrap().into_message();
    assert_eq!(ready(&mut sending), Ok(stratoswarm_core::Settlement::Acked));
}
