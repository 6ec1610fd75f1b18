//! Capacity: at most N messages are accepted and not yet taken by the slowest lossless reader, exactly N.

use crate::fixtures::{Number, channel, is_full, park, put, read_all, ready, take, take_all, woken};
use stratoswarm_core::{Closed, TrySendError};
use tokio_test::task;

#[test]
fn exactly_capacity_messages_are_accepted() {
    for capacity in [1, 2, 3, 31, 32, 33, 64, 100, 1_000] {
        let channel = channel(capacity);
        let mut receiver = channel.join("workers");
        put(&channel, 0..capacity as u64);
        assert_eq!(channel.try_send(Number(9)), Err(TrySendError::Full(Number(9))), "capacity {capacity}");
        assert_eq!((channel.len(), channel.capacity()), (capacity, capacity));
        assert_eq!(take_all(&mut receiver), (0..capacity as u64).collect::<Vec<_>>());
    }
}

#[test]
fn one_recv_frees_exactly_one_place() {
    for capacity in [1, 2, 32, 100] {
        let channel = channel(capacity);
        let mut receiver = channel.join("workers");
        put(&channel, 0..capacity as u64);
        for turn in 0..300 {
            assert!(is_full(&channel), "turn {turn} of capacity {capacity}");
            assert_eq!(take(&mut receiver), turn);
            assert_eq!(channel.len(), capacity - 1);
            put(&channel, [turn + capacity as u64]);
        }
    }
}

#[test]
fn the_slowest_reader_decides() {
    let channel = channel(3);
    let mut group = channel.join("workers");
    let mut slow = channel.subscribe();
    let mut fast = channel.subscribe();
    put(&channel, 1..=3);

    assert_eq!(take_all(&mut group), [1, 2, 3]);
    assert_eq!(read_all(&mut fast), [1, 2, 3]);
    assert!(is_full(&channel), "two readers of three have taken all");
    assert_eq!(channel.len(), 3);

    assert_eq!(slow.try_recv(), Ok(Number(1)));
    assert_eq!(channel.len(), 2);
    put(&channel, [4]);
    assert!(is_full(&channel), "one recv of the slowest frees one place");
    assert_eq!(read_all(&mut slow), [2, 3, 4]);
}

#[test]
fn a_waiting_sender_proceeds_when_the_slowest_takes_one() {
    let channel = channel(2);
    let mut group = channel.join("workers");
    let mut slow = channel.subscribe();
    put(&channel, [1, 2]);
    let mut third = task::spawn(channel.send(Number(3)));
    let mut fourth = task::spawn(channel.send(Number(4)));
    park(&mut third);
    park(&mut fourth);

    assert_eq!(take_all(&mut group), [1, 2]);
    assert!(!third.is_woken(), "the subscriber still has both");

    assert_eq!(slow.try_recv(), Ok(Number(1)));
    assert_eq!(woken(&mut third), Ok(()));
    park(&mut fourth);

    assert_eq!(slow.try_recv(), Ok(Number(2)));
    assert_eq!(woken(&mut fourth), Ok(()));
    assert_eq!(read_all(&mut slow), [3, 4]);
    assert_eq!(take_all(&mut group), [3, 4]);
}

#[test]
fn a_batch_receive_frees_its_batch() {
    let channel = channel(10);
    let mut receiver = channel.join("workers");
    put(&channel, 0..10);
    let mut buffer = Vec::new();
    let taken = ready(&mut task::spawn(receiver.recv_many(&mut buffer, 4)));
    assert_eq!((taken, buffer.len()), (4, 4));
    assert_eq!(channel.len(), 6);
    put(&channel, 10..14);
    assert!(is_full(&channel));
}

#[test]
fn a_delivery_in_hand_takes_no_place() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let in_flight = receiver.try_recv().unwrap();
    assert!(channel.is_empty());
    put(&channel, [2]);
    assert_eq!(in_flight.into_message(), Number(1));
}

#[test]
fn len_excludes_permits_and_capacity_includes_them() {
    let channel = channel(3);
    let _receiver = channel.join("workers");
    let first = channel.try_reserve().unwrap();
    let second = channel.try_reserve().unwrap();
    assert_eq!(channel.len(), 0);
    assert!(channel.is_empty());
    assert_eq!(channel.info().permits, 2);

    put(&channel, [1]);
    assert_eq!(channel.try_send(Number(2)), Err(TrySendError::Full(Number(2))));
    assert_eq!(channel.len(), 1);

    first.send(Number(3));
    assert_eq!((channel.len(), channel.info().permits), (2, 1));
    assert!(is_full(&channel), "a permit that was used keeps its place as a message");

    drop(second);
    assert_eq!((channel.len(), channel.info().permits), (2, 0));
    put(&channel, [4]);
    assert!(is_full(&channel));
}

#[test]
fn a_permit_is_waited_for_like_a_place() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut reserving = task::spawn(channel.reserve());
    park(&mut reserving);
    assert_eq!(take(&mut receiver), 1);
    let permit = woken(&mut reserving).unwrap();
    assert!(is_full(&channel));
    permit.send(Number(2));
    assert_eq!(take(&mut receiver), 2);
}

#[test]
fn an_owned_permit_gives_its_channel_back() {
    let channel = channel(1);
    let mut receiver = channel.join("workers");
    let permit = ready(&mut task::spawn(channel.clone().reserve_owned())).unwrap();
    assert!(is_full(&channel));
    let same = permit.send(Number(1));
    assert!(same.same_channel(&channel));
    assert_eq!(take(&mut receiver), 1);

    channel.close();
    assert_eq!(ready(&mut task::spawn(channel.clone().reserve_owned())).err(), Some(Closed));
}
