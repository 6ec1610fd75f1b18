//! Blocking calls: on any thread that may block; in async context they panic as tokio's do.

use crate::fixtures::{Number, broadcast, channel, panics, park, put, take};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};
use stratoswarm_core::SendError;
use tokio_test::task;

#[test]
fn blocking_calls_work_on_plain_threads() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut subscriber = channel.subscribe();
    let sender = channel.clone();
    let sending = thread::spawn(move || {
        for number in 0..10_000 {
            sender.blocking_send(Number(number)).unwrap();
        }
    });
    let reading = thread::spawn(move || {
        let mut read = Vec::new();
        while let Some(number) = subscriber.blocking_recv() {
            read.push(number.0);
        }
        read
    });
    drop(channel);
    let mut taken = Vec::new();
    while let Some(delivery) = receiver.blocking_recv() {
        taken.push(delivery.into_message().0);
    }
    sending.join().unwrap();
    assert_eq!(taken, (0..10_000).collect::<Vec<_>>());
    assert_eq!(reading.join().unwrap(), taken);
}

#[test]
fn a_blocking_recv_of_a_lossy_subscriber_ends_with_the_broadcast() {
    let events = broadcast(4);
    let mut subscriber = events.subscribe();
    let hearing = thread::spawn(move || {
        let mut accounted = 0;
        while let Some(heard) = subscriber.blocking_recv() {
            accounted += heard.map_or_else(|lagged| lagged.missed, |_| 1);
        }
        accounted
    });
    for number in 0..1_000 {
        events.send(Number(number)).unwrap();
    }
    drop(events);
    assert_eq!(hearing.join().unwrap(), 1_000);
}

#[tokio::test]
async fn blocking_calls_work_in_spawn_blocking() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let sender = channel.clone();
    let sending = tokio::task::spawn_blocking(move || {
        for number in 0..100 {
            sender.blocking_send(Number(number)).unwrap();
        }
    });
    for number in 0..50 {
        assert_eq!(*receiver.recv().await.unwrap(), Number(number));
    }
    drop(channel);
    let rest = tokio::task::spawn_blocking(move || {
        let mut rest = 0;
        while receiver.blocking_recv().is_some() {
            rest += 1;
        }
        rest
    });
    sending.await.unwrap();
    assert_eq!(rest.await.unwrap(), 50);
}

#[test]
fn a_blocked_send_gets_its_message_back_at_the_close() {
    let channel = channel(1);
    let _receiver = channel.join("workers");
    put(&channel, [1]);
    let sender = channel.clone();
    let sending = thread::spawn(move || sender.blocking_send(Number(2)));
    while channel.info().blocked_senders == 0 {
        thread::yield_now();
    }
    channel.close();
    assert_eq!(sending.join().unwrap(), Err(SendError(Number(2))));
}

#[test]
fn a_blocked_sender_waits_in_the_same_line() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let sender = channel.clone();
    let sending = thread::spawn(move || sender.blocking_send(Number(2)));
    while channel.info().blocked_senders == 0 {
        thread::yield_now();
    }
    let mut behind = task::spawn(channel.send(Number(3)));
    park(&mut behind);
    assert_eq!(take(&mut receiver), 1);
    assert_eq!(sending.join().unwrap(), Ok(()));
    assert_eq!(take(&mut receiver), 2);
    assert!(behind.poll().is_ready());
}

// ---- async context

#[tokio::test]
#[should_panic(expected = "block the current thread")]
async fn blocking_send_panics_in_async_context() {
    let _ = channel(4).blocking_send(Number(1));
}

#[tokio::test]
#[should_panic(expected = "block the current thread")]
async fn blocking_recv_panics_in_async_context() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let _ = receiver.blocking_recv();
}

#[tokio::test]
#[should_panic(expected = "block the current thread")]
async fn blocking_recv_of_a_subscriber_panics_in_async_context() {
    let channel = channel(4);
    let mut subscriber = channel.subscribe();
    put(&channel, [1]);
    let _ = subscriber.blocking_recv();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[should_panic(expected = "block the current thread")]
async fn blocking_recv_of_a_lossy_subscriber_panics_in_async_context() {
    let events = broadcast(4);
    let mut subscriber = events.subscribe();
    events.send(Number(1)).unwrap();
    let _ = subscriber.blocking_recv();
}

/// The line of the panic that this ends in, which must be in this file.
#[track_caller]
fn line_of_panic<T>(call: impl FnOnce() -> T) -> u32 {
    panics(); // it keeps them from here on
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "it blocks in async context");
    let here = thread::current().id();
    let seen = panics().into_iter().rfind(|panic| panic.thread == here).expect("it was seen");
    assert!(seen.text.contains("block the current thread"), "{seen:?}");
    assert!(seen.file.ends_with("blocking.rs"), "{seen:?}");
    seen.line
}

#[tokio::test]
async fn what_blocks_in_async_context_panics_with_the_line_of_the_call() {
    let (channel, events) = (channel(4), broadcast(4));
    let (mut receiver, mut subscriber) = (channel.join("workers"), channel.subscribe());
    let mut lossy = events.subscribe();
    let line = line_of_panic(|| channel.blocking_send(Number(1)));
    assert_eq!(line, line!() - 1);
    let line = line_of_panic(|| receiver.blocking_recv());
    assert_eq!(line, line!() - 1);
    let line = line_of_panic(|| subscriber.blocking_recv());
    assert_eq!(line, line!() - 1);
    let line = line_of_panic(|| lossy.blocking_recv());
    assert_eq!(line, line!() - 1);
    assert!(channel.is_empty(), "nothing was sent");
}
