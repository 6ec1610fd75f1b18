//! Readers as `Stream`s.

use crate::fixtures::{Number, broadcast, channel, park, put, reader, ready, take, take_all, woken};
use futures::{FutureExt, Stream, StreamExt, executor::block_on};
use std::task::Poll;
use stratoswarm_core::{Lagged, ReaderKind, TryRecvError};
use tokio_test::task;

#[test]
fn a_receiver_is_a_stream_that_ends_with_the_channel() {
    let channel = channel(10);
    let mut receiver = channel.join("workers");
    put(&channel, 0..10);
    drop(channel);
    let taken: Vec<_> = block_on(receiver.by_ref().map(|delivery| delivery.into_message().0).collect());
    assert_eq!(taken, (0..10).collect::<Vec<_>>());
    assert!(block_on(receiver.next()).is_none(), "and stays ended");
}

#[test]
fn a_subscriber_is_a_stream() {
    let channel = channel(10);
    let subscriber = channel.subscribe();
    put(&channel, 0..10);
    channel.close();
    let read: Vec<_> = block_on(subscriber.collect());
    assert_eq!(read, (0..10).map(Number).collect::<Vec<_>>());
}

#[test]
fn a_stream_knows_how_much_may_come_once_nothing_more_is_accepted() {
    let channel = channel(10);
    let (mut worker, subscriber) = (channel.join("workers"), channel.subscribe());
    put(&channel, 0..4);
    let permit = channel.try_reserve().unwrap();
    assert_eq!(subscriber.size_hint(), (0, None));
    channel.close();
    assert_eq!(subscriber.size_hint(), (0, None), "the permit's message may come");
    permit.send(Number(4));
    assert_eq!((worker.size_hint(), subscriber.size_hint()), ((0, Some(5)), (0, Some(5))));
    take(&mut worker);
    assert_eq!(worker.size_hint(), (0, Some(4)));
    let events = broadcast(2);
    let lossy = events.subscribe();
    for number in 0..5 {
        events.send(Number(number)).unwrap();
    }
    events.close();
    let most = lossy.size_hint().1.unwrap();
    assert!(block_on(lossy.collect::<Vec<_>>()).len() <= most);
}

#[test]
fn a_lossy_subscriber_is_a_stream_that_reports_its_gaps() {
    let events = broadcast(2);
    let subscriber = events.subscribe();
    for number in 0..5 {
        events.send(Number(number)).unwrap();
    }
    drop(events);
    let heard: Vec<Result<Number, Lagged>> = block_on(subscriber.collect());
    assert_eq!(heard.len(), 3);
    assert_eq!(heard[0].as_ref().unwrap_err().missed, 3);
    assert_eq!(heard[1..], [Ok(Number(3)), Ok(Number(4))]);
}

#[test]
fn a_waiting_stream_is_woken() {
    let channel = channel(2);
    let mut stream = task::spawn(channel.subscribe());
    assert!(stream.poll_next().is_pending());
    put(&channel, [1]);
    assert!(stream.is_woken());
    assert_eq!(stream.poll_next(), Poll::Ready(Some(Number(1))));
    assert!(stream.poll_next().is_pending());
    channel.close();
    assert!(stream.is_woken());
    assert_eq!(stream.poll_next(), Poll::Ready(None));
}

#[tokio::test]
async fn streams_can_be_merged() {
    let (left, right) = (channel(4), channel(4));
    let mut both = futures::stream::select(left.subscribe(), right.subscribe());
    let sending = tokio::spawn(async move {
        for number in 0..100 {
            left.send(Number(number)).await.unwrap();
            right.send(Number(1_000 + number)).await.unwrap();
        }
    });
    let mut sum = 0;
    while let Some(number) = both.next().await {
        sum += number.0;
    }
    sending.await.unwrap();
    assert_eq!(sum, 2 * (0..100).sum::<u64>() + 100_000);
}

// ---- a `next` that was polled and is over

#[test]
fn a_next_that_was_dropped_costs_no_other_member_its_message() {
    for first in [true, false] {
        let channel = channel(4);
        let (mut streaming, mut receiving) = (channel.join("workers"), channel.join("workers"));
        let mut recv = task::spawn(receiving.recv());
        if !first {
            park(&mut recv);
        }
        park(&mut task::spawn(streaming.next()));
        if first {
            park(&mut recv);
        }
        put(&channel, [1]);
        assert_eq!(*woken(&mut recv).unwrap(), Number(1), "the stream came first: {first}");
        drop(recv);

        // Nor in the next round, where the stream may be woken still.
        let mut recv = task::spawn(receiving.recv());
        park(&mut recv);
        put(&channel, [2]);
        assert_eq!(*woken(&mut recv).unwrap(), Number(2), "the stream came first: {first}");
        drop(recv);
        assert_eq!(streaming.try_recv().err(), Some(TryRecvError::Empty));
    }
}

#[test]
fn as_many_members_are_woken_as_there_are_messages_whoever_dropped_a_next() {
    let channel = channel(4);
    let (mut one, mut other) = (channel.join("workers"), channel.join("workers"));
    let (mut first, mut second) = (channel.join("workers"), channel.join("workers"));
    park(&mut task::spawn(one.next()));
    let mut recv_first = task::spawn(first.recv());
    park(&mut recv_first);
    park(&mut task::spawn(other.next()));
    let mut recv_second = task::spawn(second.recv());
    park(&mut recv_second);
    put(&channel, [1, 2]);
    assert_eq!(*woken(&mut recv_first).unwrap(), Number(1));
    assert_eq!(*woken(&mut recv_second).unwrap(), Number(2));
}

