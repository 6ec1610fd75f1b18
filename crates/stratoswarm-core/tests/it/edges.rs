//! Cases at the edges: wakers that use the channel when they are dropped, readers that leave with work in flight, late
//! replies, runtimes without a clock.

use crate::fixtures::{Number, channel, panics, park, put, ready, take};
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use stratoswarm_core::{
    Channel, Fabric, Message, NoReply, ReaderKind, ReplyOutcome, RequestError, Stage, patterns,
};
use tokio::time::{Instant, advance};
use tokio_test::task;

const SECOND: Duration = Duration::from_secs(1);

// ---- wakers

/// Uses its channel when its last clone is dropped.
struct Curious {
    channel: Channel<Number>,
    looked: Arc<AtomicBool>,
}

impl Wake for Curious {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Curious {
    fn drop(&mut self) {
        let _ = (self.channel.len(), self.channel.info());
        self.looked.store(true, Ordering::Relaxed);
    }
}

/// Polls twice, so that the second waker replaces the first, the last of its kind.
fn poll_with_two_wakers<F: Future>(channel: &Channel<Number>, mut future: Pin<&mut F>) {
    let looked = Arc::new(AtomicBool::new(false));
    let curious = Waker::from(Arc::new(Curious { channel: channel.clone(), looked: Arc::clone(&looked) }));
    assert!(future.as_mut().poll(&mut Context::from_waker(&curious)).is_pending());
    drop(curious);
    assert!(!looked.load(Ordering::Relaxed), "kept by the future");
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(looked.load(Ordering::Relaxed), "replaced, and dropped outside the lock");
}

#[test]
fn a_replaced_waker_is_dropped_outside_the_lock() {
    crate::fixtures::without_deadlock(|| {
        let channel = channel(1);
        let mut receiver = channel.join("workers");
        poll_with_two_wakers(&channel, pin!(channel.closed()));
        poll_with_two_wakers(&channel, pin!(receiver.recv()));
        put(&channel, [1]);
        poll_with_two_wakers(&channel, pin!(channel.send(Number(2))));
        let _ = take(&mut receiver);
        let mut request = pin!(channel.request(Number(3)).timeout(Duration::MAX));
        poll_with_two_wakers(&channel, request.as_mut());
        let (_, mut responder) = receiver.try_recv().unwrap().into_parts();
        poll_with_two_wakers(&channel, pin!(responder.closed()));
    });
}

// ---- work in flight of readers that left

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_an_ephemeral_group_has_in_hand_though_it_left() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").open().unwrap();
    let mut worker = channel.group("workers").ephemeral().join().unwrap();
    put(&channel, [1]);
    let delivery = worker.try_recv().unwrap();
    drop(worker);
    let working = tokio::spawn(async move {
        tokio::time::sleep(SECOND).await;
        drop(delivery);
    });
    let start = Instant::now();
    let report = fabric.shutdown(60 * SECOND).await;
    assert!(start.elapsed() >= SECOND, "{:?}", start.elapsed());
    assert!(report.is_clean(), "{report:?}");
    working.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn work_in_hand_of_a_removed_group_is_reported() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").open().unwrap();
    let mut worker = channel.join("workers");
    put(&channel, [1, 2]);
    let delivery = worker.try_recv().unwrap();
    assert_eq!(channel.remove_group("workers"), 1);
    let report = fabric.shutdown(SECOND).await;
    assert_eq!(report.channels[0].in_flight, 1, "{report:?}");
    assert!(!report.is_clean());
    drop((delivery, worker));
    assert!(fabric.shutdown(SECOND).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_report_credits_each_subscriber_with_its_own() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").open().unwrap();
    let mut leaving = channel.subscribe();
    let mut staying = channel.subscribe();
    put(&channel, 0..10);
    for _ in 0..10 {
        staying.try_recv().unwrap();
    }
    let draining = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        while leaving.recv().await.is_some() {}
    });
    let report = fabric.shutdown(SECOND).await;
    let drained: Vec<_> =
        report.channels[0].readers.iter().map(|reader| (reader.name.as_str(), reader.drained)).collect();
    assert_eq!(drained.len(), 2);
    assert!(drained.contains(&("subscriber 0", 10)) && drained.contains(&("subscriber 1", 0)), "{drained:?}");
    draining.await.unwrap();
    drop(staying);
}

#[test]
fn a_readers_name_stays_its_own_when_another_leaves() {
    let channel = channel(4);
    let first = channel.subscribe();
    let _second = channel.subscribe();
    drop(first);
    let names: Vec<_> = channel.info().readers.into_iter().map(|reader| reader.name).collect();
    assert_eq!(names, ["subscriber 1"]);
}

// ---- deadlines

