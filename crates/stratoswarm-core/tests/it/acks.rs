//! Groups that acknowledge: nothing leaves them but by ack, term, the last delivery, or with the group.

use crate::accounts::assert_balanced;
use crate::fixtures::{Dice, Number, is_full, park, put, reader, ready, turns, woken};
use futures::{FutureExt, StreamExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use stratoswarm_core::{
    Ack, AckPolicy, Channel, Fabric, Message, NoReply, ReaderKind, Receiver, ReplyOutcome, Settled,
    TryRecvError, WaitState, protocol,
};
use tokio::time::{Instant, advance};
use tokio_test::task;

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn jobs(capacity: usize) -> Channel<Number> {
    Fabric::new().channel("jobs").capacity(capacity).open().unwrap()
}

pub(crate) fn join(jobs: &Channel<Number>, policy: AckPolicy) -> Receiver<Number> {
    jobs.group("workers").ack(policy).join().unwrap()
}

/// The next delivery, which must be there: number, attempt, and what is owed.
#[track_caller]
pub(crate) fn next(worker: &mut Receiver<Number>) -> (u64, u32, Ack) {
    let delivery = worker.try_recv().expect("a delivery is ready");
    let attempt = delivery.attempt();
    let (number, ack) = delivery.into_acked();
    (number.0, attempt, ack)
}

#[track_caller]
pub(crate) fn assert_empty(worker: &mut Receiver<Number>) {
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
}

// ---- what leaves a group

#[test]
fn an_acknowledged_message_is_gone_and_any_other_comes_again() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, 0..2);
    let (number, attempt, ack) = next(&mut worker);
    assert_eq!((number, attempt, ack.ack()), (0, 1, Settled::Done));
    let (number, attempt, ack) = next(&mut worker);
    assert_eq!((number, attempt, ack.nak()), (1, 1, Settled::Done));
    let (number, attempt, ack) = next(&mut worker);
    assert_eq!((number, attempt, ack.ack()), (1, 2, Settled::Done));
    assert_empty(&mut worker);
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.accepted, group.taken, group.redelivered, group.left), (2, 2, 1, 0));
}

#[test]
fn what_is_dropped_in_any_way_comes_again() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().max_deliver(9));
    put(&jobs, [7]);
    drop(worker.try_recv().unwrap());
    drop(worker.try_recv().unwrap().into_acked());
    drop(worker.try_recv().unwrap().into_parts());
    drop(worker.try_recv().unwrap().into_raw_parts());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _delivery = worker.try_recv().unwrap();
        panic!("as the test wants it");
    }));
    assert!(panicked.is_err());
    let mut batch = Vec::new();
    assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut batch, 4))), 1);
    drop(batch);
    let (number, attempt, ack) = next(&mut worker);
    assert_eq!((number, attempt), (7, 7));
    drop(worker);
    assert_balanced(&jobs.info());
    assert_eq!(ack.nak(), Settled::Done, "though its receiver has gone");
    let (number, attempt, _ack) = next(&mut jobs.join("workers"));
    assert_eq!((number, attempt), (7, 8));
}

#[tokio::test]
async fn what_an_aborted_task_had_comes_again() {
    let jobs = jobs(8);
    let mut first = join(&jobs, AckPolicy::explicit());
    let mut second = jobs.join("workers");
    let working = tokio::spawn(async move {
        let _delivery = first.recv().await;
        std::future::pending::<()>().await;
    });
    turns(3).await;
    put(&jobs, [1]);
    turns(3).await;
    assert_empty(&mut second);
    working.abort();
    let again = second.recv().await.unwrap();
    assert_eq!((again.attempt(), again.into_message()), (2, Number(1)));
}

#[test]
fn every_way_of_taking_a_message_for_good_acknowledges() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, 0..4);
    assert_eq!(worker.try_recv().unwrap().into_message(), Number(0));
    assert_eq!(worker.try_recv().unwrap().into_parts().1.send(1), ReplyOutcome::NotAsked(1));
    assert_eq!(worker.try_recv().unwrap().reply(1), ReplyOutcome::NotAsked(1));
    assert_eq!(worker.try_recv().unwrap().into_raw_parts().1.ack(), Settled::Done);
    assert_empty(&mut worker);
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).taken, 4);
}