#[test]
fn a_stream_that_still_waits_is_woken_beside_a_next_that_was_dropped() {
    let channel = channel(4);
    let (mut gone, waiting) = (channel.join("workers"), channel.join("workers"));
    park(&mut task::spawn(gone.next()));
    let mut waiting = task::spawn(waiting);
    while waiting.poll_next().is_pending() && waiting.is_woken() {}
    put(&channel, [1]);
    assert!(waiting.is_woken());
    assert!(matches!(waiting.poll_next(), Poll::Ready(Some(delivery)) if *delivery == Number(1)));
}

#[test]
fn a_stream_that_was_polled_again_or_read_otherwise_has_ended_its_old_wait() {
    let channel = channel(4);
    let (mut streaming, mut receiving) = (channel.join("workers"), channel.join("workers"));
    let waits = || reader(&channel.info(), ReaderKind::Group).waits.len();
    park(&mut task::spawn(streaming.next()));
    park(&mut task::spawn(streaming.next()));
    assert_eq!(waits(), 1, "one place for one stream");
    assert_eq!(streaming.try_recv().err(), Some(TryRecvError::Empty));
    assert_eq!(waits(), 0, "who tries does not wait");

    park(&mut task::spawn(streaming.next()));
    put(&channel, [1]);
    assert_eq!(take(&mut streaming), 1);
    assert_eq!(waits(), 0);
    let mut recv = task::spawn(receiving.recv());
    park(&mut recv);
    put(&channel, [2]);
    assert_eq!(*woken(&mut recv).unwrap(), Number(2));
    drop(recv);

    // A `recv` of the same handle takes over the place of its stream.
    park(&mut task::spawn(streaming.next()));
    let mut recv = task::spawn(streaming.recv());
    park(&mut recv);
    let mut behind = task::spawn(receiving.recv());
    park(&mut behind);
    put(&channel, [3]);
    assert!(recv.is_woken() && !behind.is_woken());
    assert_eq!(*ready(&mut recv).unwrap(), Number(3));
}

#[test]
fn a_recv_that_was_tried_once_costs_no_other_member_its_message() {
    let channel = channel(4);
    let (mut tried, mut receiving) = (channel.join("workers"), channel.join("workers"));
    for number in 0..3 {
        for _ in 0..3 {
            assert!(tried.recv().now_or_never().is_none());
        }
        let mut recv = task::spawn(receiving.recv());
        park(&mut recv);
        put(&channel, [number]);
        assert_eq!(*woken(&mut recv).unwrap(), Number(number));
    }
    assert!(tried.recv().now_or_never().is_none());
    put(&channel, [9]);
    assert_eq!(tried.recv().now_or_never().flatten().map(|delivery| delivery.0), Some(9));
    assert!(take_all(&mut receiving).is_empty());
}

#[test]
fn a_subscribers_dropped_next_leaves_its_messages_to_the_next_one() {
    let channel = channel(4);
    let (mut subscriber, mut tap) = (channel.subscribe(), channel.tap());
    park(&mut task::spawn(subscriber.next()));
    park(&mut task::spawn(tap.next()));
    let mut next = task::spawn(subscriber.next());
    let mut heard = task::spawn(tap.next());
    park(&mut next);
    park(&mut heard);
    put(&channel, [1]);
    assert_eq!(woken(&mut next), Some(Number(1)));
    assert_eq!(woken(&mut heard), Some(Ok(Number(1))));
}

#[cfg(feature = "sink")]
mod sinks {
    use futures::{Sink, SinkExt};
    use std::{future::poll_fn, pin::Pin};
    use stratoswarm_core::TrySendError;

    use super::*;

    #[test]
    fn a_sink_keeps_a_place_while_it_is_ready_and_gives_it_back() {
        let channel = channel(1);
        let mut sink = channel.clone().into_sink();
        let mut readying = task::spawn(poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)));
        ready(&mut readying).unwrap();
        ready(&mut readying).unwrap(); // once is as good as twice
        drop(readying);
        assert_eq!(channel.info().permits, 1);
        assert_eq!(channel.try_send(Number(1)), Err(TrySendError::Full(Number(1))));
        ready(&mut task::spawn(sink.close())).unwrap();
        assert!(!channel.is_closed());
        ready(&mut task::spawn(sink.send(Number(2)))).unwrap();
        let mut waiting = task::spawn(sink.send(Number(3)));
        park(&mut waiting);
        assert_eq!(channel.info().blocked_senders, 1);
        drop(waiting);
        drop(sink);
        assert_eq!((channel.info().blocked_senders, channel.info().permits), (0, 0));
        let mut worker = channel.join("workers");
        assert_eq!(take_all(&mut worker), [2]);
        let mut late = channel.clone().into_sink();
        channel.close();
        assert_eq!(ready(&mut task::spawn(late.send(Number(4)))), Err(TrySendError::Closed(())));
        assert!(late.into_inner().same_channel(&channel));
    }

    #[test]
    fn a_sink_that_is_not_ready_sends_only_into_a_free_place() {
        let channel = channel(1);
        let mut sink = channel.clone().into_sink();
        Pin::new(&mut sink).start_send(Number(1)).unwrap();
        assert_eq!(Pin::new(&mut sink).start_send(Number(2)), Err(TrySendError::Full(())));
        assert_eq!(channel.len(), 1);
    }
}
