//! Batches: `send_many` keeps order and is not atomic, `recv_many` takes what is there up to its limit.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, channel, is_full, park, put, read_all, ready, take, take_all, woken},
};
use stratoswarm_core::Closed;
use tokio::time::{Duration, advance};
use tokio_test::task;

#[test]
fn send_many_empties_the_callers_vector() {
    let channel = channel(10);
    let mut receiver = channel.join("workers");
    let mut batch: Vec<_> = (0..10).map(Number).collect();
    assert_eq!(ready(&mut task::spawn(channel.send_many(&mut batch))), Ok(()));
    assert!(batch.is_empty());
    assert!(is_full(&channel));
    assert_eq!(take_all(&mut receiver), (0..10).collect::<Vec<_>>());
}

#[test]
fn an_empty_batch_is_sent_at_once() {
    let channel = channel(1);
    put(&channel, [1]);
    assert_eq!(ready(&mut task::spawn(channel.send_many(&mut Vec::new()))), Ok(()));
    assert_eq!(channel.info().sent, 1);
}

#[test]
fn a_batch_larger_than_the_capacity_passes_in_order() {
    let channel = channel(3);
    let mut receiver = channel.join("workers");
    let mut observer = channel.subscribe();
    let mut batch: Vec<_> = (0..100).map(Number).collect();
    let mut sending = task::spawn(channel.send_many(&mut batch));
    let (mut taken, mut read) = (Vec::new(), Vec::new());
    while sending.poll().is_pending() {
        assert!(channel.len() <= 3);
        taken.extend(take_all(&mut receiver));
        read.extend(read_all(&mut observer));
    }
    taken.extend(take_all(&mut receiver));
    read.extend(read_all(&mut observer));
    assert_eq!(taken, (0..100).collect::<Vec<_>>());
    assert_eq!(read, taken);
}

