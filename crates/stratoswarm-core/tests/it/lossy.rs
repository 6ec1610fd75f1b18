//! Lossy readers: never hold a sender back, and are told exactly what they missed.

use crate::fixtures::{Number, broadcast, channel, hear_all, park, put, take, turns, woken};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use stratoswarm_core::{Fabric, LossySubscriber, SendError, TryRecvError};
use tokio_test::task;

// ---- broadcasts

#[test]
fn a_broadcast_without_subscribers_accepts_and_counts() {
    let events = broadcast(4);
    for number in 0..10 {
        assert_eq!(events.send(Number(number)), Ok(0));
    }
    assert_eq!(events.info().sent, 10);
    assert_eq!(events.subscribers(), 0);
}

#[test]
fn a_broadcast_reports_its_subscribers() {
    let events = broadcast(4);
    let first = events.subscribe();
    let _second = events.subscribe();
    assert_eq!((events.send(Number(1)), events.subscribers()), (Ok(2), 2));
    drop(first);
    assert_eq!((events.send(Number(2)), events.subscribers()), (Ok(1), 1));
}

#[test]
fn subscribers_of_a_broadcast_get_identical_events() {
    let events = broadcast(100);
    let mut subscribers: Vec<_> = (0..3).map(|_| events.subscribe()).collect();
    for number in 0..100 {
        events.send(Number(number)).unwrap();
    }
    for subscriber in &mut subscribers {
        assert_eq!(hear_all(subscriber), (0..100).collect::<Vec<_>>());
    }
}

#[test]
fn a_lossy_subscriber_starts_at_the_next_message() {
    let events = broadcast(4);
    events.send(Number(1)).unwrap();
    let mut late = events.subscribe();
    assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
    events.send(Number(2)).unwrap();
    assert_eq!(hear_all(&mut late), [2]);
}

#[test]
fn a_broadcast_keeps_its_capacity_and_reports_the_gap_in_its_place() {
    for capacity in [1_i64, 2, 4, 32, 100] {
        let events = broadcast(usize::try_from(capacity).unwrap());
        let mut slow = events.subscribe();
        for number in 0..capacity + 6 {
            events.send(Number(number.cast_unsigned())).unwrap();
        }
        let mut expected = vec![-6];
        expected.extend(6..capacity + 6);
        assert_eq!(hear_all(&mut slow), expected);
    }
}

#[test]
fn a_gap_in_the_middle_is_reported_in_the_middle() {
    let events = broadcast(4);
    let mut slow = events.subscribe();
    let send = |numbers: std::ops::Range<u64>| {
        numbers.for_each(|number| assert_eq!(events.send(Number(number)), Ok(1)));
    };
    send(0..4);
    assert_eq!(slow.try_recv(), Ok(Ok(Number(0))));
    assert_eq!(slow.try_recv(), Ok(Ok(Number(1))));
    send(4..9);
    // 5 to 8 are kept; 2, 3 and 4 are missed, even if they had been fetched ahead.
    assert_eq!(hear_all(&mut slow), [-3, 5, 6, 7, 8]);
    send(9..10);
    assert_eq!(hear_all(&mut slow), [9]);
}

#[test]
fn a_lagging_subscriber_does_not_disturb_the_others() {
    let events = broadcast(2);
    let mut slow = events.subscribe();
    let mut fast = events.subscribe();
    for number in 0..1_000 {
        assert_eq!(events.send(Number(number)), Ok(2));
        assert_eq!(fast.try_recv(), Ok(Ok(Number(number))));
    }
    assert_eq!(hear_all(&mut slow), [-998, 998, 999]);
}

#[test]
fn a_waiting_lossy_subscriber_is_woken_by_the_next_message() {
    let events = broadcast(2);
    let mut subscriber = events.subscribe();
    let mut recv = task::spawn(subscriber.recv());
    park(&mut recv);
    events.send(Number(1)).unwrap();
    assert_eq!(woken(&mut recv), Some(Ok(Number(1))));
}

#[test]
fn a_closed_broadcast_returns_the_message() {
    let events = broadcast(2);
    let mut subscriber = events.subscribe();
    events.send(Number(1)).unwrap();
    events.close();
    assert!(events.is_closed());
    assert_eq!(events.send(Number(2)), Err(SendError(Number(2))));
    assert_eq!(hear_all(&mut subscriber), [1]);
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
}

// ---- taps

#[test]
fn a_tap_never_holds_a_sender_back() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let mut tap = channel.tap();
    for number in 0..1_000 {
        put(&channel, [number]);
        assert_eq!(take(&mut receiver), number);
        assert!(channel.is_empty());
    }
    let heard = hear_all(&mut tap);
    assert_eq!(accounted(&heard), 1_000);
    assert!(heard.iter().any(|entry| *entry < 0));
}

#[test]
fn a_tap_that_keeps_up_misses_nothing() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let mut tap = channel.tap();
    for number in 0..1_000 {
        put(&channel, [number]);
        assert_eq!(tap.try_recv(), Ok(Ok(Number(number))));
        assert_eq!(take(&mut receiver), number);
    }
}

#[test]
fn a_tap_hears_what_the_workers_have_already_taken() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut tap = channel.tap();
    put(&channel, 0..4);
    for number in 0..4 {
        assert_eq!(take(&mut receiver), number);
    }
    assert_eq!(hear_all(&mut tap), [0, 1, 2, 3]);
}

