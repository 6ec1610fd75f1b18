//! The recipes: `request_with_timeout`, and `serve`, which handles n deliveries at once.

use crate::fixtures::{Number, channel, put};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use stratoswarm_core::{
    RequestError, Stage,
    patterns::{self, request_with_timeout},
};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn request_with_timeout_is_answered_or_expires() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    tokio::spawn(async move {
        while let Some(delivery) = receiver.recv().await {
            let (number, responder) = delivery.into_parts();
            sleep(Duration::from_millis(number.0)).await;
            responder.send(number.0);
        }
    });
    assert_eq!(request_with_timeout(&channel, Number(900), SECOND).await, Ok(900));
    let start = Instant::now();
    let expired = request_with_timeout(&channel, Number(1_100), SECOND).await;
    assert!(matches!(expired, Err(RequestError::Expired { stage: Stage::Handling, .. })), "{expired:?}");
    assert!(start.elapsed() >= SECOND);
}

/// How long `serve` takes for `count` handlers of a second each, and the most it ran at once.
async fn serve(count: u64, concurrency: usize) -> (Duration, usize, u64) {
    let channel = channel(100);
    let receiver = channel.join("workers");
    put(&channel, 0..count);
    channel.close();
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let served = patterns::serve(receiver, concurrency, |delivery| {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            sleep(SECOND).await;
            running.fetch_sub(1, Ordering::Relaxed);
            drop(delivery);
        }
    })
    .await;
    assert_eq!(served.panicked, 0);
    assert_eq!(running.load(Ordering::Relaxed), 0, "it waits for the handlers that still run");
    (start.elapsed(), most.load(Ordering::Relaxed), served.finished)
}

#[tokio::test(start_paused = true)]
async fn serve_handles_as_many_at_once_as_it_may() {
    for (concurrency, seconds) in [(1, 12), (3, 4), (5, 3), (12, 1), (100, 1)] {
        let (elapsed, most, finished) = serve(12, concurrency).await;
        assert_eq!((most, finished), (concurrency.min(12), 12));
        let expected = SECOND * seconds;
        assert!(elapsed >= expected && elapsed < expected + SECOND / 2, "{concurrency} at once: {elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn serve_takes_no_more_than_it_handles() {
    let channel = channel(100);
    let receiver = channel.join("workers");
    put(&channel, 0..10);
    let serving = tokio::spawn(patterns::serve(receiver, 3, |delivery| async move {
        sleep(SECOND * 1_000).await;
        drop(delivery);
    }));
    sleep(SECOND).await;
    assert_eq!(channel.len(), 7, "the rest is left to other members");
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    assert_eq!(channel.len(), 7);
}

#[tokio::test]
async fn serve_ends_when_the_channel_is_closed_and_drained() {
    let channel = channel(4);
    let serving = tokio::spawn(patterns::serve(channel.join("workers"), 2, |delivery| async move {
        let (number, responder) = delivery.into_parts();
        responder.send(number.0 + 1);
    }));
    for number in 0..50 {
        assert_eq!(channel.request(Number(number)).await, Ok(number + 1));
    }
    drop(channel);
    let served = serving.await.unwrap();
    assert_eq!((served.finished, served.panicked), (50, 0));
}
