//! Where late readers start, and what stays for them: set against the tape of all that was sent.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, is_full, put, read_all, take_all},
};
use proptest::prelude::*;
use stratoswarm_core::{Channel, Fabric, JoinError, Message, NoReply, OpenError, Priority, Start};

fn retaining(capacity: usize, retain: usize) -> Channel<Number> {
    Fabric::new().channel("numbers").capacity(capacity).retain(retain).open().unwrap()
}

#[test]
fn a_late_reader_begins_exactly_where_it_is_told_to() {
    let channel = retaining(8, 4);
    let mut worker = channel.join("workers");
    put(&channel, 0..6);
    assert_eq!(take_all(&mut worker), [0, 1, 2, 3, 4, 5]);
    let read = |start| read_all(&mut channel.subscriber().start(start).open().unwrap());
    assert!(read(Start::Next).is_empty());
    assert_eq!(read(Start::Oldest), [2, 3, 4, 5]);
    assert_eq!(read(Start::Last(2)), [4, 5]);
    assert!(read(Start::Last(0)).is_empty());
    assert_eq!(read(Start::Last(99)), [2, 3, 4, 5]);
    assert_eq!(read(Start::Seq(3)), [3, 4, 5]);
    assert!(read(Start::Seq(99)).is_empty(), "yet to come: from the next on");
    assert_eq!(read_all(&mut channel.subscribe().from_oldest()), [2, 3, 4, 5]);
    let mut late = channel.group("late").start(Start::Seq(4)).join().unwrap();
    put(&channel, [6]);
    assert_eq!(take_all(&mut late), [4, 5, 6]);
    assert_balanced(&channel.info());
}

#[test]
fn what_another_still_has_counts_too() {
    let channel = retaining(8, 2);
    let mut slow = channel.join("slow");
    let mut quick = channel.subscribe();
    put(&channel, 0..6);
    assert_eq!(read_all(&mut quick).len(), 6);
    assert_eq!(slow.try_recv().unwrap().seq(), 0);
    assert_eq!(read_all(&mut channel.subscriber().start(Start::Oldest).open().unwrap()), [1, 2, 3, 4, 5]);
    assert_eq!(read_all(&mut channel.subscriber().start(Start::Last(3)).open().unwrap()), [3, 4, 5]);
    assert_eq!(read_all(&mut channel.subscriber().start(Start::Seq(1)).open().unwrap()), [1, 2, 3, 4, 5]);
    assert_balanced(&channel.info());
}

#[test]
fn last_is_of_what_another_has_where_nothing_is_retained() {
    let channel = crate::fixtures::channel(8);
    let _worker = channel.join("workers");
    put(&channel, 0..6);
    assert_eq!(read_all(&mut channel.subscriber().start(Start::Last(2)).open().unwrap()), [4, 5]);
    let refused = channel.subscriber().start(Start::Seq(2)).open().err();
    let with = "a channel that retains nothing";
    assert_eq!(refused, Some(JoinError::Incompatible { option: "Start::Seq", with }));
    let refused = channel.group("late").start(Start::Seq(2)).join().err();
    assert_eq!(refused, Some(JoinError::Incompatible { option: "Start::Seq", with }));
}

#[test]
fn a_number_that_is_not_kept_is_refused_with_the_oldest_that_is() {
    let channel = retaining(8, 4);
    let mut worker = channel.join("workers");
    put(&channel, 0..6);
    take_all(&mut worker);
    let gone = JoinError::NotRetained { oldest: 2 };
    assert_eq!(channel.subscriber().start(Start::Seq(1)).open().err(), Some(gone.clone()));
    assert_eq!(channel.group("late").start(Start::Seq(1)).join().err(), Some(gone));
    assert_eq!(channel.info().readers.len(), 1, "nobody joined");
    assert!(
        channel.group("workers").start(Start::Seq(1)).join().is_ok(),
        "it is there, and goes on where it is"
    );
}

#[test]
fn what_is_retained_takes_no_place_and_holds_no_sender() {
    let channel = retaining(2, 2);
    let mut worker = channel.join("workers");
    for n in 0..100 {
        put(&channel, [n]);
        assert_eq!(take_all(&mut worker), [n]);
        assert_eq!(channel.len(), 0);
    }
    put(&channel, [100, 101]);
    assert!(is_full(&channel));
}

