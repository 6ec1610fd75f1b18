//! What every kind of reader answers and can do, whoever is still there to send.

use std::{
    task::{Poll, Waker},
    time::Duration,
};

use crate::fixtures::{Number, broadcast, channel, park, put, ready, take, without_deadlock, woken};
use stratoswarm_core::{Fabric, RecvTimeoutError, TryRecvError};
use tokio::time::Instant;
use tokio_test::task;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn readers_still_answer_when_the_last_sending_handle_is_gone() {
    let channel = channel(8);
    let (mut worker, mut subscriber, mut tap) = (channel.join("workers"), channel.subscribe(), channel.tap());
    put(&channel, 0..3);
    assert_eq!(take(&mut worker), 0);
    assert_eq!(subscriber.try_recv(), Ok(Number(0)));
    assert_eq!(tap.try_recv(), Ok(Ok(Number(0))));
    drop(channel);
    assert_eq!((worker.len(), subscriber.len(), tap.len()), (2, 2, 2));
    assert_eq!((worker.capacity(), subscriber.capacity(), tap.capacity()), (8, 8, 8));
    assert_eq!([worker.name(), subscriber.name(), tap.name()], ["numbers"; 3]);
    assert!(worker.is_closed() && subscriber.is_closed() && tap.is_closed());
    assert!(worker.downgrade().upgrade().is_none() && subscriber.downgrade().upgrade().is_none());
    assert_eq!((worker.try_iter().count(), subscriber.try_iter().count(), tap.try_iter().count()), (2, 2, 2));
    assert!(worker.is_empty() && subscriber.is_empty() && tap.is_empty());
}

#[test]
fn what_a_lossy_reader_has_missed_is_not_counted_in_its_length() {
    let broadcast = broadcast(4);
    let mut reader = broadcast.subscribe();
    for number in 0..10 {
        broadcast.send(Number(number)).unwrap();
    }
    assert_eq!(reader.len(), 4);
    assert_eq!(reader.try_recv().unwrap().unwrap_err().missed, 6);
    assert_eq!(reader.len(), 4);
}

#[test]
fn any_reader_may_close_the_channel() {
    for kind in 0..3 {
        let channel = channel(1);
        let (worker, subscriber, tap) = (channel.join("workers"), channel.subscribe(), channel.tap());
        put(&channel, [0]);
        let mut waiting = task::spawn(channel.send(Number(1)));
        park(&mut waiting);
        match kind {
            0 => worker.close(),
            1 => subscriber.close(),
            _ => tap.close(),
        }
        assert_eq!(woken(&mut waiting).unwrap_err().0, Number(1));
        assert_eq!(worker.len(), 1, "what is there can be drained");
    }
}

#[tokio::test(start_paused = true)]
async fn a_receive_with_a_timeout_takes_nothing_after_it() {
    let channel = channel(4);
    let (mut worker, mut subscriber, mut tap) = (channel.join("workers"), channel.subscribe(), channel.tap());
    let start = Instant::now();
    assert_eq!(worker.recv_timeout(SECOND).await.err(), Some(RecvTimeoutError::Timeout));
    assert_eq!(subscriber.recv_timeout(SECOND).await.err(), Some(RecvTimeoutError::Timeout));
    assert_eq!(tap.recv_timeout(SECOND).await.err(), Some(RecvTimeoutError::Timeout));
    assert_eq!(start.elapsed().as_secs(), 3);
    put(&channel, [7]);
    assert_eq!(worker.recv_timeout(Duration::ZERO).await.unwrap().0, 7, "what is there is never too late");
    assert_eq!(subscriber.recv_timeout(Duration::MAX).await.unwrap(), Number(7));
    assert_eq!(tap.recv_timeout(SECOND).await.unwrap(), Ok(Number(7)));
    channel.close();
    assert_eq!(worker.recv_timeout(SECOND).await.err(), Some(RecvTimeoutError::Closed));
    assert!(start.elapsed() < 4 * SECOND, "no clock runs for what is ready");
}

#[test]
fn a_receive_whose_time_is_over_passes_its_wake_on() {
    let channel = channel(4);
    let (mut first, mut second) = (channel.join("workers"), channel.join("workers"));
    let mut given_up = task::spawn(first.recv_timeout(Duration::from_secs(100)));
    park(&mut given_up);
    let mut waiting = task::spawn(second.recv());
    park(&mut waiting);
    put(&channel, [1]);
    assert!(given_up.is_woken() && !waiting.is_woken());
    drop(given_up);
    assert_eq!(woken(&mut waiting).unwrap().0, 1);
}

#[test]
fn a_wait_that_was_polled_by_hand_costs_no_other_member_its_wake() {
    let channel = channel(4);
    let (mut polled, mut second) = (channel.join("workers"), channel.join("workers"));
    let mut by_hand = task::spawn(());
    assert!(by_hand.enter(|cx, _| polled.poll_recv(cx)).is_pending());
    let mut waiting = task::spawn(second.recv());
    park(&mut waiting);
    put(&channel, [1]);
    assert!(by_hand.is_woken(), "it is told");
    assert_eq!(woken(&mut waiting).unwrap().0, 1, "and so is the next, as nobody may look there any more");
}

