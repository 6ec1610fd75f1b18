//! Fairness: a freed place goes to the longest waiter, and siblings on one thread get their turns.

use crate::fixtures::{Number, broadcast, channel, is_full, park, put, ready, take, take_all, turns, woken};
use std::{cell::Cell, future::Future, rc::Rc};
use stratoswarm_core::TrySendError;
use tokio::task::{LocalSet, coop};
use tokio_test::task;

// ---- no barging

#[test]
fn a_freed_place_goes_to_the_longest_waiter_under_a_thousand_newcomers() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [0]);
    let mut longest = task::spawn(channel.send(Number(1)));
    park(&mut longest);
    assert_eq!(take(&mut receiver), 0);

    let mut newcomers = Vec::new();
    for number in 2..1_002 {
        assert_eq!(channel.try_send(Number(number)), Err(TrySendError::Full(Number(number))));
        assert!(is_full(&channel));
        let mut newcomer = task::spawn(channel.send(Number(number)));
        park(&mut newcomer);
        newcomers.push(newcomer);
    }
    assert!(receiver.try_recv().is_err(), "no newcomer got in");
    assert_eq!(woken(&mut longest), Ok(()));
    assert_eq!(take(&mut receiver), 1);

    for (newcomer, number) in newcomers.iter_mut().zip(2..) {
        assert_eq!(woken(newcomer), Ok(()), "in the order they came");
        assert_eq!(take(&mut receiver), number);
    }
}

#[test]
fn a_granted_place_is_full_for_the_rest_of_a_batch() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    put(&channel, [0, 1]);
    let mut waiter = task::spawn(channel.send(Number(2)));
    park(&mut waiter);
    let mut batch = vec![Number(3), Number(4)];
    {
        let mut sending = task::spawn(channel.send_many(&mut batch));
        park(&mut sending);
        assert_eq!(take(&mut receiver), 0);
        assert!(!sending.is_woken(), "the place belongs to the waiter");
        park(&mut sending);
    }
    assert_eq!(batch, [Number(3), Number(4)]);
    assert_eq!(woken(&mut waiter), Ok(()));
    assert_eq!(take_all(&mut receiver), [1, 2]);
}

#[test]
fn waiters_are_served_in_the_order_they_came() {
    let channel = channel(3);
    let mut receiver = channel.join("workers");
    put(&channel, 0..3);
    let mut waiters: Vec<_> = (3..103).map(|number| task::spawn(channel.send(Number(number)))).collect();
    waiters.iter_mut().for_each(park);
    for turn in 0..100 {
        assert_eq!(take(&mut receiver), turn as u64);
        assert_eq!(woken(&mut waiters[turn]), Ok(()));
        if let Some(next) = waiters.get(turn + 1) {
            assert!(!next.is_woken());
        }
    }
}

// ---- siblings on one thread

/// How many turns a sibling gets on the same thread while `work` runs.
fn turns_of_a_sibling<F: Future<Output = ()>>(work: F) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let turns = Rc::new(Cell::new(0));
    let counted = Rc::clone(&turns);
    LocalSet::new().block_on(&runtime, async move {
        tokio::task::spawn_local(async move {
            loop {
                counted.set(counted.get() + 1);
                tokio::task::yield_now().await;
            }
        });
        work.await;
    });
    turns.get()
}

#[test]
fn a_send_and_recv_loop_lets_a_sibling_run_thousands_of_turns() {
    let channel = channel(16);
    let mut receiver = channel.join("workers");
    let turns = turns_of_a_sibling(async {
        for number in 0..200_000 {
            channel.send(Number(number)).await.unwrap();
            assert_eq!(receiver.recv().await.unwrap().into_message(), Number(number));
        }
    });
    assert!(turns >= 2_000, "{turns} turns in 400,000 operations");
}