#[test]
fn a_late_reader_with_all_of_it_holds_senders_and_exactly_so() {
    let channel = retaining(4, 3);
    let mut worker = channel.join("workers");
    for n in 0..9 {
        put(&channel, [n]);
        take_all(&mut worker);
    }
    let mut late = channel.subscriber().start(Start::Oldest).open().unwrap();
    let info = channel.info();
    assert_eq!((info.len, info.high_water), (3, 3));
    put(&channel, [9]);
    assert!(is_full(&channel));
    assert_eq!(read_all(&mut late), [6, 7, 8, 9]);
    assert_eq!(take_all(&mut worker), [9]);
    assert_balanced(&channel.info());
}

#[test]
fn the_first_reader_gets_what_was_kept_and_what_is_retained_before() {
    let channel = retaining(4, 4);
    let subscriber = channel.subscribe();
    put(&channel, 0..3);
    drop(subscriber);
    put(&channel, [3]);
    let mut next = channel.subscribe();
    assert_eq!(read_all(&mut next), [3]);
    drop(next);
    assert_eq!(read_all(&mut channel.subscriber().start(Start::Oldest).open().unwrap()), [0, 1, 2, 3]);
    assert_eq!(read_all(&mut channel.subscriber().start(Start::Seq(1)).open().unwrap()), [1, 2, 3]);
    assert_balanced(&channel.info());
}

#[tokio::test(start_paused = true)]
async fn what_expired_is_left_out_and_never_given_late() {
    let channel = retaining(8, 8);
    let mut worker = channel.join("workers");
    channel.send(Number(0)).ttl(Duration::from_secs(1)).await.unwrap();
    channel.send(Number(1)).ttl(Duration::from_secs(9)).await.unwrap();
    channel.send(Number(2)).await.unwrap();
    assert_eq!(take_all(&mut worker), [0, 1, 2]);
    assert_eq!(read_all(&mut channel.subscriber().start(Start::Oldest).open().unwrap()), [0, 1, 2]);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(read_all(&mut channel.subscriber().start(Start::Oldest).open().unwrap()), [1, 2]);
    assert_balanced(&channel.info());
}

#[tokio::test(start_paused = true)]
async fn a_request_is_retained_as_a_message() {
    let channel = retaining(8, 8);
    let mut worker = channel.join("workers");
    let asking = channel.request(Number(7));
    let serving = async { worker.recv().await.unwrap().into_parts().1.send(8) };
    let (reply, _) = tokio::join!(asking, serving);
    assert_eq!(reply.unwrap(), 8);
    let mut late = channel.group("late").start(Start::Oldest).join().unwrap();
    let delivery = late.try_recv().unwrap();
    assert_eq!((delivery.0, delivery.is_request()), (7, false));
}

#[test]
fn what_does_not_go_with_retention_is_refused() {
    let fabric = Fabric::new();
    let open = || fabric.channel::<Number>("numbers").capacity(4);
    let refused = |with| Some(OpenError::Incompatible { option: "retain", with });
    assert_eq!(open().retain(5).open().err(), refused("a capacity below it"));
    assert_eq!(open().retain(4).lane(Priority::Low, 4).open().err(), refused("lane"));
    assert_eq!(open().retain(4).ttl(Duration::from_secs(1)).open().err(), refused("ttl"));
    assert_eq!(open().retain(4).fair_senders().open().err(), refused("fair_senders"));
    let _open = open().retain(4).open().unwrap();
    assert!(matches!(open().retain(3).open(), Err(OpenError::Conflict { .. })));
    assert!(open().open().is_ok());
}

#[test]
fn retention_costs_one_clone_of_each_message() {
    static CLONES: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Clone for Counted {
        fn clone(&self) -> Self {
            CLONES.fetch_add(1, Ordering::Relaxed);
            Self
        }
    }
    impl Message for Counted {
        type Reply = NoReply;
    }
    let channel = Fabric::new().channel("counted").capacity(256).retain(16).open().unwrap();
    let mut worker = channel.join("workers");
    for _ in 0..10 {
        for _ in 0..100 {
            channel.try_send(Counted).unwrap();
        }
        assert_eq!(worker.try_iter().count(), 100);
    }
    let clones = CLONES.load(Ordering::Relaxed);
    assert!((16..=1_000).contains(&clones), "{clones} of 1,000 messages");
}

