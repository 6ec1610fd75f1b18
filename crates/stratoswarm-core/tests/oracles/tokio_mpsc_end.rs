//! How a queue ends, from either side, and what its reader can tell.

use crate::{
    fixtures::{panics, ready},
    terms::{closing_with_readers, next, recv},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Wake, Waker},
};
use stratoswarm_core::{Channel, Once, Receiver, SendError, TryRecvError, TrySendError, channel};
use tokio_test::task;

// ---- the end

#[test]
fn a_reader_finds_the_end_where_the_handle_was_gone_before_it_looked() {
    let channel = channel::<u32>(10);
    let mut worker = channel.join("workers");
    drop(channel);
    assert!(ready(&mut task::spawn(worker.recv())).is_none());
}

#[tokio::test]
async fn the_reader_can_close_an_idle_channel() {
    let channel = channel::<u32>(10);
    let mut worker = channel.join("workers");
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    worker.close();
    assert!(worker.recv().await.is_none());
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
    assert_eq!(channel.send(1).await, Err(SendError(1)));
}

#[test]
fn an_empty_channel_is_closed_for_its_reader_once_the_handle_is_gone() {
    let channel = channel::<u32>(5);
    let mut worker = channel.join("workers");
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    drop(channel);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
}

#[tokio::test]
async fn a_channel_that_closes_with_its_reader_refuses_every_way_to_send() {
    let channel = closing_with_readers::<u32>(100);
    drop(channel.join("workers"));
    assert_eq!(channel.send(1).await, Err(SendError(1)));
    assert_eq!(channel.try_send(1), Err(TrySendError::Closed(1)));
    assert!(channel.reserve().await.is_err() && channel.reserve_many(10).await.is_err());
    assert!(matches!(channel.try_reserve(), Err(TrySendError::Closed(()))));
    assert!(matches!(channel.clone().try_reserve_owned(), Err(TrySendError::Closed(_))));
    assert!(channel.reserve_owned().await.is_err());
}

#[test]
fn without_its_reader_a_channel_waits_for_the_next_one_unless_it_is_told_to_close() {
    let channel = channel::<u32>(2);
    drop(channel.join("workers"));
    channel.try_send(1).unwrap();
    assert!(!channel.is_closed());
    assert_eq!(next(&mut channel.join("workers")), 1);
}

#[test]
fn what_a_subscriber_had_not_read_is_dropped_with_it() {
    let message = Arc::new(());
    let channel = closing_with_readers::<Arc<()>>(100);
    let subscriber = channel.subscribe();
    channel.try_send(Arc::clone(&message)).unwrap();
    assert_eq!(Arc::strong_count(&message), 2);
    drop(subscriber);
    assert_eq!(Arc::strong_count(&message), 1);
}

#[test]
fn what_a_group_had_not_taken_is_kept_when_its_last_member_goes_and_dropped_with_the_group() {
    let message = Arc::new(());
    let (closing, waiting) = (closing_with_readers::<Arc<()>>(100), channel::<Arc<()>>(100));
    for channel in [&closing, &waiting] {
        let worker = channel.join("workers");
        channel.try_send(Arc::clone(&message)).unwrap();
        drop(worker);
    }
    assert!(closing.is_closed(), "and what it had is gone");
    assert_eq!(Arc::strong_count(&message), 2, "for a member that comes again");
    assert_eq!(waiting.remove_group("workers"), 1);
    assert_eq!(Arc::strong_count(&message), 1);
}

#[test]
fn what_nobody_has_taken_is_dropped_with_the_last_handle() {
    let message = Arc::new(());
    let channel = channel::<Arc<()>>(100);
    let worker = channel.join("workers");
    channel.try_send(Arc::clone(&message)).unwrap();
    assert_eq!(Arc::strong_count(&message), 2);
    drop((channel, worker));
    assert_eq!(Arc::strong_count(&message), 1);
}

struct Fragile {
    dropped: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, SeqCst);
        assert!(!self.panics, "as the test wants it");
    }
}

#[test]
fn a_message_that_panics_when_it_is_dropped_keeps_no_other_from_it() {
    panics();
    let ends: [fn(Channel<_>, Receiver<_>); 3] = [
        |channel, worker| drop((channel, worker)),
        |channel, worker| drop((worker, channel)),
        |channel, _worker| assert_eq!(channel.remove_group("workers"), 3),
    ];
    for end in ends {
        let dropped = Arc::new(AtomicUsize::new(0));
        let channel = channel::<Once<Fragile>>(8);
        let worker = channel.join("workers");
        for panics in [true, false, false] {
            let message = Fragile { dropped: Arc::clone(&dropped), panics };
            assert!(channel.try_send(Once::new(message)).is_ok());
        }
        let _unwound = catch_unwind(AssertUnwindSafe(|| end(channel, worker)));
        assert_eq!(dropped.load(SeqCst), 3);
    }
}

struct Asleep;

impl Wake for Asleep {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_reader_that_goes_lets_go_of_the_waker_it_had() {
    let sleeper = Arc::new(Asleep);
    let waker = Waker::from(Arc::clone(&sleeper));
    let mut cx = Context::from_waker(&waker);
    let channel = channel::<()>(1);
    let (mut worker, mut subscriber, mut tap) = (channel.join("workers"), channel.subscribe(), channel.tap());
    assert!(worker.poll_recv(&mut cx).is_pending());
    assert!(subscriber.poll_recv(&mut cx).is_pending());
    assert!(tap.poll_recv(&mut cx).is_pending());
    assert_eq!(Arc::strong_count(&sleeper), 5);
    drop(worker);
    assert_eq!(Arc::strong_count(&sleeper), 4);
    drop((subscriber, tap));
    assert_eq!(Arc::strong_count(&sleeper), 2);
}

// ---- what a reader can tell

#[tokio::test]
async fn a_reader_says_closed_after_the_close_or_the_last_handle_whether_or_not_it_has_read_all() {
    for sent in [0, 10] {
        let channel = channel::<u32>(10);
        let worker = channel.join("workers");
        (0..sent).for_each(|n| channel.try_send(n).unwrap());
        assert!(!worker.is_closed());
        worker.close();
        assert!(worker.is_closed() && channel.is_closed());
    }
    for sent in [0, 10] {
        let channel = channel::<u32>(10);
        let (worker, another) = (channel.join("workers"), channel.clone());
        (0..sent).for_each(|n| channel.try_send(n).unwrap());
        drop(channel);
        assert!(!worker.is_closed());
        tokio::spawn(async move { drop(another) }).await.unwrap();
        assert!(worker.is_closed());
    }
}

#[test]
fn a_reader_counts_what_it_has_yet_to_take_also_after_the_end() {
    let channel = channel::<usize>(100);
    let mut worker = channel.join("workers");
    assert!(worker.is_empty());
    for n in 0..100 {
        channel.try_send(n).unwrap();
        assert_eq!((worker.len(), worker.is_empty()), (n + 1, false));
    }
    worker.close();
    assert_eq!(worker.len(), 100);
    drop(channel);
    for left in (0..100).rev() {
        next(&mut worker);
        assert_eq!((worker.len(), worker.is_empty()), (left, left == 0));
    }
    worker.close();
    assert_eq!(worker.len(), 0);
}

#[tokio::test]
async fn a_reader_that_has_taken_the_only_message_is_empty_each_time() {
    let channel = channel::<u32>(33);
    let mut worker = channel.join("workers");
    for n in 1..=256 {
        channel.send(n).await.unwrap();
        assert_eq!(recv(&mut worker).await, Some(n));
        assert!(worker.is_empty(), "{n}: {}", worker.len());
    }
}
