//! Wakers that misbehave: they use the channel that wakes them, or panic.

use crate::fixtures::{Number, channel, panics, park, put, ready, though_it_panics, without_deadlock, woken};
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};
use stratoswarm_core::{Channel, Fabric, RequestError, SendError, Stage};
use tokio_test::task;

// ---- wakers

/// Uses the channel it is woken by.
struct Reentrant {
    channel: OnceLock<Channel<Number>>,
    wakes: AtomicUsize,
}

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        let channel = self.channel.get().unwrap();
        let _ = (channel.len(), channel.info(), channel.try_send(Number(99)));
        drop(channel.subscribe());
        let _ = channel.join("others").try_recv();
        channel.remove_group("others");
    }
}

#[test]
fn a_waker_may_use_the_channel_that_wakes_it() {
    without_deadlock(|| {
        let channel = channel(2);
        let state = Arc::new(Reentrant { channel: OnceLock::new(), wakes: AtomicUsize::new(0) });
        state.channel.set(channel.clone()).ok().unwrap();
        let waker = Waker::from(Arc::clone(&state));
        let mut context = Context::from_waker(&waker);
        let mut receiver = channel.join("workers");
        let mut subscriber = channel.subscribe();
        {
            let mut recv = pin!(receiver.recv());
            let mut read = pin!(subscriber.recv());
            let mut closed = pin!(channel.closed());
            assert!(recv.as_mut().poll(&mut context).is_pending());
            assert!(read.as_mut().poll(&mut context).is_pending());
            assert!(closed.as_mut().poll(&mut context).is_pending());
            put(&channel, [1]);
            assert!(state.wakes.load(Ordering::Relaxed) >= 2);
            assert!(
                matches!(recv.as_mut().poll(&mut context), Poll::Ready(Some(delivery)) if delivery.0 == 1)
            );
            assert!(matches!(read.as_mut().poll(&mut context), Poll::Ready(Some(Number(1)))));
        }
        // A sender woken by a recv, by a dropped subscriber, and by the close.
        while channel.try_send(Number(2)).is_ok() {}
        let mut sends: Vec<_> = (3..6).map(|number| Box::pin(channel.send(Number(number)))).collect();
        for send in &mut sends {
            assert!(send.as_mut().poll(&mut context).is_pending());
            assert!(send.as_mut().poll(&mut context).is_pending());
        }
        let woken = state.wakes.load(Ordering::Relaxed);
        assert!(receiver.try_recv().is_ok());
        drop(subscriber);
        channel.close();
        assert!(state.wakes.load(Ordering::Relaxed) > woken);
    });
}

#[tokio::test(start_paused = true)]
async fn a_waker_may_use_the_channel_whose_request_expires() {
    let channel = channel(2);
    let state = Arc::new(Reentrant { channel: OnceLock::new(), wakes: AtomicUsize::new(0) });
    state.channel.set(channel.clone()).ok().unwrap();
    let waker = Waker::from(Arc::clone(&state));
    let mut context = Context::from_waker(&waker);
    let mut request = pin!(channel.request(Number(1)).timeout(Duration::from_secs(1)));
    assert!(request.as_mut().poll(&mut context).is_pending());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(state.wakes.load(Ordering::Relaxed) >= 1);
    let expired = request.as_mut().poll(&mut context);
    assert!(matches!(expired, Poll::Ready(Err(RequestError::Expired { .. }))), "{expired:?}");
}

// ---- wakers that panic

/// Once it is armed, it panics when it is woken.
#[derive(Default)]
struct Brittle {
    armed: AtomicBool,
}

impl Wake for Brittle {
    fn wake(self: Arc<Self>) {
        assert!(!self.armed.load(Ordering::Relaxed) || thread::panicking(), "as the test wants it");
    }
}

