//! The model checker's suite of lanes, of messages that expire, and of recorders; see [`model`](crate::model).

use std::{panic::Location, sync::Arc, time::Duration};

use loom::{future::block_on, thread};

use crate::{
    channel::Channel,
    handle::{Handle, Shared, Traffic},
    message::Priority,
    model::{Number, channel, check, drain, poll_once},
    stats::ChannelKind,
    sync::atomic::{AtomicU64, Ordering},
};

// ---- lanes

/// One place in each of two lanes.
pub(crate) fn laned() -> Channel<Number> {
    laned_for(1, 1)
}

/// So many places in each of two lanes, of which the urgent one overtakes the other once.
fn laned_for(urgent: usize, normal: usize) -> Channel<Number> {
    let traffic =
        Traffic { lanes: vec![(Priority::Critical, urgent)], max_bypass: Some(1), ..Traffic::plain() };
    let (kind, at) = (ChannelKind::Channel, Location::caller());
    Channel::new(Handle::unlisted(Shared::new("model", kind, normal, None, traffic, at)))
}

/// An urgent message is pushed while the reader looks where its next one is: it is not lost, and what is sent after it was
/// accepted finds it there.
#[test]
fn an_urgent_message_meets_a_reader_that_looks() {
    check(3, || {
        let numbers = laned();
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        let sender = numbers.clone();
        let sending = thread::spawn(move || {
            block_on(sender.send(Number(10)).priority(Priority::Critical)).unwrap();
            block_on(sender.send(Number(1))).unwrap();
        });
        drop(numbers);
        let got: Vec<_> =
            std::iter::from_fn(|| block_on(receiver.recv()).map(|delivery| delivery.0)).collect();
        assert!(got == [0, 10, 1] || got == [10, 0, 1] || got == [0, 1, 10], "{got:?}");
        sending.join().unwrap();
    });
}

/// Two senders wait, each for a place of its lane, and two readers take.
#[test]
fn who_waits_in_a_lane_is_served_by_whoever_takes_of_it() {
    check(2, || {
        let numbers = laned();
        let (mut receiver, mut subscriber) = (numbers.join("workers"), numbers.subscribe());
        numbers.try_send(Number(0)).unwrap();
        let urgent = numbers.clone();
        let sending = thread::spawn(move || {
            block_on(urgent.send(Number(10)).priority(Priority::Critical)).unwrap();
            block_on(urgent.send(Number(11)).priority(Priority::Critical)).unwrap();
        });
        drop(numbers);
        let reading = thread::spawn(move || std::iter::from_fn(|| block_on(subscriber.recv())).count());
        assert_eq!(std::iter::from_fn(|| block_on(receiver.recv())).count(), 3);
        assert_eq!(reading.join().unwrap(), 3);
        sending.join().unwrap();
    });
}

/// A reader goes through a run of one lane, which it begins, is in, or has ended, while a message of the other is sent: it comes
/// after `overtaken` others at most, once it is there, and nothing is lost.
fn a_run_against_a_message_of_another_lane(run: Priority, other: Priority, overtaken: usize) {
    check(3, move || {
        let numbers = laned_for(4, 4);
        let mut receiver = numbers.join("workers");
        for n in 0..4 {
            assert!(poll_once(&mut numbers.send(Number(n)).priority(run)).is_ready());
        }
        assert_eq!(receiver.try_recv().unwrap().0, 0); // the others are in the inbox, and a run
        let there = Arc::new(AtomicU64::new(0));
        let (sender, sent) = (numbers.clone(), Arc::clone(&there));
        let sending = thread::spawn(move || {
            block_on(sender.send(Number(10)).priority(other)).unwrap();
            sent.store(1, Ordering::SeqCst);
        });
        let (mut got, mut late) = (Vec::new(), 0);
        for _ in 0..3 {
            let waits = there.load(Ordering::SeqCst) == 1 && !got.contains(&10);
            got.push(receiver.try_recv().unwrap().0);
            late += usize::from(waits && got.last() != Some(&10));
        }
        assert!(late <= overtaken, "{got:?}: {late} came though it was there");
        sending.join().unwrap();
        got.extend(drain(&mut receiver));
        let run: Vec<_> = got.iter().copied().filter(|n| *n != 10).collect();
        assert_eq!((run, got.len()), (vec![1, 2, 3], 4), "each once, and a lane in its order");
        assert_eq!(numbers.len(), 0);
        drop((receiver, numbers));
    });
}