#[tokio::test(start_paused = true)]
async fn a_reply_after_the_deadline_comes_back_though_the_caller_has_not_looked() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    let (_, responder) = receiver.try_recv().unwrap().into_parts();
    advance(2 * SECOND).await;
    assert_eq!(responder.send(7), ReplyOutcome::TooLate(7));
    assert!(matches!(ready(&mut request), Err(RequestError::Expired { stage: Stage::Handling, .. })));
}

#[tokio::test(start_paused = true)]
async fn closed_resolves_at_the_deadline_though_the_caller_has_not_looked() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Number(1)).timeout(SECOND));
    park(&mut request);
    let (_, mut responder) = receiver.try_recv().unwrap().into_parts();
    let start = Instant::now();
    responder.closed().await;
    assert!(start.elapsed() >= SECOND && start.elapsed() < 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn within_a_delivery_holds_in_whatever_order_it_is_said() {
    let (outer, inner) = (channel(4), channel(4));
    let mut receiver = outer.join("workers");
    let mut request = task::spawn(outer.request(Number(1)).timeout(Duration::from_millis(50)));
    park(&mut request);
    let delivery = receiver.try_recv().unwrap();
    for swap in [false, true] {
        let start = Instant::now();
        let asked = if swap {
            inner.request(Number(2)).within(&delivery).timeout(SECOND)
        } else {
            inner.request(Number(2)).timeout(SECOND).within(&delivery)
        };
        assert!(matches!(asked.await, Err(RequestError::Expired { .. })));
        assert!(start.elapsed() <= Duration::from_millis(52), "{:?}", start.elapsed());
    }
}

#[test]
fn a_runtime_without_a_clock_has_its_deadlines_kept_and_nothing_panics() {
    let about_timers = || panics().iter().filter(|panic| panic.text.contains("timers")).count();
    let before = about_timers();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let channel = channel(4);
    for _ in 0..3 {
        let expired = runtime.block_on(channel.request(Number(1)).timeout(Duration::from_millis(10)));
        assert!(matches!(expired, Err(RequestError::Expired { .. })), "{expired:?}");
    }
    let asked = channel.clone();
    let spawned = async move { asked.request(Number(2)).timeout(Duration::from_millis(10)).await };
    let expired = runtime.block_on(runtime.spawn(spawned)).unwrap();
    assert!(matches!(expired, Err(RequestError::Expired { .. })), "{expired:?}");
    assert_eq!(about_timers() - before, 0, "{:?}", panics());
}

// ---- handlers and messages that panic

#[tokio::test]
async fn a_handler_that_panics_before_its_future_is_made_ends_its_own_delivery_only() {
    let channel = channel(4);
    let serving = tokio::spawn(patterns::serve(channel.join("workers"), 2, |delivery| {
        let (Number(number), reply) = delivery.into_parts();
        assert!(number != 1, "expected by this test");
        async move {
            reply.send(number);
        }
    }));
    assert_eq!(channel.request(Number(1)).await, Err(RequestError::Unanswered));
    assert_eq!(channel.request(Number(2)).await, Ok(2));
    channel.close();
    let served = serving.await.unwrap();
    assert_eq!((served.finished, served.panicked), (1, 1));
}

/// Its `Clone` panics.
struct Unclonable;

impl Clone for Unclonable {
    fn clone(&self) -> Self {
        panic!("expected by this test")
    }
}

impl Message for Unclonable {
    type Reply = ();
}

#[test]
fn a_request_whose_clone_panics_is_unanswered_at_once() {
    let channel = Fabric::new().channel::<Unclonable>("unclonable").open().unwrap();
    let mut receiver = channel.join("workers");
    let _tap = channel.tap();
    let mut request = task::spawn(channel.request(Unclonable).timeout(Duration::MAX));
    assert!(request.poll().is_pending());
    assert!(receiver.try_recv().is_err());
    assert_eq!(request.poll(), Poll::Ready(Err(RequestError::Unanswered)));
}

// ---- budget

#[tokio::test]
async fn waiting_for_what_is_there_already_lets_siblings_run() {
    #[derive(Clone)]
    struct Tick;
    impl Message for Tick {
        type Reply = NoReply;
    }
    let channel = Fabric::new().channel::<Tick>("ticks").open().unwrap();
    let mut receiver = channel.join("workers");
    let turns = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&turns);
    let sibling = tokio::spawn(async move {
        loop {
            *counted.lock().unwrap() += 1;
            tokio::task::yield_now().await;
        }
    });
    channel.close();
    let mut buffer = Vec::new();
    for _ in 0..100_000 {
        channel.closed().await;
        receiver.recv_many(&mut buffer, 0).await;
    }
    sibling.abort();
    assert!(*turns.lock().unwrap() > 500);
    assert_eq!(channel.info().readers[0].kind, ReaderKind::Group);
}
