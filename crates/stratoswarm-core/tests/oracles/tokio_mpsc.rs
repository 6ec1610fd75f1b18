//! A bounded queue with one reader: order, batches, room, timeouts, blocking calls.

use crate::{
    fixtures::{panics, park, ready, woken},
    terms::{all, closing_with_readers, drained, free, next, recv},
};
use futures::{FutureExt, StreamExt};
use static_assertions::assert_impl_all;
use std::{
    cell::Cell,
    future::Future,
    panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind},
    thread,
    time::Duration,
};
use stratoswarm_core::{
    Channel, Delivery, Fabric, Message, NoReply, Once, OpenError, OwnedPermit, Permit, Permits, Receiver,
    SendTimeoutError, TryRecvError, TrySendError, WeakChannel, channel,
};
use tokio::{runtime::Runtime, time::Instant};
use tokio_test::task;

// ---- what the handles are, whatever the message is

/// Neither `Sync` nor safe to look at behind a panic.
#[derive(Clone)]
struct Unshared(#[expect(dead_code, reason = "its type is the point")] Cell<u8>);

impl Message for Unshared {
    type Reply = NoReply;
}

assert_impl_all!(Channel<Unshared>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(WeakChannel<Unshared>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Receiver<Unshared>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Permit<'static, Unshared>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Permits<'static, Unshared>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(OwnedPermit<Unshared>: UnwindSafe, RefUnwindSafe);

/// Neither `Debug` nor `Clone`.
struct Bare;

#[test]
fn a_message_without_clone_or_debug_travels_as_once_and_its_handles_have_both() {
    let channel = channel::<Once<Bare>>(100);
    let mut worker = channel.join("workers");
    assert!(format!("{channel:?}").starts_with("Channel") && format!("{worker:?}").starts_with("Receiver"));
    channel.clone().try_send(Once::new(Bare)).unwrap();
    assert!(next(&mut worker).take().is_some());
}

// ---- order

#[tokio::test]
async fn messages_come_in_order_and_then_the_end() {
    let channel = channel::<u32>(16);
    let worker = channel.join("workers");
    channel.reserve().await.unwrap().send(1);
    channel.try_send(2).unwrap();
    channel.send(3).await.unwrap();
    drop(channel);
    assert_eq!(drained(worker).await, [1, 2, 3]);
}

#[tokio::test]
async fn what_another_task_sends_comes_until_its_handle_is_gone() {
    let channel = channel::<u32>(16);
    let worker = channel.join("workers");
    tokio::spawn(async move {
        for n in 1..=2 {
            channel.send(n).await.unwrap();
        }
    });
    assert_eq!(drained(worker).await, [1, 2]);
}

#[tokio::test]
async fn a_reader_is_a_stream_of_what_another_task_sends() {
    let channel = channel::<u32>(16);
    let worker = channel.join("workers");
    tokio::spawn(async move {
        for n in 1..=2 {
            channel.send(n).await.unwrap();
        }
    });
    assert_eq!(worker.map(Delivery::into_message).collect::<Vec<_>>().await, [1, 2]);
}

// ---- batches

#[tokio::test]
async fn batches_add_up_to_all_that_was_sent_and_zero_is_the_end() {
    let channel = channel::<u32>(2);
    let mut worker = channel.join("workers");
    let sending = tokio::spawn(async move {
        for n in [1, 2, 7, 0] {
            channel.send(n).await.unwrap();
        }
    });
    let (mut buffer, mut count) = (Vec::with_capacity(3), 0);
    while count < 4 {
        let batch = worker.recv_many(&mut buffer, 3).await;
        assert!((1..=3).contains(&batch));
        count += batch;
        assert_eq!(buffer.len(), count);
    }
    assert_eq!(buffer.iter().map(|delivery| **delivery).collect::<Vec<_>>(), [1, 2, 7, 0]);
    assert_eq!(worker.recv_many(&mut buffer, 3).await, 0);
    sending.await.unwrap();
}

#[test]
fn a_batch_of_nothing_waits_for_nothing_and_takes_nothing() {
    let channel = channel::<u32>(16);
    let mut worker = channel.join("workers");
    let mut buffer = Vec::new();
    assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut buffer, 0))), 0);
    channel.try_send(7).unwrap();
    assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut buffer, 0))), 0);
    assert_eq!((buffer.len(), next(&mut worker)), (0, 7));
}