#[test]
fn the_gap_of_a_tap_is_in_its_place() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut tap = channel.tap();
    let (mut next, mut position) = (0, 0);
    for round in 1..200 {
        for _ in 0..round % 11 {
            put(&channel, [next]);
            take(&mut receiver);
            next += 1;
        }
        if round % 3 == 0 {
            check_sequence(&hear_all(&mut tap), &mut position, next);
        }
    }
}

#[test]
fn the_last_gap_comes_before_none() {
    let numbers = channel(2);
    let mut receiver = numbers.join("workers");
    let mut tap = numbers.tap();
    let events = broadcast(2);
    let mut subscriber = events.subscribe();
    for number in 0..10 {
        put(&numbers, [number]);
        take(&mut receiver);
        events.send(Number(number)).unwrap();
    }
    numbers.close();
    events.close();
    drop(receiver);
    for reader in [&mut tap, &mut subscriber] {
        let mut heard = Vec::new();
        loop {
            let mut recv = task::spawn(reader.recv());
            match recv.poll() {
                std::task::Poll::Ready(Some(Ok(number))) => heard.push(number.0.cast_signed()),
                std::task::Poll::Ready(Some(Err(lagged))) => heard.push(-lagged.missed.cast_signed()),
                std::task::Poll::Ready(None) => break,
                std::task::Poll::Pending => panic!("waits on a closed channel"),
            }
        }
        assert_eq!(accounted(&heard), 10);
        check_sequence(&heard, &mut 0, 10);
    }
}

#[test]
fn the_last_tap_does_not_close_and_the_close_ends_it() {
    let channel = channel(2);
    let mut tap = channel.tap();
    drop(channel.tap());
    assert!(!channel.is_closed());
    let mut recv = task::spawn(tap.recv());
    park(&mut recv);
    channel.close();
    assert_eq!(woken(&mut recv), None);
}

// ---- under load

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn received_and_missed_add_up_to_what_was_sent() {
    const SENDERS: u64 = 4;
    const EACH: u64 = 5_000;

    async fn listen(mut reader: LossySubscriber<Number>, pace: u64) -> (u64, u64) {
        let (mut received, mut missed) = (0, 0);
        let mut latest = [None; SENDERS as usize];
        while let Some(heard) = reader.recv().await {
            match heard {
                Ok(Number(number)) => {
                    received += 1;
                    let sender = &mut latest[(number / EACH) as usize];
                    assert!(sender.is_none_or(|before| before < number), "{number} after {sender:?}");
                    *sender = Some(number);
                }
                Err(lagged) => {
                    assert!(lagged.missed > 0);
                    missed += lagged.missed;
                }
            }
            if received % 7 == 0 {
                turns(pace).await;
            }
        }
        (received, missed)
    }

    let events = broadcast(16);
    let numbers = channel(16);
    let mut worker = numbers.join("workers");
    tokio::spawn(async move { while worker.recv().await.is_some() {} });
    let listeners: Vec<_> = (0..3)
        .flat_map(|pace| [(events.subscribe(), pace), (numbers.tap(), pace)])
        .map(|(reader, pace)| tokio::spawn(listen(reader, pace * 5)))
        .collect();
    for sender in 0..SENDERS {
        let (events, numbers) = (events.clone(), numbers.clone());
        tokio::spawn(async move {
            for number in sender * EACH..(sender + 1) * EACH {
                events.send(Number(number)).unwrap();
                numbers.send(Number(number)).await.unwrap();
            }
        });
    }
    drop((events, numbers));
    for listener in listeners {
        let (received, missed) = listener.await.unwrap();
        assert_eq!(received + missed, SENDERS * EACH, "{received} received, {missed} missed");
    }
}

/// Received and missed together.
fn accounted(heard: &[i64]) -> u64 {
    heard.iter().map(|entry| if *entry < 0 { entry.unsigned_abs() } else { 1 }).sum()
}

/// Each message must be the one after the last, or after the gap, up to `end`.
#[track_caller]
fn check_sequence(heard: &[i64], position: &mut u64, end: u64) {
    for entry in heard {
        if *entry < 0 {
            *position += entry.unsigned_abs();
        } else {
            assert_eq!(entry.unsigned_abs(), *position, "in {heard:?}");
            *position += 1;
        }
    }
    assert_eq!(*position, end, "after {heard:?}");
}

#[test]
fn a_thousand_lossy_readers_hold_few_clones_of_what_they_have_not_read() {
    const READERS: usize = 1_000;
    const KEPT: usize = 64;

    /// Counts those that exist.
    struct Counted(Arc<AtomicUsize>);
    impl Counted {
        fn new(live: &Arc<AtomicUsize>) -> Self {
            live.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(live))
        }
    }
    impl Clone for Counted {
        fn clone(&self) -> Self {
            Self::new(&self.0)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    let live = Arc::default();
    let events = Fabric::new().broadcast::<Counted>("counted").capacity(KEPT).open().unwrap();
    let mut readers: Vec<_> = (0..READERS).map(|_| events.subscribe()).collect();
    // Twice: a reader that has read many takes more at once.
    for _ in 0..2 {
        for _ in 0..KEPT {
            assert_eq!(events.send(Counted::new(&live)).ok(), Some(READERS));
        }
        for (turn, reader) in readers.iter_mut().enumerate() {
            assert!(reader.try_recv().is_ok_and(|heard| heard.is_ok()));
            let held = live.load(Ordering::Relaxed);
            assert!(held <= 5 * KEPT + READERS, "{held} after {turn} readers took one");
        }
        for reader in &mut readers {
            assert_eq!(std::iter::from_fn(|| reader.try_recv().ok()).flatten().count(), KEPT - 1);
        }
    }
    drop((readers, events));
    assert_eq!(live.load(Ordering::Relaxed), 0);
}
