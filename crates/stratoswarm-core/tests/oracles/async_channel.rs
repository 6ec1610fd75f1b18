//! A queue that threads and tasks share at both ends: counts at each end, waiting across threads, many to many.

use crate::{
    fixtures::{park, ready, without_deadlock, woken},
    terms::{all, closing_with_readers, next, recv_lossy, until},
};
use futures::{StreamExt, executor::block_on};
use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
};
use stratoswarm_core::{
    Channel, Delivery, Message, Receiver, SendError, TryRecvError, TrySendError, broadcast, channel,
};
use tokio_test::task;

/// How many wait in the group's `recv`.
fn readers_waiting<M: Message>(channel: &Channel<M>) -> usize {
    channel.info().readers.iter().map(|reader| reader.waits.len()).sum()
}

/// How many wait in a `send`.
fn senders_waiting<M: Message>(channel: &Channel<M>) -> usize {
    channel.info().blocked_senders
}

// ---- one thread

#[test]
fn every_way_to_send_meets_every_way_to_receive() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    let send: [fn(&Channel<u32>, u32); 3] = [
        |channel, n| channel.try_send(n).unwrap(),
        |channel, n| block_on(channel.send(n)).unwrap(),
        |channel, n| channel.blocking_send(n).unwrap(),
    ];
    let receive: [fn(&mut Receiver<u32>) -> u32; 3] = [
        |worker| worker.try_recv().unwrap().into_message(),
        |worker| block_on(worker.recv()).unwrap().into_message(),
        |worker| worker.blocking_recv().unwrap().into_message(),
    ];
    for (n, send) in (0..).zip(send) {
        for receive in receive {
            send(&channel, n);
            assert_eq!(receive(&mut worker), n);
            assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
        }
    }
}

#[test]
fn both_ends_tell_the_capacity_and_how_much_of_it_is_used() {
    for capacity in 1..10 {
        let channel = channel::<u32>(capacity);
        let mut worker = channel.join("workers");
        assert_eq!((channel.capacity(), worker.capacity()), (capacity, capacity));
        let tell = |worker: &Receiver<u32>| {
            assert_eq!((channel.len(), channel.is_empty()), (worker.len(), worker.is_empty()));
            (worker.len(), worker.is_empty())
        };
        assert_eq!(tell(&worker), (0, true));
        for used in 1..=capacity {
            channel.try_send(7).unwrap();
            assert_eq!(tell(&worker), (used, false));
        }
        assert!(channel.try_send(8).is_err(), "full");
        next(&mut worker);
        assert_eq!(tell(&worker), (capacity - 1, capacity == 1));
    }
}

#[test]
fn both_ends_agree_on_the_length_through_many_rounds() {
    let channel = channel::<usize>(1000);
    let mut worker = channel.join("workers");
    for _ in 0..20 {
        for n in 0..50 {
            channel.try_send(n).unwrap();
            assert_eq!((channel.len(), worker.len()), (n + 1, n + 1));
        }
        for n in 0..50 {
            assert_eq!(next(&mut worker), n);
            assert_eq!((channel.len(), worker.len()), (49 - n, 49 - n));
        }
    }
    (0..1000).for_each(|n| channel.try_send(n).unwrap());
    assert_eq!((channel.len(), worker.len()), (1000, 1000));
    assert_eq!(all(&mut worker).len(), 1000);
    assert!(channel.is_empty() && worker.is_empty());
}