#[test]
fn what_a_protocol_has_without_reply_is_acknowledged_and_what_it_answers_by_the_reply() {
    #[derive(Clone)]
    struct Tick;
    #[derive(Clone)]
    struct Buy;
    protocol! { #[derive(Clone)] enum Market => MarketCall { Tick, Buy -> bool } }
    let market = Fabric::new().channel::<Market>("market").open().unwrap();
    let mut worker = market.group("traders").ack(AckPolicy::explicit()).join().unwrap();
    market.try_send(Tick.into()).unwrap();
    market.try_send(Buy.into()).unwrap();
    assert!(matches!(worker.try_recv().unwrap().into(), MarketCall::Tick(_)));
    let MarketCall::Buy(_, reply) = worker.try_recv().unwrap().into() else { panic!("a purchase") };
    assert_eq!(reader(&market.info(), ReaderKind::Group).unsettled, 1);
    reply.send(true);
    assert_eq!(reader(&market.info(), ReaderKind::Group).taken, 2);
}

#[test]
fn the_first_settlement_counts() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().ack_wait(Duration::ZERO));
    put(&jobs, [1]);
    let (_, _, late) = next(&mut worker);
    let (_, attempt, ack) = next(&mut worker);
    assert_eq!((attempt, late.in_progress(), late.nak()), (2, Settled::Lapsed, Settled::Lapsed));
    assert_eq!(ack.ack(), Settled::Done);
    assert_balanced(&jobs.info());
}

#[test]
fn a_group_that_does_not_acknowledge_has_acks_too() {
    let jobs = jobs(8);
    let mut worker = jobs.join("workers");
    put(&jobs, [1]);
    let (number, attempt, ack) = next(&mut worker);
    assert_eq!((number, attempt, ack.nak()), (1, 1, Settled::Done));
    assert_empty(&mut worker);
}

// ---- places

#[test]
fn a_message_holds_its_place_until_it_is_settled() {
    let jobs = jobs(2);
    let mut worker = join(&jobs, AckPolicy::explicit().backoff([ms(1)]));
    put(&jobs, 0..2);
    let (_, _, first) = next(&mut worker);
    let (_, _, second) = next(&mut worker);
    assert!(is_full(&jobs) && jobs.len() == 2, "both are in flight");
    first.nak();
    assert!(is_full(&jobs), "one is delayed");
    second.ack();
    assert!(!is_full(&jobs) && jobs.len() == 1);
    put(&jobs, [2]);
    assert!(is_full(&jobs));
    assert_balanced(&jobs.info());
}

#[test]
fn an_ack_serves_the_sender_that_waits_and_a_redelivery_needs_no_room() {
    let jobs = jobs(1);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, [0]);
    let mut sending = task::spawn(jobs.send(Number(1)));
    park(&mut sending);
    let (_, _, ack) = next(&mut worker);
    assert!(!sending.is_woken(), "it is in flight");
    ack.nak();
    assert!(!sending.is_woken());
    let (number, attempt, ack) = next(&mut worker);
    assert_eq!((number, attempt), (0, 2));
    ack.ack();
    assert_eq!(woken(&mut sending), Ok(()));
    assert_eq!(next(&mut worker).0, 1);
}

#[test]
fn a_message_that_is_given_up_frees_its_place() {
    let jobs = jobs(1);
    let mut worker = join(&jobs, AckPolicy::explicit().max_deliver(1));
    put(&jobs, [0]);
    let mut sending = task::spawn(jobs.send(Number(1)));
    park(&mut sending);
    drop(worker.try_recv().unwrap());
    assert_eq!(woken(&mut sending), Ok(()));
    next(&mut worker).2.term("no");
    put(&jobs, [2]);
    assert_balanced(&jobs.info());
}