#[test]
fn an_urgent_message_ends_a_run_of_another_lane() {
    a_run_against_a_message_of_another_lane(Priority::Normal, Priority::Critical, 0);
}

#[test]
fn a_message_ends_a_run_of_a_more_urgent_lane_after_as_many_as_may_overtake_it() {
    a_run_against_a_message_of_another_lane(Priority::Critical, Priority::Normal, 1);
}

// ---- expiry

const HOUR: Duration = Duration::from_secs(3600);

/// What has expired by a time to come gives up its place.
fn expire(numbers: &Channel<Number>) {
    let later = tokio::time::Instant::now() + 2 * HOUR;
    numbers.shared().with(|log, effects| log.expire(0, later, effects));
}

/// A message expires while a sender falls asleep for its place, and nobody reads: the sender gets it.
#[test]
fn an_expiry_reaches_a_sender_that_is_about_to_wait() {
    check(3, || {
        let numbers = channel(1);
        let mut receiver = numbers.join("workers");
        assert!(poll_once(&mut numbers.send(Number(0)).ttl(HOUR)).is_ready());
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(1))).unwrap());
        expire(&numbers);
        sending.join().unwrap();
        assert!(numbers.try_send(Number(2)).is_err(), "it was one place");
        assert_eq!(drain(&mut receiver), [0, 1], "by this clock it has not expired");
        drop((receiver, numbers));
    });
}

/// A message expires while its reader takes it from the inbox, and two senders wait: its place goes to the first of them,
/// once.
#[test]
fn a_place_is_granted_once_by_an_expiry_or_by_whoever_takes_the_message() {
    check(3, || {
        let numbers = channel(2);
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        assert!(poll_once(&mut numbers.send(Number(1)).ttl(HOUR)).is_ready());
        assert_eq!(receiver.try_recv().unwrap().0, 0); // 1 is in the inbox now
        numbers.try_send(Number(2)).unwrap();
        let senders = numbers.clone();
        let (mut first, mut second) = (senders.send(Number(3)), senders.send(Number(4)));
        for waiting in [&mut first, &mut second] {
            // Once more, as it yields before it asks to be served.
            assert!(poll_once(waiting).is_pending() && poll_once(waiting).is_pending());
        }
        let taking = thread::spawn(move || {
            assert_eq!(receiver.try_recv().unwrap().0, 1);
            receiver
        });
        expire(&numbers);
        let mut receiver = taking.join().unwrap();
        assert!(numbers.try_send(Number(5)).is_err(), "it was granted");
        assert!(poll_once(&mut first).is_ready(), "to the first");
        assert!(poll_once(&mut second).is_pending(), "and to no other");
        assert_eq!(receiver.try_recv().unwrap().0, 2);
        assert!(poll_once(&mut second).is_ready());
        assert_eq!(drain(&mut receiver), [3, 4]);
        drop((first, second));
        drop((receiver, senders, numbers));
    });
}

// ---- recorders

/// Two senders wait for a recorder that misses nothing, while it waits for them: it is told of each, and so are they.
#[test]
fn a_recorder_that_misses_nothing_and_its_senders_wait_for_each_other_in_turn() {
    check(2, || {
        let numbers = channel(4);
        let mut recorder = numbers.record().lossless(1).open().unwrap();
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let numbers = numbers.clone();
                thread::spawn(move || block_on(numbers.send(Number(n))).unwrap())
            })
            .collect();
        drop(numbers);
        let mut tape = Vec::new();
        while block_on(Box::pin(recorder.filled(1))) > 0 {
            assert_eq!(recorder.drain(&mut tape, 2), 1, "it has room for one");
        }
        for thread in threads {
            thread.join().unwrap();
        }
        let mut got: Vec<_> =
            tape.into_iter().map(|record| record.unwrap()).map(|it| (it.seq, it.message.0)).collect();
        assert!(
            got.iter().map(|(seq, _)| *seq).eq(0..2),
            "{got:?}: in the order of admission, and none missing"
        );
        got.sort_unstable_by_key(|(_, number)| *number);
        assert!(got.iter().map(|(_, number)| *number).eq(0..2), "{got:?}");
    });
}