#[test]
fn a_send_that_is_tried_finds_room_or_none_or_the_end() {
    let channel = closing_with_readers::<u32>(1);
    let mut worker = channel.join("workers");
    assert_eq!(channel.try_send(1), Ok(()));
    assert_eq!(channel.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(next(&mut worker), 1);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    assert_eq!(channel.try_send(3), Ok(()));
    assert_eq!(ready(&mut task::spawn(worker.recv())).map(Delivery::into_message), Some(3));
    drop(worker);
    assert_eq!(channel.try_send(4), Err(TrySendError::Closed(4)));
}

#[test]
fn after_the_reader_has_gone_every_send_gets_its_message_back_also_with_room() {
    let channel = closing_with_readers::<u32>(100);
    let worker = channel.join("workers");
    (1..=3).for_each(|n| channel.try_send(n).unwrap());
    drop(worker);
    assert_eq!(block_on(channel.send(4)), Err(SendError(4)));
    assert_eq!(channel.try_send(5), Err(TrySendError::Closed(5)));
    assert_eq!(channel.blocking_send(6), Err(SendError(6)));
}

#[test]
fn after_the_handles_have_gone_the_reader_gets_what_is_there() {
    let channel = channel::<u32>(100);
    let mut worker = channel.join("workers");
    (1..=3).for_each(|n| channel.try_send(n).unwrap());
    drop(channel);
    assert_eq!(block_on(worker.by_ref().map(Delivery::into_message).collect::<Vec<_>>()), [1, 2, 3]);
    assert!(block_on(worker.recv()).is_none());
}

#[test]
fn the_handles_of_each_end_are_counted() {
    let channel = channel::<()>(5);
    let worker = channel.join("workers");
    let members: Vec<_> = (0..20).map(|_| worker.join_again()).collect();
    let handles: Vec<_> = (0..20).map(|_| channel.clone()).collect();
    assert_eq!((channel.receiver_count(), channel.sender_count()), (21, 21));
    drop(members);
    assert_eq!((channel.receiver_count(), channel.sender_count()), (1, 21));
    drop(handles);
    assert_eq!((channel.receiver_count(), channel.sender_count()), (1, 1));
}

#[test]
fn a_weak_handle_works_while_a_full_one_exists_and_that_of_a_reader_sends() {
    let channel = channel::<u32>(3);
    let mut worker = channel.join("workers");
    let (weak, of_reader) = (channel.downgrade(), worker.downgrade());
    weak.upgrade().unwrap().try_send(3).unwrap();
    of_reader.upgrade().unwrap().try_send(4).unwrap();
    assert_eq!(all(&mut worker), [3, 4]);
    drop(channel);
    assert!(weak.upgrade().is_none() && of_reader.upgrade().is_none());
    assert!(worker.is_closed());
}

#[test]
fn a_producer_learns_that_the_reader_has_gone_and_can_go_on() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    channel.try_send(7).unwrap();
    let mut gone = task::spawn(channel.readers_gone());
    park(&mut gone);
    assert_eq!(next(&mut worker), 7);
    park(&mut gone);
    drop(worker);
    woken(&mut gone);
    ready(&mut task::spawn(channel.readers_gone()));
    park(&mut task::spawn(channel.closed()));
    assert_eq!(channel.try_send(8), Ok(()), "kept for the next reader");
}

#[test]
fn the_newest_pushes_the_oldest_out_of_a_broadcast_and_never_out_of_a_channel() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    channel.try_send(7).unwrap();
    assert_eq!(channel.try_send(8), Err(TrySendError::Full(8)));
    assert_eq!(all(&mut worker), [7]);

    let news = broadcast::<u32>(1);
    let mut reader = news.subscribe();
    news.send(7).unwrap();
    news.send(8).unwrap();
    assert_eq!(block_on(recv_lossy(&mut reader)), Some(Err(1)), "and the reader is told");
    assert_eq!(block_on(recv_lossy(&mut reader)), Some(Ok(8)));
}

// ---- waits that somebody keeps and does not poll

#[test]
fn a_send_that_is_kept_unpolled_holds_up_no_other_where_there_is_a_place_for_each() {
    let channel = channel::<u32>(2);
    let mut worker = channel.join("workers");
    channel.try_send(3).unwrap();
    channel.try_send(7).unwrap();
    let (mut kept, mut other) = (task::spawn(channel.send(13)), task::spawn(channel.send(42)));
    park(&mut kept);
    park(&mut other);
    assert_eq!((next(&mut worker), next(&mut worker)), (3, 7));
    assert_eq!(woken(&mut other), Ok(()));
    assert_eq!(next(&mut worker), 42);
}

#[test]
fn a_place_granted_to_a_send_that_is_kept_unpolled_is_nobody_elses_until_it_is_dropped() {
    let channel = channel::<u32>(1);
    let mut worker = channel.join("workers");
    channel.try_send(3).unwrap();
    let (mut kept, mut other) = (task::spawn(channel.send(13)), task::spawn(channel.send(42)));
    park(&mut kept);
    park(&mut other);
    assert_eq!(next(&mut worker), 3);
    park(&mut other);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    drop(kept);
    assert_eq!(woken(&mut other), Ok(()));
    assert_eq!(next(&mut worker), 42);
}

#[test]
fn a_receive_that_is_kept_unpolled_holds_up_no_other_where_there_is_a_message_for_each() {
    let channel = channel::<u32>(2);
    let (mut first, mut second) = (channel.join("workers"), channel.join("workers"));
    let (mut kept, mut other) = (task::spawn(first.recv()), task::spawn(second.recv()));
    park(&mut kept);
    park(&mut other);
    channel.try_send(3).unwrap();
    channel.try_send(7).unwrap();
    assert_eq!(woken(&mut other).map(Delivery::into_message), Some(3));
    assert_eq!(channel.try_send(42), Ok(()));
}

#[test]
fn the_wake_of_a_receive_that_is_kept_unpolled_is_nobody_elses_until_it_is_dropped() {
    let channel = channel::<u32>(2);
    let (mut first, mut second) = (channel.join("workers"), channel.join("workers"));
    let (mut kept, mut other) = (task::spawn(first.recv()), task::spawn(second.recv()));
    park(&mut kept);
    park(&mut other);
    channel.try_send(3).unwrap();
    assert!(kept.is_woken() && !other.is_woken());
    drop(kept);
    assert_eq!(woken(&mut other).map(Delivery::into_message), Some(3));
}

// ---- threads