#[test]
fn beside_a_group_that_acknowledges_others_are_as_ever() {
    let jobs = jobs(2);
    let mut worker = join(&jobs, AckPolicy::explicit());
    let mut plain = jobs.join("plain");
    let mut subscriber = jobs.subscribe();
    put(&jobs, 0..2);
    for n in 0..2 {
        assert_eq!(plain.try_recv().unwrap().0, n);
        assert_eq!(subscriber.try_recv().unwrap().0, n);
    }
    let mut sending = task::spawn(jobs.send(Number(2)));
    park(&mut sending);
    let (_, _, first) = next(&mut worker);
    let (_, _, second) = next(&mut worker);
    assert!(!sending.is_woken());
    second.ack();
    assert_eq!(woken(&mut sending), Ok(()));
    first.nak();
    assert_eq!(next(&mut worker).0, 0);
    assert_balanced(&jobs.info());
}

// ---- redelivery

#[tokio::test(start_paused = true)]
async fn what_came_back_is_ahead_of_what_is_newer_lowest_first() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, 0..5);
    let [(_, _, zero), (_, _, one), (_, _, two)] = std::array::from_fn(|_| next(&mut worker));
    two.nak();
    zero.nak();
    let order: Vec<_> = std::iter::from_fn(|| worker.try_recv().ok())
        .map(|delivery| (delivery.seq(), delivery.attempt(), delivery.into_message()).0)
        .collect();
    assert_eq!(order, [0, 2, 3, 4]);
    one.ack();
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_never_cut_short_and_ends_while_a_member_waits() {
    let jobs = jobs(8);
    let policy = AckPolicy::explicit().backoff([ms(100), ms(1000)]);
    let mut worker = join(&jobs, policy);
    put(&jobs, [0]);
    drop(worker.try_recv().unwrap());
    for (attempt, delay) in [(2, 100), (3, 1000), (4, 1000)] {
        let start = Instant::now();
        assert_empty(&mut worker);
        let group = reader(&jobs.info(), ReaderKind::Group);
        assert_eq!((group.delayed, group.unsettled, group.left), (1, 0, 1));
        let again = worker.recv().await.unwrap();
        assert_eq!(again.attempt(), attempt);
        let waited = start.elapsed();
        assert!(waited >= ms(delay) && waited <= ms(delay + 2), "{waited:?} instead of {delay} ms");
    }
    worker.recv().await.unwrap().into_acked().1.nak_after(ms(5)); // the fifth
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).dead, 1, "whatever the delay");
}

#[tokio::test(start_paused = true)]
async fn a_delay_beyond_the_end_of_the_clock_does_not_end() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().ack_wait(Duration::MAX));
    put(&jobs, [0]);
    next(&mut worker).2.nak_after(Duration::MAX);
    advance(Duration::from_secs(1_000_000)).await;
    assert_empty(&mut worker);
    jobs.close();
    assert_eq!(next(&mut worker).1, 2);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_waits_already_looks_again_when_something_is_delayed() {
    let jobs = jobs(8);
    let mut first = join(&jobs, AckPolicy::explicit());
    let mut second = jobs.join("workers");
    put(&jobs, [0]);
    let (_, _, ack) = next(&mut first);
    let waiting = tokio::spawn(async move { second.recv().await.unwrap().attempt() });
    turns(3).await;
    let start = Instant::now();
    ack.nak_after(ms(50));
    assert_eq!(waiting.await.unwrap(), 2);
    assert!(start.elapsed() >= ms(50));
}

#[tokio::test(start_paused = true)]
async fn after_a_close_delays_are_over() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().backoff([ms(100_000)]));
    put(&jobs, 0..2);
    drop(worker.try_recv().unwrap());
    let (_, _, ack) = next(&mut worker);
    let start = Instant::now();
    let mut other = jobs.join("workers");
    let mut waiting = task::spawn(other.recv());
    park(&mut waiting);
    jobs.close();
    let again = woken(&mut waiting).unwrap();
    assert_eq!((again.seq(), again.attempt()), (0, 2));
    ack.nak_after(ms(100_000));
    let (number, attempt, ack) = next(&mut worker);
    assert_eq!((number, attempt), (1, 2));
    ack.ack();
    again.into_message();
    assert!(worker.recv().await.is_none());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[test]
