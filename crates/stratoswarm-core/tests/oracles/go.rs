//! Channels between threads as Go has them: order, what a call that does not wait says, the end, many readers of one
//! channel. A channel here has one place at least, so nothing is handed over at a meeting of both sides.

use crate::{
    fixtures::{Number, park, ready, without_deadlock, woken},
    terms::{all, drained, next, recv},
};
use std::{
    any::Any,
    fmt::Debug,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};
use stratoswarm_core::{Delivery, Message, NoReply, Once, SendError, TryRecvError, TrySendError, channel};
use tokio_test::task;

// ---- order

#[test]
fn first_in_is_first_out() {
    let channel = channel::<u32>(10);
    let mut worker = channel.join("workers");
    (0..10).for_each(|n| channel.try_send(n).unwrap());
    assert!(all(&mut worker).into_iter().eq(0..10));
}

#[test]
fn readers_that_start_one_after_the_other_get_messages_in_that_order() {
    without_deadlock(|| {
        let numbers = channel::<u32>(1);
        let start = channel::<()>(1);
        let mut before = start.join("next");
        for n in 0..10 {
            let after = channel::<()>(1);
            let (mut turn, mut worker) = (before, numbers.join("workers"));
            before = after.join("next");
            thread::spawn(move || {
                assert!(turn.blocking_recv().is_some());
                assert_eq!(worker.blocking_recv().map(Delivery::into_message), Some(n));
                after.blocking_send(()).unwrap();
            });
        }
        start.blocking_send(()).unwrap();
        (0..10).for_each(|n| numbers.blocking_send(n).unwrap());
        assert!(before.blocking_recv().is_some(), "a reader got another one's message");
    });
}

#[tokio::test]
async fn a_message_goes_through_a_chain_of_a_hundred() {
    let last = channel::<u32>(1);
    let mut end = last.join("next");
    let mut left = last;
    for _ in 0..100 {
        let right = channel::<u32>(1);
        let mut from = right.join("next");
        tokio::spawn(async move {
            let passed = recv(&mut from).await.unwrap();
            left.send(passed + 1).await.unwrap();
        });
        left = right;
    }
    left.send(1).await.unwrap();
    assert_eq!(recv(&mut end).await, Some(101));
}

#[tokio::test]
async fn a_sieve_of_channels_finds_the_primes() {
    let source = channel::<u32>(1);
    let mut numbers = source.join("next");
    tokio::spawn(async move {
        for n in 2..=100 {
            source.send(n).await.unwrap();
        }
    });
    let mut primes = Vec::new();
    while let Some(prime) = recv(&mut numbers).await {
        primes.push(prime);
        let rest = channel::<u32>(1);
        let mut before = std::mem::replace(&mut numbers, rest.join("next"));
        tokio::spawn(async move {
            while let Some(n) = recv(&mut before).await {
                if n % prime != 0 {
                    rest.send(n).await.unwrap();
                }
            }
        });
    }
    let expected =
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];
    assert_eq!(primes, expected);
}

// ---- calls that do not wait, for messages of any type

fn without_waiting<M: Message + PartialEq + Debug>(message: &M) {
    let channel = channel::<M>(1);
    let mut worker = channel.join("workers");
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));

    let mut recv = task::spawn(worker.recv());
    park(&mut recv);
    assert_eq!(channel.try_send(message.clone()), Ok(()), "somebody waits for it");
    assert_eq!(woken(&mut recv).map(Delivery::into_message).as_ref(), Some(message));
    drop(recv);

    channel.try_send(message.clone()).unwrap();
    let mut send = task::spawn(channel.send(message.clone()));
    park(&mut send);
    assert_eq!(&next(&mut worker), message);
    assert_eq!(woken(&mut send), Ok(()));
    assert_eq!(&next(&mut worker), message);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
}