#[test]
fn a_waiting_batch_is_woken_by_a_freed_place() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let mut batch: Vec<_> = (0..4).map(Number).collect();
    let mut sending = task::spawn(channel.send_many(&mut batch));
    park(&mut sending);
    assert_eq!(take(&mut receiver), 0);
    assert!(sending.is_woken());
    park(&mut sending);
    assert_eq!(take_all(&mut receiver), [1, 2]);
    assert_eq!(woken(&mut sending), Ok(()));
    assert_eq!(take_all(&mut receiver), [3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_several_senders_are_each_in_order() {
    const EACH: u64 = 5_000;
    let channel = channel(64);
    let mut receiver = channel.join("workers");
    for sender in 0..3 {
        let channel = channel.clone();
        tokio::spawn(async move {
            let mut next = sender * EACH;
            let end = next + EACH;
            let mut batch = Vec::new();
            while next < end {
                let size = (next % 37 + 1).min(end - next);
                batch.extend((next..next + size).map(Number));
                channel.send_many(&mut batch).await.unwrap();
                assert!(batch.is_empty());
                next += size;
            }
        });
    }
    drop(channel);
    let mut buffer = Vec::new();
    let mut next = [0, EACH, 2 * EACH];
    loop {
        let count = receiver.recv_many(&mut buffer, 50).await;
        assert_eq!(count, buffer.len());
        if count == 0 {
            break;
        }
        for delivery in buffer.drain(..) {
            let number = delivery.into_message().0;
            let expected = &mut next[(number / EACH) as usize];
            assert_eq!(number, *expected);
            *expected += 1;
        }
    }
    assert_eq!(next, [EACH, 2 * EACH, 3 * EACH]);
}

#[test]
fn recv_many_takes_what_is_there_up_to_its_limit() {
    let channel = channel(100);
    let mut receiver = channel.join("workers");
    let mut subscriber = channel.subscribe();
    put(&channel, 0..90);
    let mut deliveries = Vec::new();
    assert_eq!(ready(&mut task::spawn(receiver.recv_many(&mut deliveries, 70))), 70);
    assert_eq!(ready(&mut task::spawn(receiver.recv_many(&mut deliveries, 70))), 20);
    let taken: Vec<_> = deliveries.into_iter().map(|delivery| delivery.into_message().0).collect();
    assert_eq!(taken, (0..90).collect::<Vec<_>>());

    let mut numbers = vec![Number(1_000)];
    assert_eq!(ready(&mut task::spawn(subscriber.recv_many(&mut numbers, 70))), 70);
    assert_eq!(ready(&mut task::spawn(subscriber.recv_many(&mut numbers, 70))), 20);
    assert_eq!(numbers[0], Number(1_000), "it appends");
    assert_eq!(numbers[1..], (0..90).map(Number).collect::<Vec<_>>());
}

#[test]
fn members_share_in_batches() {
    let channel = channel(100);
    let mut first = channel.join("workers");
    let mut second = channel.join("workers");
    put(&channel, 0..50);
    let mut buffer = Vec::new();
    assert_eq!(ready(&mut task::spawn(first.recv_many(&mut buffer, 20))), 20);
    assert_eq!(take(&mut second), 20);
    assert_eq!(ready(&mut task::spawn(first.recv_many(&mut buffer, 20))), 20);
    let taken: Vec<_> = buffer.into_iter().map(|delivery| delivery.into_message().0).collect();
    assert_eq!(taken, (0..20).chain(21..41).collect::<Vec<_>>());
}

#[test]
fn a_batch_wakes_as_many_members_as_it_has_messages() {
    let channel = channel(10);
    let mut members: Vec<_> = (0..3).map(|_| channel.join("workers")).collect();
    let mut waiting: Vec<_> = members.iter_mut().map(|member| task::spawn(member.recv())).collect();
    waiting.iter_mut().for_each(park);
    assert_eq!(ready(&mut task::spawn(channel.send_many(&mut vec![Number(1), Number(2)]))), Ok(()));
    let mut taken: Vec<_> = waiting
        .iter_mut()
        .filter(|recv| recv.is_woken())
        .map(|recv| ready(recv).unwrap().into_message().0)
        .collect();
    taken.sort_unstable();
    assert_eq!(taken, [1, 2]);
}

#[test]
fn recv_many_waits_for_the_first_and_ends_with_zero() {
    let channel = channel(10);
    let mut receiver = channel.join("workers");
    let mut buffer = Vec::new();
    {
        let mut recv = task::spawn(receiver.recv_many(&mut buffer, 5));
        park(&mut recv);
        put(&channel, [1]);
        assert_eq!(woken(&mut recv), 1);
    }
    channel.close();
    assert_eq!(ready(&mut task::spawn(receiver.recv_many(&mut buffer, 5))), 0);
    assert_eq!(buffer.len(), 1);
}

#[test]
fn a_limit_of_zero_takes_nothing() {
    let channel = channel(10);
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    let mut buffer = Vec::new();
    assert_eq!(ready(&mut task::spawn(receiver.recv_many(&mut buffer, 0))), 0);
    assert!(buffer.is_empty());
    assert_eq!(channel.len(), 1);
}

#[test]
fn a_batch_to_a_closed_channel_stays_with_the_caller() {
    let channel = channel(10);
    channel.close();
    let mut batch = vec![Number(1), Number(2)];
    assert_eq!(ready(&mut task::spawn(channel.send_many(&mut batch))), Err(Closed));
    assert_eq!(batch, [Number(1), Number(2)]);
}

#[tokio::test]
async fn a_batch_takes_what_is_there_and_not_only_what_was_prefetched() {
    let channel = channel(16);
    let mut worker = channel.join("workers");
    put(&channel, 0..4);
    assert_eq!(worker.try_recv().unwrap().0, 0); // 1, 2 and 3 are prefetched
    put(&channel, 4..9);
    let mut batch = Vec::new();
    assert_eq!(worker.recv_many(&mut batch, 100).await, 8);
    assert!(batch.iter().map(|delivery| delivery.0).eq(1..9));
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_over_do_not_count_against_the_limit_of_a_batch() {
    let channel = channel(32);
    let mut worker = channel.join("workers");
    let mut asking: Vec<_> =
        (0..5).map(|n| task::spawn(channel.request(Number(n)).timeout(Duration::from_secs(1)))).collect();
    asking.iter_mut().for_each(park);
    put(&channel, 5..25);
    advance(Duration::from_secs(2)).await; // and no caller looks
    let mut batch = Vec::new();
    assert_eq!(worker.recv_many(&mut batch, 10).await, 10);
    assert!(batch.iter().map(|delivery| delivery.0).eq(5..15));
    assert_balanced(&channel.info());
}

#[test]
fn what_is_not_accepted_stays_in_the_vector_also_of_messages_without_a_size() {
    let channel = stratoswarm_core::channel::<()>(2);
    let mut batch = vec![(); 5];
    let mut sending = task::spawn(channel.send_many(&mut batch));
    park(&mut sending);
    drop(sending);
    assert_eq!((channel.len(), batch.len()), (2, 3));
    channel.close();
    assert_eq!(ready(&mut task::spawn(channel.send_many(&mut batch))), Err(Closed));
    assert_eq!(batch.len(), 3);
}

#[test]
fn a_batch_that_goes_out_in_small_pieces_keeps_its_order_and_its_rest() {
    for (capacity, size) in [(1, 17), (1, 18), (1, 100), (2, 33), (3, 200)] {
        let channel = channel(capacity);
        let mut receiver = channel.join("workers");
        let mut batch: Vec<_> = (0..size).map(Number).collect();
        let mut taken = Vec::new();
        let mut sending = task::spawn(channel.send_many(&mut batch));
        for _ in 0..5 {
            park(&mut sending);
            taken.push(take(&mut receiver));
        }
        drop(sending);
        taken.extend(take_all(&mut receiver));
        taken.extend(batch.iter().map(|number| number.0));
        assert_eq!(taken, (0..size).collect::<Vec<_>>(), "capacity {capacity}");
    }
}