fn none_comes_when_all_is_settled() {
    let jobs = jobs(8);
    let mut first = join(&jobs, AckPolicy::explicit());
    let mut second = jobs.join("workers");
    let mut third = jobs.join("workers");
    put(&jobs, [0]);
    let (_, _, ack) = next(&mut first);
    jobs.close();
    assert_empty(&mut first);
    let mut waiting = task::spawn(second.recv());
    let mut too = task::spawn(third.recv());
    park(&mut waiting);
    park(&mut too);
    ack.ack();
    assert!(woken(&mut waiting).is_none() && woken(&mut too).is_none());
    assert_eq!(first.try_recv().err(), Some(TryRecvError::Closed));
}

// ---- max_in_flight

#[test]
fn at_so_many_in_flight_members_wait_and_an_ack_wakes_one() {
    let jobs = jobs(8);
    let mut first = join(&jobs, AckPolicy::explicit().max_in_flight(2));
    let mut second = jobs.join("workers");
    put(&jobs, 0..5);
    let (_, _, zero) = next(&mut first);
    let (_, _, one) = next(&mut first);
    assert_empty(&mut first);
    let mut waiting = task::spawn(second.recv());
    park(&mut waiting);
    put(&jobs, [5]);
    park(&mut waiting);
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.unsettled, group.in_flight, group.waits.len()), (2, 2, 1));
    assert_eq!(group.waits[0].state, WaitState::Waiting);
    zero.ack();
    let two = woken(&mut waiting).unwrap();
    assert_eq!(two.seq(), 2);
    drop(waiting);
    let mut waiting = task::spawn(second.recv());
    park(&mut waiting);
    one.nak();
    assert_eq!(woken(&mut waiting).unwrap().seq(), 1, "what is given back comes first");
}

#[test]
fn two_acks_wake_two_members() {
    let jobs = jobs(8);
    let mut taker = join(&jobs, AckPolicy::explicit().max_in_flight(2));
    let (mut second, mut third) = (jobs.join("workers"), jobs.join("workers"));
    put(&jobs, 0..4);
    let (_, _, zero) = next(&mut taker);
    let (_, _, one) = next(&mut taker);
    let mut waiting = task::spawn(second.recv());
    let mut too = task::spawn(third.recv());
    park(&mut waiting);
    park(&mut too);
    zero.ack();
    one.ack();
    let (two, three) = (woken(&mut waiting).unwrap(), woken(&mut too).unwrap());
    assert_eq!((two.seq(), three.seq()), (2, 3));
}

#[test]
fn a_woken_member_that_is_dropped_passes_its_wake_on() {
    let jobs = jobs(8);
    let mut taker = join(&jobs, AckPolicy::explicit());
    let (mut second, mut third) = (jobs.join("workers"), jobs.join("workers"));
    put(&jobs, [0]);
    let (_, _, ack) = next(&mut taker);
    let mut waiting = task::spawn(second.recv());
    let mut too = task::spawn(third.recv());
    park(&mut waiting);
    park(&mut too);
    ack.nak();
    assert!(waiting.is_woken() && !too.is_woken());
    drop(waiting);
    assert_eq!(woken(&mut too).unwrap().attempt(), 2);
}