#[test]
fn a_call_that_does_not_wait_meets_one_that_does_whatever_the_message() {
    without_waiting(&123_i32);
    without_waiting(&123_456_789_012_i64);
    without_waiting(&true);
    without_waiting(&String::from("hello"));
    without_waiting(&());
    without_waiting(&Nothing([]));
}

#[derive(Debug, Clone, PartialEq)]
struct Nothing([u8; 0]);

impl Message for Nothing {
    type Reply = NoReply;
}

#[test]
fn messages_without_a_size_are_counted_like_others() {
    let channel = channel::<Nothing>(3);
    let mut worker = channel.join("workers");
    (0..3).for_each(|_| channel.try_send(Nothing([])).unwrap());
    assert_eq!(channel.try_send(Nothing([])), Err(TrySendError::Full(Nothing([]))));
    assert_eq!((channel.len(), all(&mut worker).len()), (3, 3));
}

#[test]
fn a_message_can_be_anything_behind_a_pointer() {
    let owned = channel::<Once<Box<dyn Any + Send>>>(1);
    let mut worker = owned.join("workers");
    assert!(owned.try_send(Once::new(Box::new(7_u8))).is_ok());
    assert!(owned.try_send(Once::new(Box::new("no room"))).is_err());
    assert_eq!(next(&mut worker).take().unwrap().downcast_ref(), Some(&7_u8));

    let shared = channel::<Arc<dyn Any + Send + Sync>>(1);
    let mut worker = shared.join("workers");
    assert!(shared.try_send(Arc::new("hello")).is_ok());
    assert_eq!(next(&mut worker).downcast_ref(), Some(&"hello"));
}

#[test]
fn a_send_does_not_wait_for_its_reader_and_a_request_does() {
    let channel = channel::<Number>(1);
    let mut worker = channel.join("workers");
    assert_eq!(ready(&mut task::spawn(channel.send(Number(1)))), Ok(()), "nobody has taken it");
    assert_eq!(next(&mut worker), Number(1));

    let mut request = task::spawn(channel.request(Number(2)));
    park(&mut request);
    let delivery = worker.try_recv().unwrap();
    assert!(!request.is_woken());
    delivery.reply(4);
    assert_eq!(woken(&mut request), Ok(4));
}

// ---- the same for every capacity

#[test]
fn an_empty_channel_makes_readers_wait_and_each_message_serves_one() {
    for capacity in 1..50 {
        let channel = channel::<u32>(capacity);
        let (mut one, mut two, mut three) = (channel.join("w"), channel.join("w"), channel.join("w"));
        let (mut first, mut second) = (task::spawn(one.recv()), task::spawn(two.recv()));
        park(&mut first);
        park(&mut second);
        assert_eq!(three.try_recv().err(), Some(TryRecvError::Empty));
        channel.try_send(0).unwrap();
        assert_eq!(woken(&mut first).map(Delivery::into_message), Some(0));
        park(&mut second);
        channel.try_send(1).unwrap();
        assert_eq!(woken(&mut second).map(Delivery::into_message), Some(1));
    }
}

#[test]
fn a_full_channel_makes_senders_wait() {
    for capacity in 1..50 {
        let channel = channel::<usize>(capacity);
        let mut worker = channel.join("workers");
        (0..capacity).for_each(|n| channel.try_send(n).unwrap());
        let mut send = task::spawn(channel.send(capacity));
        park(&mut send);
        assert_eq!(channel.try_send(0), Err(TrySendError::Full(0)));
        assert_eq!(next(&mut worker), 0);
        assert_eq!(woken(&mut send), Ok(()));
        assert!(all(&mut worker).into_iter().eq(1..=capacity));
    }
}

#[test]
fn a_closed_channel_is_read_to_its_end_and_then_says_so_however_often_it_is_asked() {
    for capacity in 1..50 {
        let channel = channel::<usize>(capacity);
        let mut worker = channel.join("workers");
        (0..capacity).for_each(|n| channel.try_send(n).unwrap());
        channel.close();
        assert!(all(&mut worker).into_iter().eq(0..capacity));
        for _ in 0..2 {
            assert!(ready(&mut task::spawn(worker.recv())).is_none());
            assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
        }
    }
}