#[test]
fn a_batch_with_a_limit_of_one_takes_one_of_several() {
    let channel = channel::<u32>(16);
    let mut worker = channel.join("workers");
    (1..=3).for_each(|n| channel.try_send(n).unwrap());
    let mut buffer = Vec::new();
    for n in 1..=3 {
        assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut buffer, 1))), 1);
        assert_eq!(buffer.len(), n);
    }
    assert_eq!(buffer.iter().map(|delivery| **delivery).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_batch_is_appended_and_uses_the_room_that_its_buffer_has() {
    let channel = channel::<String>(100);
    let mut worker = channel.join("workers");
    let mut buffer = Vec::with_capacity(9);
    let limit = buffer.capacity();
    let sent: Vec<_> = (0..=limit).map(|n| n.to_string()).collect();
    for text in &sent {
        channel.try_send(text.clone()).unwrap();
    }

    assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut buffer, limit))), limit);
    assert_eq!(buffer.capacity(), limit, "there was room for just as many");
    assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut buffer, limit))), 1);
    assert_eq!(buffer.iter().map(|delivery| (**delivery).clone()).collect::<Vec<_>>(), sent);

    let grown = buffer.capacity();
    buffer.clear();
    for text in &sent[..4] {
        channel.try_send(text.clone()).unwrap();
    }
    assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut buffer, 32))), 4);
    assert_eq!(buffer.capacity(), grown, "used again");
}

#[test]
fn a_batch_waits_while_a_handle_can_still_send_and_then_has_its_last_message() {
    let channel = channel::<u32>(100);
    let mut worker = channel.join("workers");
    let mut buffer = Vec::new();
    let mut batch = task::spawn(worker.recv_many(&mut buffer, 9));
    park(&mut batch);
    channel.try_send(1).unwrap();
    drop(channel);
    assert_eq!(woken(&mut batch), 1);
    drop(batch);
    assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut buffer, 9))), 0);
    assert_eq!(buffer.len(), 1);
}

#[test]
fn a_batch_that_finds_the_end_leaves_its_buffer_as_it_was() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    channel.try_send(1).unwrap();
    let mut buffer = vec![worker.try_recv().unwrap()];
    worker.close();
    assert_eq!(ready(&mut task::spawn(worker.recv_many(&mut buffer, 1))), 0);
    assert_eq!(buffer.iter().map(|delivery| **delivery).collect::<Vec<_>>(), [1]);
}

// ---- room

#[test]
fn a_capacity_of_zero_is_an_error_in_a_fabric_and_one_place_otherwise() {
    let opened = Fabric::new().channel::<u32>("none").capacity(0).open();
    assert_eq!(opened.err(), Some(OpenError::ZeroCapacity));
    let one = channel::<u32>(0);
    assert_eq!(one.capacity(), 1);
    one.try_send(1).unwrap();
    assert_eq!(one.try_send(2), Err(TrySendError::Full(2)));
}

#[test]
fn the_greatest_capacity_is_what_comes_nearest_to_no_bound() {
    let channel = channel::<u32>(usize::MAX);
    let mut worker = channel.join("workers");
    for n in 0..5000 {
        channel.try_send(n).unwrap();
        assert_eq!(worker.len(), n as usize + 1);
    }
    assert!(all(&mut worker).into_iter().eq(0..5000));
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    drop(channel);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn a_full_channel_refuses_until_one_was_taken() {
    let channel = channel::<&str>(1);
    let mut worker = channel.join("workers");
    channel.try_send("hello").unwrap();
    assert_eq!(channel.try_send("no room"), Err(TrySendError::Full("no room")));
    assert_eq!(next(&mut worker), "hello");
    channel.try_send("goodbye").unwrap();
    drop(channel);
    assert_eq!(next(&mut worker), "goodbye");
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn room_and_messages_are_exact_over_several_rounds_of_a_small_channel() {
    let channel = channel::<u32>(5);
    let mut worker = channel.join("workers");
    (0..5).for_each(|n| channel.try_send(n).unwrap());
    assert!(channel.try_send(5).is_err());
    assert_eq!(all(&mut worker), [0, 1, 2, 3, 4]);

    (0..4).for_each(|n| channel.try_send(n).unwrap());
    assert_eq!(next(&mut worker), 0);
    (4..6).for_each(|n| channel.try_send(n).unwrap());
    assert!(channel.try_send(6).is_err());
    assert_eq!(all(&mut worker), [1, 2, 3, 4, 5]);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));

    (0..3).for_each(|n| channel.try_send(n).unwrap());
    drop(channel);
    assert_eq!(all(&mut worker), [0, 1, 2]);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn a_freed_place_is_that_of_who_waited_and_no_newcomers() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    channel.try_reserve().unwrap().send(1);
    let mut waiting = task::spawn(channel.reserve());
    park(&mut waiting);
    assert_eq!(next(&mut worker), 1);
    assert_eq!(channel.try_send(1337), Err(TrySendError::Full(1337)));
    woken(&mut waiting).unwrap().send(2);
    assert_eq!(next(&mut worker), 2);
}

