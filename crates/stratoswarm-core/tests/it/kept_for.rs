//! For whom a message is kept: groups are durable, subscribers are not, late readers start at the next message.

use crate::fixtures::{Number, channel, is_full, logged, park, put, read_all, take, take_all, woken};
use stratoswarm_core::{Channel, Fabric, TryRecvError};
use tokio_test::task;
use tracing_subscriber::filter::LevelFilter;

fn declared(capacity: usize, group: &str) -> Channel<Number> {
    Fabric::new().channel("numbers").capacity(capacity).group(group).open().unwrap()
}

// ---- nobody there yet

#[test]
fn without_readers_up_to_capacity_are_kept_for_the_first_group() {
    let channel = channel(3);
    put(&channel, [1, 2, 3]);
    assert!(is_full(&channel));
    let mut fourth = task::spawn(channel.send(Number(4)));
    park(&mut fourth);

    let mut receiver = channel.join("workers");
    assert_eq!(take(&mut receiver), 1);
    assert_eq!(woken(&mut fourth), Ok(()));
    assert_eq!(take_all(&mut receiver), [2, 3, 4]);
}

#[test]
fn without_readers_up_to_capacity_are_kept_for_the_first_subscriber() {
    let channel = channel(3);
    put(&channel, [1, 2, 3]);
    let mut subscriber = channel.subscribe();
    assert_eq!(read_all(&mut subscriber), [1, 2, 3]);
}

#[test]
fn a_tap_is_nobody_to_keep_messages_for() {
    let channel = channel(2);
    let mut tap = channel.tap();
    put(&channel, [1, 2]);
    assert!(is_full(&channel));
    assert_eq!(tap.try_recv().unwrap().unwrap(), Number(1));
    assert_eq!(tap.try_recv().unwrap().unwrap(), Number(2));
    assert!(is_full(&channel), "they are still kept for the first to come");
    assert_eq!(take_all(&mut channel.join("workers")), [1, 2]);
}

#[test]
fn when_the_last_reader_has_gone_the_next_messages_are_kept_for_the_first_to_come() {
    let channel = channel(2);
    let subscriber = channel.subscribe();
    put(&channel, [1]);
    drop(subscriber);
    put(&channel, [2, 3]);
    assert!(is_full(&channel));
    assert_eq!(take_all(&mut channel.join("workers")), [2, 3]);
}

// ---- groups

#[test]
fn a_declared_group_keeps_messages_before_its_first_member() {
    let channel = declared(3, "executors");
    let mut observer = channel.subscribe();
    put(&channel, [1, 2, 3]);
    assert_eq!(read_all(&mut observer), [1, 2, 3]);
    assert!(is_full(&channel));
    assert_eq!(take_all(&mut channel.join("executors")), [1, 2, 3]);
}

#[test]
fn every_group_gets_each_message() {
    let channel = channel(10);
    let mut left = channel.join("left");
    let mut right = channel.join("right");
    put(&channel, 0..10);
    assert_eq!(take_all(&mut left), (0..10).collect::<Vec<_>>());
    assert_eq!(take_all(&mut right), (0..10).collect::<Vec<_>>());
}

#[test]
fn one_member_of_a_group_gets_each_message() {
    let channel = channel(100);
    let mut first = channel.join("workers");
    let mut second = channel.join("workers");
    put(&channel, 0..100);
    let mut taken = Vec::new();
    for _ in 0..50 {
        taken.push(take(&mut first));
        taken.push(take(&mut second));
    }
    assert_eq!(first.try_recv().err(), Some(TryRecvError::Empty));
    taken.sort_unstable();
    assert_eq!(taken, (0..100).collect::<Vec<_>>());
}

#[test]
fn a_group_keeps_its_cursor_when_its_last_member_leaves() {
    let channel = channel(3);
    let mut receiver = channel.join("workers");
    put(&channel, [1, 2, 3]);
    assert_eq!(take(&mut receiver), 1);
    drop(receiver);
    put(&channel, [4]);
    assert!(is_full(&channel), "dead workers hold senders back rather than lose work");
    assert_eq!(take_all(&mut channel.join("workers")), [2, 3, 4]);
}