/// Has it wait with a waker that panics.
#[track_caller]
fn park_brittle<F: Future>(mut future: Pin<&mut F>) {
    panics(); // those that are wanted are not printed from here on
    let state = Arc::new(Brittle::default());
    let waker = Waker::from(Arc::clone(&state));
    for _ in 0..3 {
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    state.armed.store(true, Ordering::Relaxed);
}

#[test]
fn a_waker_that_panics_at_the_close_costs_no_other_its_wake() {
    let channel = channel(1);
    let _idle = channel.join("idle");
    put(&channel, [0]);
    let mut members: Vec<_> = (0..2).map(|_| channel.join("workers")).collect();
    let mut subscribers: Vec<_> = (0..2).map(|_| channel.subscribe()).collect();
    let mut taps: Vec<_> = (0..2).map(|_| channel.tap()).collect();
    let (member, other_member) = members.split_at_mut(1);
    let (subscriber, other_subscriber) = subscribers.split_at_mut(1);
    let (tap, other_tap) = taps.split_at_mut(1);

    let (mut send, mut reserve, mut request, mut closed) = (
        pin!(channel.send(Number(1))),
        pin!(channel.reserve()),
        pin!(channel.request(Number(2))),
        pin!(channel.closed()),
    );
    let (mut recv, mut read, mut hear) =
        (pin!(member[0].recv()), pin!(subscriber[0].recv()), pin!(tap[0].recv()));
    park_brittle(send.as_mut());
    park_brittle(reserve.as_mut());
    park_brittle(request.as_mut());
    park_brittle(closed.as_mut());
    park_brittle(recv.as_mut());
    park_brittle(read.as_mut());
    park_brittle(hear.as_mut());
    let mut other_send = task::spawn(channel.send(Number(3)));
    let mut other_reserve = task::spawn(channel.reserve());
    let mut other_request = task::spawn(channel.request(Number(4)));
    let mut other_closed = task::spawn(channel.closed());
    let mut other_recv = task::spawn(other_member[0].recv());
    let mut other_read = task::spawn(other_subscriber[0].recv());
    let mut other_hear = task::spawn(other_tap[0].recv());
    park(&mut other_send);
    park(&mut other_reserve);
    park(&mut other_request);
    park(&mut other_closed);
    park(&mut other_recv);
    park(&mut other_read);
    park(&mut other_hear);

    though_it_panics(|| channel.close());
    assert_eq!(woken(&mut other_send), Err(SendError(Number(3))));
    assert!(woken(&mut other_reserve).is_err());
    assert_eq!(woken(&mut other_request), Err(RequestError::Closed));
    woken(&mut other_closed);
    assert!(woken(&mut other_recv).is_none());
    assert_eq!((woken(&mut other_read), woken(&mut other_hear)), (None, None));
}

#[test]
fn a_waker_that_panics_at_a_message_or_at_room_costs_no_other_its_wake() {
    let channel = channel(2);
    let mut worker = channel.join("workers");
    let (mut first, mut second) = (channel.subscribe(), channel.subscribe());
    {
        let mut read = pin!(first.recv());
        park_brittle(read.as_mut());
        let mut other = task::spawn(second.recv());
        park(&mut other);
        though_it_panics(|| put(&channel, [1]));
        assert_eq!(woken(&mut other), Some(Number(1)));
    }
    drop((first, second));
    put(&channel, [2]);
    let mut send = pin!(channel.send(Number(3)));
    park_brittle(send.as_mut());
    let mut other = task::spawn(channel.send(Number(4)));
    park(&mut other);
    though_it_panics(|| {
        let mut buffer = Vec::new();
        ready(&mut task::spawn(worker.recv_many(&mut buffer, 2)))
    });
    assert_eq!(woken(&mut other), Ok(()));
}

#[test]
fn a_waker_that_panics_when_a_group_comes_costs_no_other_its_wake() {
    let channel = channel(2);
    let mut request = pin!(channel.request(Number(1)));
    park_brittle(request.as_mut());
    let mut other = task::spawn(channel.request(Number(2)));
    park(&mut other);
    let joined = though_it_panics(|| channel.join("workers"));
    assert!(other.is_woken());
    assert!(other.poll().is_pending());
    assert_eq!(channel.len(), 1, "it is queued");
    let members = channel.info().readers[0].members;
    assert_eq!(members, usize::from(joined.is_some()), "nobody is a member whose join panicked");
}

#[test]
fn a_waker_that_panics_in_one_channel_costs_no_other_channel_its_close() {
    let fabric = Fabric::new();
    let mut readers: Vec<_> = (0..16)
        .map(|number| {
            let channel: Channel<Number> = fabric.channel(format!("numbers {number}")).open().unwrap();
            (channel.downgrade(), channel.join("workers"))
        })
        .collect();
    let (half, rest) = readers.split_at_mut(8);
    let mut brittle: Vec<_> = half.iter_mut().map(|(_, reader)| Box::pin(reader.recv())).collect();
    for recv in &mut brittle {
        park_brittle(recv.as_mut());
    }
    let mut others: Vec<_> = rest.iter_mut().map(|(_, reader)| task::spawn(reader.recv())).collect();
    others.iter_mut().for_each(park);
    though_it_panics(|| drop(fabric));
    for other in &mut others {
        assert!(woken(other).is_none());
    }
    drop((brittle, others));
    assert!(readers.iter().all(|(channel, _)| channel.upgrade().is_none()));
}

#[test]
fn a_waker_that_panics_in_a_shutdown_costs_no_other_channel_its_end() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let fabric = Fabric::new();
    let open = |name: &str| fabric.channel::<Number>(name).shutdown_order(0).open().unwrap();
    let (first, second) = (open("a"), open("b"));
    let last = fabric.channel::<Number>("last").shutdown_order(1).open().unwrap();
    let mut closed = pin!(first.closed());
    park_brittle(closed.as_mut());
    let mut other = task::spawn(second.closed());
    let mut latest = task::spawn(last.closed());
    park(&mut other);
    park(&mut latest);
    though_it_panics(|| runtime.block_on(fabric.shutdown(Duration::from_secs(1))));
    woken(&mut other);
    woken(&mut latest);
}

