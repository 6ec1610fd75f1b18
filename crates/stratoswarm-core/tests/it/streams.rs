//! Readers as `Stream`s.

use crate::fixtures::{Number, broadcast, channel, put};
use futures::{StreamExt, executor::block_on};
use std::task::Poll;
use stratoswarm_core::Lagged;
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