#[test]
fn remove_group_frees_what_only_it_had_not_read() {
    let channel = channel(3);
    drop(channel.join("workers"));
    put(&channel, [1, 2, 3]);
    let mut waiting = task::spawn(channel.send(Number(4)));
    park(&mut waiting);
    assert_eq!(channel.remove_group("workers"), 3);
    assert_eq!(woken(&mut waiting), Ok(()));
    assert_eq!(channel.remove_group("workers"), 0, "it is no longer there");
    assert_eq!(take_all(&mut channel.join("workers")), [4], "a new group of the same name");
}

#[test]
fn remove_group_frees_nothing_that_others_still_need() {
    let channel = channel(2);
    let mut observer = channel.subscribe();
    drop(channel.join("workers"));
    put(&channel, [1, 2]);
    channel.remove_group("workers");
    assert!(is_full(&channel));
    assert_eq!(read_all(&mut observer), [1, 2]);
}

#[test]
fn members_of_a_removed_group_get_none() {
    let channel = channel(3);
    let mut first = channel.join("workers");
    let mut second = channel.join("workers");
    let mut waiting = task::spawn(first.recv());
    park(&mut waiting);
    channel.remove_group("workers");
    assert!(woken(&mut waiting).is_none());
    assert_eq!(second.try_recv().err(), Some(TryRecvError::Closed));
    put(&channel, [1]);
    let mut fresh = channel.join("workers");
    assert_eq!(second.try_recv().err(), Some(TryRecvError::Closed), "it belongs to the old group");
    assert_eq!(take_all(&mut fresh), [1]);
}

#[test]
fn an_ephemeral_group_goes_with_its_last_member() {
    let channel = channel(2);
    let first = channel.group("helpers").ephemeral().join().unwrap();
    let second = channel.join("helpers");
    put(&channel, [1, 2]);
    drop(first);
    assert!(is_full(&channel), "one member is left");
    let mut waiting = task::spawn(channel.send(Number(3)));
    park(&mut waiting);
    drop(second);
    assert_eq!(woken(&mut waiting), Ok(()));
    assert!(channel.info().readers.is_empty());
}

#[test]
fn senders_held_back_by_a_group_without_members_are_warned_about_once() {
    let log = logged(LevelFilter::WARN, || {
        let channel = channel(1);
        drop(channel.join("workers"));
        put(&channel, [1]);
        for number in 2..5 {
            let mut waiting = task::spawn(channel.send(Number(number)));
            park(&mut waiting);
        }
    });
    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    assert!(log.contains("workers") && log.contains("no member and holds senders"), "{log}");
}

// ---- subscribers

#[test]
fn every_subscriber_gets_each_message() {
    let channel = channel(10);
    let mut subscribers: Vec<_> = (0..3).map(|_| channel.subscribe()).collect();
    put(&channel, 0..10);
    for subscriber in &mut subscribers {
        assert_eq!(read_all(subscriber), (0..10).collect::<Vec<_>>());
    }
}

#[test]
fn a_dropped_subscriber_frees_what_only_it_had_not_read() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let slow = channel.subscribe();
    put(&channel, [1, 2]);
    assert_eq!(take(&mut receiver), 1);
    let mut third = task::spawn(channel.send(Number(3)));
    let mut fourth = task::spawn(channel.send(Number(4)));
    park(&mut third);
    park(&mut fourth);

    drop(slow);
    assert_eq!(woken(&mut third), Ok(()));
    park(&mut fourth);
    assert_eq!(take_all(&mut receiver), [2, 3]);
    assert_eq!(woken(&mut fourth), Ok(()));
}

// ---- late readers

#[test]
fn late_readers_start_at_the_next_message() {
    let channel = channel(10);
    let mut early = channel.join("early");
    put(&channel, [1, 2]);
    let mut group = channel.join("late");
    let mut subscriber = channel.subscribe();
    let mut tap = channel.tap();
    assert_eq!(group.try_recv().err(), Some(TryRecvError::Empty));
    assert_eq!(subscriber.try_recv().err(), Some(TryRecvError::Empty));
    assert_eq!(tap.try_recv().err(), Some(TryRecvError::Empty));
    put(&channel, [3]);
    assert_eq!(take_all(&mut group), [3]);
    assert_eq!(read_all(&mut subscriber), [3]);
    assert_eq!(tap.try_recv().unwrap().unwrap(), Number(3));
    assert_eq!(take_all(&mut early), [1, 2, 3]);
}