#[derive(Debug, Clone)]
enum Step {
    Send(u64),
    TakeFew(usize),
    TakeAll,
    Look(Start),
    Tap(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let start = prop_oneof![
        Just(Start::Next),
        Just(Start::Oldest),
        (0_usize..12).prop_map(Start::Last),
        (0_u64..60).prop_map(Start::Seq),
    ];
    prop_oneof![
        4 => (1_u64..5).prop_map(Step::Send),
        2 => (0_usize..4).prop_map(Step::TakeFew),
        1 => Just(Step::TakeAll),
        4 => start.prop_map(Step::Look),
        1 => any::<bool>().prop_map(Step::Tap),
    ]
}

proptest! {
    /// A worker and, at times, a tap read beside those who come late; what these get is a part of the tape of all sends.
    #[test]
    fn a_late_reader_gets_the_end_of_the_tape(
        capacity in 1_u64..9,
        retain in 0_u64..9,
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let retain = retain.min(capacity);
        let channel = retaining(capacity as usize, retain as usize);
        let mut worker = channel.join("workers");
        let (mut sent, mut taken, mut tap) = (0_u64, 0_u64, None);
        for step in steps {
            match step {
                Step::Send(count) => for _ in 0..count {
                    let full = sent - taken == capacity;
                    prop_assert_eq!(channel.try_send(Number(sent)).is_err(), full);
                    sent += u64::from(!full);
                },
                Step::TakeFew(count) => for _ in 0..count {
                    let got = worker.try_recv().ok().map(|delivery| delivery.into_message().0);
                    prop_assert_eq!(got, (taken < sent).then_some(taken));
                    taken += u64::from(got.is_some());
                },
                Step::TakeAll => {
                    prop_assert_eq!(take_all(&mut worker), (taken..sent).collect::<Vec<_>>());
                    taken = sent;
                }
                Step::Look(start) => {
                    let oldest = taken.min(sent - retain.min(sent));
                    let expected = match start {
                        Start::Next => Ok(sent),
                        Start::Oldest => Ok(oldest),
                        Start::Last(count) => Ok(oldest.max(sent.saturating_sub(count as u64))),
                        Start::Seq(seq) if seq < oldest => Err(JoinError::NotRetained { oldest }),
                        Start::Seq(seq) => Ok(seq.min(sent)),
                        _ => unreachable!(),
                    };
                    let late = channel.subscriber().start(start).open();
                    match (late, expected) {
                        (Ok(mut late), Ok(from)) => {
                            prop_assert_eq!(read_all(&mut late), (from..sent).collect::<Vec<_>>());
                        }
                        (late, expected) => prop_assert_eq!(late.err(), expected.err()),
                    }
                }
                Step::Tap(there) => tap = there.then(|| channel.tap()),
            }
            prop_assert_eq!(channel.len() as u64, sent - taken);
            assert_balanced(&channel.info());
        }
        drop(tap);
    }
}

#[test]
fn a_late_reader_begins_with_no_more_than_the_capacity_whatever_another_has() {
    for lanes in [false, true] {
        let fabric = Fabric::new();
        let builder = fabric.channel::<Number>("numbers").capacity(2);
        let channel =
            if lanes { builder.lane(Priority::Critical, 2).open() } else { builder.open() }.unwrap();
        let (mut worker, mut audit) =
            (channel.join("workers"), channel.subscriber().buffer(5).open().unwrap());
        for number in 0..5 {
            put(&channel, [number]);
            assert_eq!(take_all(&mut worker), [number]);
        }
        let mut late = channel.group("late").start(Start::Oldest).join().unwrap();
        assert!(is_full(&channel));
        assert_eq!(take_all(&mut late), [3, 4]);
        assert_eq!(read_all(&mut audit), [0, 1, 2, 3, 4]);
        assert_balanced(&channel.info());
    }
}