#[tokio::test(start_paused = true)]
async fn when_the_member_that_watches_goes_another_watches() {
    let jobs = jobs(8);
    let mut taker = join(&jobs, AckPolicy::explicit().ack_wait(ms(50)));
    let mut second = jobs.join("workers");
    let mut third = jobs.join("workers");
    put(&jobs, [0]);
    let _held = taker.try_recv().unwrap();
    let watching = tokio::spawn(async move { second.recv().await.map(|it| it.seq()) });
    let other = tokio::spawn(async move { third.recv().await.map(|it| it.attempt()) });
    turns(3).await;
    watching.abort();
    assert_eq!(other.await.unwrap(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_wait_is_left_behind_is_not_relied_on() {
    let jobs = jobs(8);
    let mut taker = join(&jobs, AckPolicy::explicit().ack_wait(ms(50)));
    let mut stream = jobs.join("workers");
    let mut second = jobs.join("workers");
    put(&jobs, [0]);
    let _held = taker.try_recv().unwrap();
    assert!(stream.next().now_or_never().is_none(), "its wait stays, and nobody polls it again");
    let start = Instant::now();
    assert_eq!(second.recv().await.unwrap().attempt(), 2);
    assert!(start.elapsed() <= ms(52));
}

#[test]
fn a_dropped_recv_takes_nothing() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    let mut waiting = task::spawn(worker.recv());
    park(&mut waiting);
    put(&jobs, [0]);
    assert!(waiting.is_woken());
    drop(waiting);
    let (number, attempt, _ack) = next(&mut worker);
    assert_eq!((number, attempt), (0, 1));
}

// ---- ack_wait

#[tokio::test(start_paused = true)]
async fn a_delivery_lapses_in_time_and_its_late_ack_says_so() {
    let jobs = jobs(8);
    let mut first = join(&jobs, AckPolicy::explicit().ack_wait(ms(100)));
    let mut second = jobs.join("workers");
    put(&jobs, [0]);
    let (_, _, late) = next(&mut first);
    let start = Instant::now();
    let again = second.recv().await.unwrap();
    assert!(start.elapsed() >= ms(100) && start.elapsed() <= ms(102));
    assert_eq!((again.attempt(), late.ack()), (2, Settled::Lapsed));
    assert_eq!(again.into_acked().1.ack(), Settled::Done);
    assert_balanced(&jobs.info());
}

#[tokio::test(start_paused = true)]
async fn a_member_that_waited_before_sees_the_lapse() {
    let jobs = jobs(8);
    let mut first = join(&jobs, AckPolicy::explicit().ack_wait(ms(100)));
    let mut second = jobs.join("workers");
    let waiting = tokio::spawn(async move {
        let mut attempts = Vec::new();
        while attempts.len() < 3 {
            attempts.push(second.recv().await.unwrap().into_acked()); // kept, and so lapsing, too
        }
    });
    turns(3).await;
    put(&jobs, 0..2);
    let held = first.try_recv();
    waiting.await.unwrap();
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn work_in_progress_does_not_lapse() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().ack_wait(ms(100)));
    put(&jobs, [0]);
    let (_, _, ack) = next(&mut worker);
    for _ in 0..5 {
        advance(ms(90)).await;
        assert_eq!(ack.in_progress(), Settled::Done);
        assert_empty(&mut worker);
    }
    advance(ms(101)).await;
    assert_eq!(ack.in_progress(), Settled::Done, "nobody has noticed");
    advance(ms(101)).await;
    assert_eq!(next(&mut worker).1, 2);
    assert_eq!(ack.ack(), Settled::Lapsed);
}

#[tokio::test(start_paused = true)]
async fn without_ack_wait_only_a_drop_gives_it_back() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, [0]);
    let (_, _, ack) = next(&mut worker);
    advance(Duration::from_secs(1_000_000)).await;
    assert_empty(&mut worker);
    assert_eq!(ack.ack(), Settled::Done);
}

// ---- user code

#[test]
fn a_message_whose_clone_panics_is_skipped_and_counted() {
    static PANICS: AtomicBool = AtomicBool::new(false);
    #[derive(Debug)]
    struct Fragile(u32);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!(self.0 == 1 && PANICS.load(Ordering::Relaxed)), "as the test wants it");
            Self(self.0)
        }
    }
    impl Message for Fragile {
        type Reply = NoReply;
    }
    crate::fixtures::panics();
    let jobs = Fabric::new().channel::<Fragile>("fragile").open().unwrap();
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    for n in 0..3 {
        jobs.try_send(Fragile(n)).unwrap();
    }
    PANICS.store(true, Ordering::Relaxed);
    let got: Vec<_> = worker.try_iter().map(|it| it.into_message().0).collect();
    assert_eq!(got, [0, 2]);
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.skipped.panicked, group.taken, group.left), (1, 2, 0));
}