#[test]
fn from_oldest_starts_at_the_oldest_kept() {
    let channel = channel(10);
    let mut early = channel.join("early");
    put(&channel, 1..=5);
    assert_eq!((take(&mut early), take(&mut early)), (1, 2));
    let mut group = channel.group("late").from_oldest().join().unwrap();
    let mut subscriber = channel.subscribe().from_oldest();
    assert_eq!(take_all(&mut group), [3, 4, 5]);
    assert_eq!(read_all(&mut subscriber), [3, 4, 5]);
    assert_eq!(take_all(&mut early), [3, 4, 5]);
}

#[test]
fn a_reader_from_oldest_holds_senders_back_like_any_other() {
    let channel = channel(3);
    let mut early = channel.join("early");
    put(&channel, [1, 2, 3]);
    let mut late = channel.subscribe().from_oldest();
    assert_eq!(take_all(&mut early), [1, 2, 3]);
    assert!(is_full(&channel));
    assert_eq!(read_all(&mut late), [1, 2, 3]);
    assert!(channel.is_empty());
}

#[test]
fn a_group_that_appears_after_messages_were_freed_says_so_once() {
    let log = logged(LevelFilter::WARN, || {
        let channel = channel(10);
        let mut early = channel.join("early");
        put(&channel, 0..7);
        assert_eq!(take_all(&mut early).len(), 7);
        drop(channel.join("late"));
        drop(channel.join("late"));
    });
    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    assert!(log.contains("late") && log.contains('7'), "{log}");
}

#[test]
fn a_group_that_missed_nothing_says_nothing() {
    let log = logged(LevelFilter::WARN, || {
        let channel = channel(10);
        put(&channel, 0..7);
        drop(channel.join("first"));
        drop(channel.join("first"));
    });
    assert_eq!(log, "");
}

// ---- what a receiver has prefetched still belongs to the log

#[test]
fn prefetched_messages_come_back_in_order_when_the_receiver_is_dropped() {
    for taken in [0, 1, 5, 31, 32, 33, 49] {
        let channel = channel(50);
        let mut receiver = channel.join("workers");
        put(&channel, 0..50);
        for number in 0..taken {
            assert_eq!(take(&mut receiver), number);
        }
        drop(receiver);
        assert_eq!(channel.len() as u64, 50 - taken);
        assert_eq!(take_all(&mut channel.join("workers")), (taken..50).collect::<Vec<_>>());
    }
}

#[test]
fn prefetched_messages_come_back_in_order_when_a_second_member_joins() {
    for taken in [1, 5, 31, 32, 33] {
        let channel = channel(50);
        let mut first = channel.join("workers");
        put(&channel, 0..50);
        for number in 0..taken {
            assert_eq!(take(&mut first), number);
        }
        let mut second = channel.join("workers");
        for number in taken..50 {
            assert_eq!(take(if number % 2 == 0 { &mut first } else { &mut second }), number);
        }
    }
}

#[test]
fn prefetched_messages_come_back_in_order_when_somebody_asks_from_oldest() {
    for taken in [1, 5, 31, 32, 33] {
        let channel = channel(50);
        let mut receiver = channel.join("workers");
        put(&channel, 0..50);
        for number in 0..taken {
            assert_eq!(take(&mut receiver), number);
        }
        let mut subscriber = channel.subscribe().from_oldest();
        let mut group = channel.group("late").from_oldest().join().unwrap();
        let rest: Vec<_> = (taken..50).collect();
        assert_eq!(read_all(&mut subscriber), rest);
        assert_eq!(take_all(&mut receiver), rest);
        assert_eq!(take_all(&mut group), rest);
    }
}

#[test]
fn what_a_subscriber_has_prefetched_is_kept_for_a_reader_from_oldest() {
    let channel = channel(50);
    let mut subscriber = channel.subscribe();
    put(&channel, 0..50);
    assert_eq!(subscriber.try_recv(), Ok(Number(0)));
    let mut group = channel.group("late").from_oldest().join().unwrap();
    assert_eq!(take_all(&mut group), (1..50).collect::<Vec<_>>());
    assert_eq!(read_all(&mut subscriber), (1..50).collect::<Vec<_>>());
}