#[test]
fn the_close_ends_the_wait_of_every_reader() {
    for capacity in 1..50 {
        let channel = channel::<u32>(capacity);
        let (mut one, mut two) = (channel.join("workers"), channel.join("workers"));
        let (mut first, mut second) = (task::spawn(one.recv()), task::spawn(two.recv()));
        park(&mut first);
        park(&mut second);
        channel.close();
        assert!(woken(&mut first).is_none() && woken(&mut second).is_none());
    }
}

#[test]
fn a_second_close_is_no_fault_and_a_late_send_gets_its_message_back() {
    let channel = channel::<u32>(1);
    let worker = channel.join("workers");
    channel.close();
    channel.close();
    worker.close();
    assert_eq!(channel.try_send(1), Err(TrySendError::Closed(1)));
    assert_eq!(channel.blocking_send(2), Err(SendError(2)));
}

#[tokio::test]
async fn many_messages_come_whole_and_in_order_through_any_capacity() {
    for capacity in 1..50 {
        let channel = channel::<(u32, String)>(capacity);
        let worker = channel.join("workers");
        tokio::spawn(async move {
            for n in 0..100 {
                channel.send((n, n.to_string())).await.unwrap();
            }
        });
        let got = drained(worker).await;
        assert!(got.into_iter().eq((0..100).map(|n| (n, n.to_string()))));
    }
}

// ---- races

#[test]
fn a_channel_with_a_message_or_closed_is_never_empty_to_who_tries() {
    without_deadlock(|| {
        for _ in 0..500 {
            let channel = channel::<u32>(1);
            let (mut mine, mut other) = (channel.join("workers"), channel.join("workers"));
            channel.try_send(1).unwrap();
            let start = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    assert_ne!(other.try_recv().err(), Some(TryRecvError::Empty));
                });
                start.wait();
                channel.close();
                let _ = mine.try_recv();
            });
        }
    });
}

#[test]
fn what_many_workers_pass_on_is_all_that_was_sent() {
    const WORKERS: usize = 23;
    const COUNT: u64 = 10_000;
    without_deadlock(|| {
        let (tasks, results) = (channel::<u64>(WORKERS * 3), channel::<u64>(WORKERS * 3));
        let mut collector = results.join("collector");
        thread::scope(|scope| {
            for place in 0..WORKERS {
                let (mut worker, results) = (tasks.join("workers"), results.clone());
                scope.spawn(move || {
                    for task in worker.blocking_iter() {
                        if *task % WORKERS as u64 == place as u64 {
                            thread::yield_now();
                        }
                        results.blocking_send(*task).unwrap();
                    }
                });
            }
            drop(results);
            scope.spawn(move || (0..COUNT).for_each(|n| tasks.blocking_send(n).unwrap()));
            let mut seen: Vec<_> = collector.blocking_iter().map(Delivery::into_message).collect();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..COUNT));
        });
    });
}

#[test]
fn each_message_is_sent_before_it_is_taken_and_taken_by_one() {
    const COUNT: usize = 1000;
    without_deadlock(|| {
        let channel = channel::<usize>(2);
        let states = Mutex::new([0_u8; COUNT]);
        let taken = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..10 {
                let (mut worker, states, taken) = (channel.join("workers"), &states, &taken);
                scope.spawn(move || {
                    for number in worker.blocking_iter() {
                        let before = std::mem::replace(&mut states.lock().unwrap()[*number], 2);
                        assert_eq!(before, 1, "{}", *number);
                        taken.fetch_add(1, SeqCst);
                    }
                });
            }
            for n in 0..COUNT {
                assert_eq!(std::mem::replace(&mut states.lock().unwrap()[n], 1), 0);
                channel.blocking_send(n).unwrap();
            }
            drop(channel);
        });
        assert_eq!(taken.load(SeqCst), COUNT);
    });
}