#[test]
fn who_gave_up_waiting_is_not_woken_and_the_next_in_line_is() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    channel.try_send(1).unwrap();
    let mut bystander = task::spawn(());
    let mut first = Box::pin(channel.reserve());
    for _ in 0..5 {
        bystander.enter(|cx, _| assert!(first.as_mut().poll(cx).is_pending()));
    }
    assert!(!bystander.is_woken());
    let mut second = task::spawn(channel.reserve());
    park(&mut second);
    drop(first);
    assert_eq!(next(&mut worker), 1);
    assert!(second.is_woken() && !bystander.is_woken());
    drop(second);
    drop(channel);
    assert!(
        ready(&mut task::spawn(worker.recv())).is_none(),
        "its place was given back, and nobody can send"
    );
}

#[test]
fn capacity_stays_as_it_was_opened_and_what_is_free_is_counted_from_it() {
    let channel = channel::<()>(10);
    let _worker = channel.join("workers");
    assert_eq!((channel.capacity(), free(&channel)), (10, 10));
    let _permit = channel.try_reserve().unwrap();
    assert_eq!((channel.capacity(), free(&channel)), (10, 9));
    channel.try_send(()).unwrap();
    assert_eq!((channel.capacity(), free(&channel)), (10, 8));
}

// ---- time

#[tokio::test(start_paused = true)]
async fn a_send_that_may_wait_a_second_gives_its_message_back_then_or_at_the_close() {
    let channel = closing_with_readers::<u32>(5);
    let worker = channel.join("workers");
    let second = Duration::from_secs(1);
    for n in 0..5 {
        assert_eq!(channel.send_timeout(n, second).await, Ok(()));
    }
    let begun = Instant::now();
    assert_eq!(channel.send_timeout(60, second).await, Err(SendTimeoutError::Timeout(60)));
    assert!(begun.elapsed() >= second);
    drop(worker);
    assert_eq!(channel.send_timeout(70, second).await, Err(SendTimeoutError::Closed(70)));
}

#[test]
fn a_send_with_a_timeout_needs_no_runtime() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    let hour = Duration::from_secs(3600);
    assert_eq!(channel.send_timeout(10, hour).now_or_never(), Some(Ok(())));
    let mut waiting = task::spawn(channel.send_timeout(11, hour));
    park(&mut waiting);
    assert_eq!(next(&mut worker), 10);
    assert_eq!(woken(&mut waiting), Ok(()));
}

// ---- blocking calls

#[test]
fn a_thread_that_blocks_for_a_message_gets_what_a_task_sends() {
    let channel = channel::<u8>(1);
    let mut worker = channel.join("workers");
    let reading = thread::spawn(move || worker.blocking_recv().map(Delivery::into_message));
    Runtime::new().unwrap().block_on(async { channel.send(10).await.unwrap() });
    assert_eq!(reading.join().unwrap(), Some(10));
}

#[test]
fn a_task_gets_what_a_thread_sends_that_may_block() {
    let channel = channel::<u8>(1);
    let mut worker = channel.join("workers");
    let sending = thread::spawn(move || channel.blocking_send(10));
    assert_eq!(Runtime::new().unwrap().block_on(recv(&mut worker)), Some(10));
    assert_eq!(sending.join().unwrap(), Ok(()));
}

#[tokio::test]
async fn blocking_calls_panic_inside_a_runtime() {
    let channel = channel::<()>(1);
    let mut worker = channel.join("workers");
    panics();
    assert!(catch_unwind(AssertUnwindSafe(|| worker.blocking_recv().is_some())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| channel.blocking_send(()).is_ok())).is_err());
    assert!(channel.is_empty(), "nothing was sent");
    assert_eq!(channel.send(()).await, Ok(()));
}