#[test]
fn several_messages_are_polled_for_like_one() {
    let channel = channel(8);
    let (mut worker, mut subscriber) = (channel.join("workers"), channel.subscribe());
    let mut tap = channel.tap();
    let (mut jobs, mut numbers, mut heard) = (Vec::new(), Vec::new(), Vec::new());
    let mut task = task::spawn(());
    assert!(task.enter(|cx, _| worker.poll_recv_many(cx, &mut jobs, 2)).is_pending());
    assert!(task.enter(|cx, _| subscriber.poll_recv_many(cx, &mut numbers, 2)).is_pending());
    assert!(task.enter(|cx, _| tap.poll_recv_many(cx, &mut heard, 2)).is_pending());
    put(&channel, 0..3);
    assert!(task.is_woken());
    assert_eq!(task.enter(|cx, _| worker.poll_recv_many(cx, &mut jobs, 2)), Poll::Ready(2));
    assert_eq!(task.enter(|cx, _| subscriber.poll_recv_many(cx, &mut numbers, 9)), Poll::Ready(3));
    assert_eq!(task.enter(|cx, _| tap.poll_recv_many(cx, &mut heard, 2)), Poll::Ready(Ok(2)));
    assert_eq!(jobs.iter().map(|job| job.0).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((numbers.len(), heard), (3, vec![Number(0), Number(1)]));
    assert_eq!(task.enter(|cx, _| worker.poll_recv_many(cx, &mut jobs, 0)), Poll::Ready(0));
}

#[test]
fn a_lossy_batch_stops_at_a_gap() {
    let broadcast = broadcast(4);
    let mut reader = broadcast.subscribe();
    let mut batch = Vec::new();
    for number in 0..6 {
        broadcast.send(Number(number)).unwrap();
    }
    let lagged = ready(&mut task::spawn(reader.recv_many(&mut batch, 9))).unwrap_err();
    assert_eq!((lagged.missed, batch.len()), (2, 0));
    assert_eq!(ready(&mut task::spawn(reader.recv_many(&mut batch, 3))), Ok(3));
    assert_eq!(ready(&mut task::spawn(reader.recv_many(&mut batch, 3))), Ok(1));
    broadcast.close();
    assert_eq!(ready(&mut task::spawn(reader.recv_many(&mut batch, 3))), Ok(0));
    assert_eq!(batch, [2, 3, 4, 5].map(Number));
}

#[test]
fn a_reader_that_subscribes_anew_starts_at_the_next_message() {
    let broadcast = broadcast(4);
    let old = broadcast.subscribe();
    broadcast.send(Number(1)).unwrap();
    let mut new = old.resubscribe();
    assert_eq!(new.try_recv(), Err(TryRecvError::Empty));
    broadcast.send(Number(2)).unwrap();
    assert_eq!(new.try_recv(), Ok(Ok(Number(2))));
    assert_eq!(old.len(), 2);
}

#[test]
fn a_member_brings_another_one_after_the_last_sending_handle_is_gone() {
    let channel = channel(8);
    let mut first = channel.join("workers");
    put(&channel, 0..4);
    drop(channel);
    let mut second = first.join_again();
    assert_eq!([take(&mut first), take(&mut second), take(&mut first)], [0, 1, 2]);
    drop(first);
    assert_eq!(take(&mut second), 3);
    assert_eq!(second.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn a_member_of_a_removed_group_brings_one_that_gets_nothing() {
    let channel = channel(8);
    let first = channel.join("workers");
    channel.remove_group("workers");
    let mut second = first.join_again();
    put(&channel, [1]);
    assert_eq!(second.try_recv().err(), Some(TryRecvError::Closed));
    drop((first, second));
    assert_eq!(channel.receiver_count(), 0);
}

#[test]
fn iterators_block_until_the_end() {
    without_deadlock(|| {
        let channel = channel(2);
        let (mut worker, mut subscriber) = (channel.join("workers"), channel.subscribe());
        let jobs = std::thread::spawn(move || worker.blocking_iter().map(|job| job.0).sum::<u64>());
        let numbers = std::thread::spawn(move || subscriber.blocking_iter().count());
        for number in 1..=10 {
            channel.blocking_send(Number(number)).unwrap();
        }
        drop(channel);
        assert_eq!((jobs.join().unwrap(), numbers.join().unwrap()), (55, 10));
    });
}

#[test]
fn handles_are_counted_by_what_they_do() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").open().unwrap();
    assert_eq!((channel.sender_count(), channel.receiver_count()), (1, 0), "the fabric's own does not count");
    let unlisted = Fabric::new().channel::<Number>("unlisted").open_unlisted().unwrap();
    assert_eq!((unlisted.sender_count(), unlisted.clone().sender_count()), (1, 2));
    let readers = (channel.join("workers"), channel.join("workers"), channel.subscribe(), channel.tap());
    let another = channel.clone();
    assert_eq!((channel.sender_count(), channel.receiver_count()), (2, 4));
    drop((another, readers));
    assert_eq!((channel.sender_count(), channel.receiver_count()), (1, 0));
}

#[test]
fn a_reader_is_asked_without_a_runtime() {
    let channel = channel(2);
    let mut worker = channel.join("workers");
    let mut cx = std::task::Context::from_waker(Waker::noop());
    assert!(worker.poll_recv(&mut cx).is_pending());
    assert_eq!(worker.blocking_recv_timeout(Duration::from_millis(1)).err(), Some(RecvTimeoutError::Timeout));
}