#[test]
fn a_thread_that_tries_sees_nothing_then_the_message_then_the_end() {
    without_deadlock(|| {
        let channel = channel::<u32>(100);
        let mut worker = channel.join("workers");
        assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
        let sending = thread::spawn(move || {
            channel.blocking_send(7).unwrap();
            until("it was taken", || channel.is_empty());
        });
        until("it was sent", || !worker.is_empty());
        assert_eq!(next(&mut worker), 7);
        sending.join().unwrap();
        assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
    });
}

#[test]
fn a_thread_that_waits_for_messages_gets_them_and_then_the_end() {
    without_deadlock(|| {
        let channel = channel::<u32>(100);
        let mut worker = channel.join("workers");
        let reading =
            thread::spawn(move || worker.blocking_iter().map(Delivery::into_message).collect::<Vec<_>>());
        until("it waits", || readers_waiting(&channel) == 1);
        (7..=9).for_each(|n| channel.blocking_send(n).unwrap());
        drop(channel);
        assert_eq!(reading.join().unwrap(), [7, 8, 9]);
    });
}

#[test]
fn a_thread_that_sends_waits_for_each_place_and_not_for_the_last_read() {
    without_deadlock(|| {
        let channel = channel::<u32>(1);
        let mut worker = channel.join("workers");
        let handle = channel.clone();
        let sending = thread::spawn(move || (7..=10).for_each(|n| handle.blocking_send(n).unwrap()));
        for n in 7..=9 {
            until("the next one waits for room", || senders_waiting(&channel) == 1);
            assert_eq!(channel.len(), 1);
            assert_eq!(next(&mut worker), n);
            until("it has its place", || senders_waiting(&channel) == 0 && channel.len() == 1 || n < 9);
        }
        sending.join().unwrap();
        assert_eq!(all(&mut worker), [10]);
    });
}

#[test]
fn a_thread_that_waits_for_room_gets_its_message_back_when_the_reader_goes() {
    without_deadlock(|| {
        let channel = closing_with_readers::<u32>(1);
        let worker = channel.join("workers");
        let handle = channel.clone();
        let sending = thread::spawn(move || (handle.blocking_send(1), handle.blocking_send(2)));
        until("it waits for room", || senders_waiting(&channel) == 1);
        drop(worker);
        assert_eq!(sending.join().unwrap(), (Ok(()), Err(SendError(2))));
    });
}

#[test]
fn a_thread_that_waits_for_a_message_learns_that_the_handles_have_gone() {
    without_deadlock(|| {
        let channel = channel::<()>(1);
        let mut worker = channel.join("workers");
        let reading = thread::spawn(move || worker.blocking_recv().is_none());
        until("it waits", || readers_waiting(&channel) == 1);
        drop(channel);
        assert!(reading.join().unwrap());
    });
}

#[test]
fn between_two_threads_nothing_is_lost_and_the_length_is_never_above_the_capacity() {
    const COUNT: usize = 10_000;
    for capacity in [1, 3, 1000] {
        without_deadlock(move || {
            let channel = channel::<usize>(capacity);
            let mut worker = channel.join("workers");
            let weak = channel.downgrade();
            let sending = thread::spawn(move || {
                for n in 0..COUNT {
                    channel.blocking_send(n).unwrap();
                    assert!(channel.len() <= capacity);
                }
            });
            for n in 0..COUNT {
                assert_eq!(worker.blocking_recv().map(Delivery::into_message), Some(n));
                assert!(worker.len() <= capacity);
            }
            assert!(worker.blocking_recv().is_none() && worker.is_empty());
            sending.join().unwrap();
            assert!(weak.upgrade().is_none());
        });
    }
}

/// Every number of `COUNT` is sent by each of the threads, and `read` by the others.
fn many_to_many(read: fn(Receiver<usize>, &[AtomicUsize])) {
    const COUNT: usize = 2000;
    const THREADS: usize = 4;
    without_deadlock(move || {
        let channel = channel::<usize>(3);
        let seen: Vec<_> = (0..COUNT).map(|_| AtomicUsize::new(0)).collect();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let (worker, seen) = (channel.join("workers"), &seen);
                scope.spawn(move || read(worker, seen));
            }
            for _ in 0..THREADS {
                let channel = channel.clone();
                scope.spawn(move || (0..COUNT).for_each(|n| channel.blocking_send(n).unwrap()));
            }
            drop(channel);
        });
        assert!(seen.iter().all(|times| times.load(SeqCst) == THREADS));
    });
}

#[test]
fn of_what_many_threads_send_many_others_get_each_message_once() {
    many_to_many(|mut worker, seen| {
        for number in worker.blocking_iter() {
            seen[*number].fetch_add(1, SeqCst);
        }
    });
}

#[test]
fn many_streams_share_what_many_threads_send() {
    many_to_many(|mut worker, seen| {
        while let Some(number) = block_on(worker.next()) {
            seen[*number].fetch_add(1, SeqCst);
        }
    });
}