#[test]
fn every_async_operation_lets_siblings_run() {
    const OPERATIONS: u64 = 20_000;
    const ENOUGH: u64 = OPERATIONS / 400;

    let numbers = channel(OPERATIONS as usize);
    let mut receiver = numbers.join("workers");
    let mut subscriber = numbers.subscribe();
    let mut tap = numbers.tap();
    let send = turns_of_a_sibling(async {
        for number in 0..OPERATIONS {
            numbers.send(Number(number)).await.unwrap();
        }
    });
    let recv = turns_of_a_sibling(async {
        for _ in 0..OPERATIONS {
            assert!(receiver.recv().await.is_some());
        }
    });
    let read = turns_of_a_sibling(async {
        for _ in 0..OPERATIONS {
            assert!(subscriber.recv().await.is_some());
        }
    });
    let listen = turns_of_a_sibling(async {
        for _ in 0..OPERATIONS {
            assert!(tap.recv().await.unwrap().is_ok());
        }
    });
    let reserve = turns_of_a_sibling(async {
        for _ in 0..OPERATIONS {
            drop(numbers.reserve().await.unwrap());
        }
    });
    let batches = turns_of_a_sibling(async {
        let mut buffer = Vec::new();
        for number in 0..OPERATIONS {
            numbers.send_many(&mut vec![Number(number)]).await.unwrap();
            assert_eq!(receiver.recv_many(&mut buffer, 8).await, 1);
            buffer.clear();
            let _ = subscriber.try_recv();
        }
    });
    let events = broadcast(4);
    let mut hearer = events.subscribe();
    let hear = turns_of_a_sibling(async {
        for number in 0..OPERATIONS {
            events.send(Number(number)).unwrap();
            assert!(hearer.recv().await.unwrap().is_ok());
        }
    });
    for (operation, turns) in [
        ("send", send),
        ("recv of a receiver", recv),
        ("recv of a subscriber", read),
        ("recv of a tap", listen),
        ("reserve", reserve),
        ("send_many and recv_many", batches),
        ("recv of a broadcast", hear),
    ] {
        assert!(turns >= ENOUGH, "{operation}: {turns} turns in {OPERATIONS} operations");
    }
}

#[test]
fn requests_let_siblings_run() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let turns = turns_of_a_sibling(async {
        for number in 0..5_000 {
            let mut request = task::spawn(channel.request(Number(number)));
            // Polled by hand, in one turn: only the budget can make it wait before it is queued.
            while request.poll().is_pending() {
                if let Ok(delivery) = receiver.try_recv() {
                    let (number, responder) = delivery.into_parts();
                    responder.send(number.0);
                } else {
                    turns(1).await;
                }
            }
        }
    });
    assert!(turns >= 12, "{turns} turns in 10,000 operations");
}

#[tokio::test]
async fn try_calls_spend_no_budget() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut subscriber = channel.subscribe();
    turns(1).await;
    for number in 0..10_000 {
        channel.try_send(Number(number)).unwrap();
        assert!(receiver.try_recv().is_ok());
        assert!(subscriber.try_recv().is_ok());
        assert!(channel.try_reserve().is_ok());
        assert!(coop::has_budget_remaining(), "after {number} turns");
    }
}

#[tokio::test]
async fn a_recv_without_budget_takes_nothing() {
    let channel = channel(1_000);
    let mut receiver = channel.join("workers");
    put(&channel, 0..1_000);
    let mut taken = 0;
    // Without yielding, the budget runs out: what is then polled must wait and not swallow a message.
    for _ in 0..1_000 {
        let mut recv = task::spawn(receiver.recv());
        if recv.poll().is_ready() {
            taken += 1;
        }
    }
    assert!(taken < 1_000, "the budget never ran out");
    turns(1).await;
    let mut rest = Vec::new();
    while let Ok(delivery) = receiver.try_recv() {
        rest.push(delivery.into_message().0);
    }
    assert_eq!(rest, (taken..1_000).collect::<Vec<_>>());
    assert_eq!(ready(&mut task::spawn(channel.send(Number(1)))), Ok(()));
}