/// Waits until it is woken, and for its result.
fn once_woken<F: Future>(task: &mut task::Spawn<F>) -> F::Output {
    while !task.is_woken() {
        thread::yield_now();
    }
    ready(task)
}

/// A waker that panics at a deadline, and requests that have the same one, or a later one.
fn expire_beside_a_waker_that_panics() {
    let within = Duration::from_millis(10);
    let channel = channel(8);
    let _idle = channel.join("workers");
    let deadline = tokio::time::Instant::now() + within;
    let ask = |number| channel.request(Number(number)).deadline(deadline);
    let mut before = task::spawn(ask(1));
    let (mut one, mut two) = (pin!(ask(2)), pin!(ask(3)));
    let mut after = task::spawn(ask(4));
    assert!(before.poll().is_pending());
    for request in [one.as_mut(), two.as_mut()] {
        park_brittle(request);
    }
    assert!(after.poll().is_pending());
    let expired = |outcome| matches!(outcome, Err(RequestError::Expired { stage: Stage::Queued, .. }));
    assert!(expired(once_woken(&mut before)));
    assert!(expired(once_woken(&mut after)));

    let elsewhere = crate::fixtures::channel(1);
    let _idle = elsewhere.join("workers");
    let mut later = task::spawn(elsewhere.request(Number(5)).timeout(within));
    assert!(later.poll().is_pending());
    assert!(expired(once_woken(&mut later)));
}

#[test]
fn a_waker_that_panics_at_its_deadline_costs_no_other_request_its_own() {
    without_deadlock(|| {
        for _ in 0..3 {
            expire_beside_a_waker_that_panics();
        }
    });
}

#[test]
fn a_waker_that_panics_at_its_deadline_costs_no_other_request_its_own_in_a_runtime() {
    without_deadlock(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async { expire_beside_a_waker_that_panics() });
        runtime.block_on(runtime.spawn(async { expire_beside_a_waker_that_panics() })).unwrap();
    });
}

#[test]
fn a_waker_that_panics_at_a_deadline_of_a_paused_clock_costs_no_other_request_its_own() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let channel = channel(8);
    let _idle = channel.join("workers");
    let ask = |number| channel.request(Number(number)).timeout(Duration::from_secs(1));
    let (mut before, mut one, mut after) = (task::spawn(ask(1)), pin!(ask(2)), task::spawn(ask(3)));
    let mut later = task::spawn(channel.request(Number(4)).timeout(Duration::from_secs(2)));
    runtime.block_on(async {
        park(&mut before);
        park_brittle(one.as_mut());
        park(&mut after);
        park(&mut later);
    });
    let sleep = async |seconds| tokio::time::sleep(Duration::from_secs(seconds)).await;
    though_it_panics(|| runtime.block_on(sleep(1)));
    runtime.block_on(async {
        sleep(2).await;
        for request in [&mut before, &mut after, &mut later] {
            assert!(matches!(woken(request), Err(RequestError::Expired { .. })));
        }
    });
}