#[test]
fn a_message_of_an_acknowledged_group_may_use_the_channel_when_it_is_dropped() {
    #[derive(Clone)]
    struct Sends(Option<Channel<Sends>>);
    impl Message for Sends {
        type Reply = NoReply;
    }
    impl Drop for Sends {
        fn drop(&mut self) {
            if let Some(jobs) = self.0.take() {
                let _ = jobs.try_send(Self(None));
            }
        }
    }
    crate::fixtures::without_deadlock(|| {
        let jobs = Fabric::new().channel::<Sends>("sends").open().unwrap();
        let mut worker = jobs.group("workers").ack(AckPolicy::explicit().max_deliver(2)).join().unwrap();
        for _ in 0..4 {
            jobs.try_send(Sends(Some(jobs.clone()))).unwrap();
        }
        worker.try_recv().unwrap().into_acked().1.ack();
        worker.try_recv().unwrap().into_acked().1.term("no");
        drop(worker.try_recv().unwrap());
        drop(worker.try_recv().unwrap());
        jobs.remove_group("workers");
    });
}

// ---- load

/// Members that ack, nak, drop, give up their waits and are aborted, beside senders that wait for room: in the end every
/// message is settled or dead, and none was acknowledged twice.
async fn settle_under_load(policy: AckPolicy, keys: bool) {
    use std::sync::{Arc, Mutex};
    const SENDERS: u64 = 3;
    const MESSAGES: u64 = 400;
    let jobs = jobs(8);
    let done = Arc::new(Mutex::new(Vec::new()));
    let group = jobs.group("workers").ack(policy);
    let first = if keys { group.ordered_by(|number| number.0 % 5).join() } else { group.join() }.unwrap();
    let work = |mut worker: Receiver<Number>, seed: u64| {
        let (done, mut dice) = (Arc::clone(&done), Dice::new(seed));
        async move {
            loop {
                if dice.up_to(9) == 0 {
                    let _given_up = worker.recv().now_or_never();
                    continue;
                }
                let Some(delivery) = worker.recv().await else { return };
                let (number, ack) = delivery.into_acked();
                tokio::task::yield_now().await;
                match dice.up_to(5) {
                    0 => drop(ack),
                    1 => drop(ack.nak()),
                    2 if dice.up_to(20) == 0 => drop(ack.term("spoilt")),
                    _ if ack.ack() == Settled::Done => done.lock().unwrap().push(number.0),
                    _ => {}
                }
            }
        }
    };
    let members: Vec<_> = (0..4).map(|seed| tokio::spawn(work(first.join_again(), seed))).collect();
    drop(first);
    let aborted: Vec<_> = (10..14).map(|seed| tokio::spawn(work(jobs.join("workers"), seed))).collect();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let jobs = jobs.clone();
            tokio::spawn(async move {
                for n in 0..MESSAGES {
                    jobs.send(Number(sender * MESSAGES + n)).await.unwrap();
                }
            })
        })
        .collect();
    for task in aborted {
        turns(50).await;
        task.abort();
        let _ = task.await;
    }
    for sender in senders {
        sender.await.unwrap();
    }
    jobs.close();
    for member in members {
        member.await.unwrap();
    }
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.accepted, group.left), (SENDERS * MESSAGES, 0), "{group:#?}");
    assert_eq!(group.accepted, group.taken + group.dead, "{group:#?}");
    let mut done = done.lock().unwrap().clone();
    assert_eq!(done.len() as u64, group.taken, "each ack that was told as done is counted, and none else");
    done.sort_unstable();
    done.dedup();
    assert_eq!(done.len() as u64, group.taken, "none was acknowledged twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn under_load_every_message_is_settled_or_dead() {
    let limit = Duration::from_secs(60);
    for keys in [false, true] {
        for policy in [
            AckPolicy::explicit().max_deliver(3),
            AckPolicy::explicit().max_in_flight(2),
            AckPolicy::explicit().ack_wait(Duration::ZERO),
        ] {
            let settling = settle_under_load(policy, keys);
            assert!(tokio::time::timeout(limit, settling).await.is_ok(), "somebody sleeps over something");
        }
    }
}
