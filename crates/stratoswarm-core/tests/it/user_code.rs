//! User code that misbehaves: messages whose Drop sends, Clone panics, handlers that panic, wakers that re-enter.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, channel, panics, park, put, reader, ready, take_all, without_deadlock, woken},
};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};
use stratoswarm_core::{
    Broadcast, Channel, Fabric, Message, NoReply, ReaderKind, RequestError, SendError, Stage, WeakBroadcast,
    WeakChannel, WeakFabric, patterns,
};
use tokio_test::task;

// ---- Drop

/// Sends another one on its own channel when it is dropped.
#[derive(Clone)]
struct Echo {
    home: Home,
    drops: Arc<AtomicUsize>,
}

#[derive(Clone)]
enum Home {
    Channel(WeakChannel<Echo>),
    Broadcast(WeakBroadcast<Echo>),
    Nowhere,
}

impl Message for Echo {
    type Reply = ();
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        let next = || Echo { home: Home::Nowhere, drops: Arc::clone(&self.drops) };
        match &self.home {
            Home::Channel(weak) => {
                if let Some(channel) = weak.upgrade() {
                    let _ = (channel.len(), channel.info());
                    let _ = channel.try_send(next());
                }
            }
            Home::Broadcast(weak) => {
                if let Some(events) = weak.upgrade() {
                    let _ = (events.len(), events.info());
                    let _ = events.send(next());
                }
            }
            Home::Nowhere => {}
        }
    }
}

fn echoes(capacity: usize) -> (Channel<Echo>, impl Fn() -> Echo, Arc<AtomicUsize>) {
    let channel: Channel<Echo> = Fabric::new().channel("echoes").capacity(capacity).open().unwrap();
    let drops = Arc::new(AtomicUsize::new(0));
    let (home, counter) = (channel.downgrade(), Arc::clone(&drops));
    let make = move || Echo { home: Home::Channel(home.clone()), drops: Arc::clone(&counter) };
    (channel, make, drops)
}

#[test]
fn a_message_whose_drop_sends_on_its_own_channel_does_not_deadlock() {
    without_deadlock(|| {
        let (channel, make, drops) = echoes(4);
        let mut receiver = channel.join("workers");
        let mut subscriber = channel.subscribe();
        for _ in 0..20 {
            let _ = channel.try_send(make()); // dropped when refused
            drop(subscriber.try_recv());
            drop(receiver.try_recv());
        }
        assert!(drops.load(Ordering::Relaxed) >= 10);
    });
}

#[test]
fn a_message_whose_drop_sends_survives_every_way_of_being_let_go() {
    without_deadlock(|| {
        // a subscriber, a receiver and a group that go away with unread messages
        let (channel, make, drops) = echoes(8);
        let subscriber = channel.subscribe();
        for _ in 0..8 {
            channel.try_send(make()).unwrap();
        }
        drop(subscriber);
        assert!(drops.load(Ordering::Relaxed) >= 8);
        channel.remove_group("nobody");
        let mut receiver = channel.join("workers");
        while receiver.try_recv().is_ok() {}
        for _ in 0..8 {
            channel.try_send(make()).unwrap();
        }
        let before = drops.load(Ordering::Relaxed);
        drop(receiver.try_recv());
        drop(receiver);
        channel.remove_group("workers");
        assert!(drops.load(Ordering::Relaxed) >= before + 8);

        // an ephemeral group
        let (channel, make, drops) = echoes(2);
        let helpers = channel.group("helpers").ephemeral().join().unwrap();
        channel.try_send(make()).unwrap();
        drop(helpers);
        assert_eq!(drops.load(Ordering::Relaxed), 1);

        // a waiting send that is dropped, and one that is refused by the close
        let (channel, make, drops) = echoes(1);
        let _receiver = channel.join("workers");
        channel.try_send(make()).unwrap();
        let mut waiting = task::spawn(channel.send(make()));
        park(&mut waiting);
        drop(waiting);
        let mut refused = task::spawn(channel.send(make()));
        park(&mut refused);
        channel.close();
        drop(ready(&mut refused));
        assert_eq!(drops.load(Ordering::Relaxed), 2 + 2, "each tried to send another, which was refused");

        // a request that is skipped because its caller has gone
        let (channel, make, drops) = echoes(1);
        let mut receiver = channel.join("workers");
        let mut request = task::spawn(channel.request(make()));
        park(&mut request);
        drop(request);
        drop(receiver.try_recv());
        assert!(drops.load(Ordering::Relaxed) >= 1);

        // all that is left when the last handle goes
        let (channel, make, drops) = echoes(4);
        let receiver = channel.join("workers");
        for _ in 0..4 {
            channel.try_send(make()).unwrap();
        }
        drop((channel, receiver));
        assert_eq!(drops.load(Ordering::Relaxed), 4);
    });
}

#[test]
fn a_message_whose_drop_sends_can_overflow_a_broadcast() {
    without_deadlock(|| {
        let events: Broadcast<Echo> = Fabric::new().broadcast("echoes").capacity(2).open().unwrap();
        let drops = Arc::new(AtomicUsize::new(0));
        let make = || Echo { home: Home::Broadcast(events.downgrade()), drops: Arc::clone(&drops) };
        let subscriber = events.subscribe();
        for _ in 0..20 {
            let _ = events.send(make());
        }
        drop(subscriber);
        for _ in 0..5 {
            let _ = events.send(make());
        }
        assert!(drops.load(Ordering::Relaxed) >= 20);
    });
}

// ---- Clone

/// Its clone panics if `brittle`.
#[derive(Debug, PartialEq)]
struct Glass {
    number: u64,
    brittle: bool,
}

impl Clone for Glass {
    fn clone(&self) -> Self {
        assert!(!self.brittle, "broken, as the test wants it");
        Self { number: self.number, brittle: false }
    }
}

impl Message for Glass {
    type Reply = u64;
}

fn glass(number: u64) -> Glass {
    Glass { number, brittle: number % 3 == 1 }
}

#[test]
fn a_message_whose_clone_panics_is_skipped_for_that_reader_and_counted() {
    let channel: Channel<Glass> = Fabric::new().channel("glass").capacity(10).open().unwrap();
    let mut first = channel.subscribe();
    let mut last = channel.join("workers");
    for round in 0..3 {
        for number in 0..10 {
            channel.try_send(glass(number)).unwrap();
        }
        let read: Vec<_> = std::iter::from_fn(|| first.try_recv().ok()).map(|glass| glass.number).collect();
        assert_eq!(read, [0, 2, 3, 5, 6, 8, 9], "round {round}");
        // The last reader needs no clone.
        let taken =
            std::iter::from_fn(|| last.try_recv().ok().map(|delivery| delivery.into_message().number));
        assert_eq!(taken.collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }
    let info = channel.info();
    assert_balanced(&info);
    assert_eq!(info.len, 0);
    let subscriber = reader(&info, ReaderKind::Subscriber);
    assert_eq!((subscriber.taken, subscriber.skipped.panicked), (21, 9));
    assert_eq!(reader(&info, ReaderKind::Group).skipped.panicked, 0);
}

#[test]
fn a_waiting_reader_passes_over_a_message_whose_clone_panics() {
    let channel: Channel<Glass> = Fabric::new().channel("glass").capacity(10).open().unwrap();
    let mut reader = channel.subscribe();
    let _other = channel.subscribe();
    let mut recv = task::spawn(reader.recv());
    park(&mut recv);
    channel.try_send(glass(1)).unwrap();
    park(&mut recv);
    channel.try_send(glass(2)).unwrap();
    assert_eq!(ready(&mut recv).map(|glass| glass.number), Some(2));
}

#[tokio::test]
async fn passing_over_a_message_whose_clone_panics_serves_the_sender_that_waits() {
    let channel: Channel<Glass> = Fabric::new().channel("glass").capacity(1).open().unwrap();
    let mut worker = channel.join("workers");
    let _tap = channel.tap();
    channel.try_send(glass(1)).unwrap();
    let sender = channel.clone();
    let sending = tokio::spawn(async move { sender.send(glass(2)).await.is_ok() });
    tokio::task::yield_now().await;
    let mut batch = Vec::new();
    assert_eq!(worker.recv_many(&mut batch, 8).await, 1);
    assert_eq!(batch[0].number, 2);
    assert!(sending.await.unwrap());
}

#[test]
fn a_request_that_is_over_and_whose_clone_panics_is_passed_for_its_own_reason() {
    let channel: Channel<Glass> = Fabric::new().channel("glass").capacity(4).open().unwrap();
    let mut worker = channel.join("workers");
    let subscriber = channel.subscribe();
    for number in [1, 4, 7] {
        let mut asking = task::spawn(channel.request(glass(number)));
        park(&mut asking);
    }
    assert!(worker.try_recv().is_err());
    drop(subscriber);
    let info = channel.info();
    assert_balanced(&info);
    assert_eq!((info.readers[0].skipped.abandoned, info.readers[0].skipped.panicked), (3, 0));
    let accepted = (0..10).filter(|_| channel.try_send(glass(0)).is_ok()).count();
    assert_eq!((accepted, channel.len()), (4, 4));
}

#[test]
fn a_broadcast_lives_on_when_a_clone_panics() {
    let events: Broadcast<Glass> = Fabric::new().broadcast("glass").capacity(10).open().unwrap();
    let mut first = events.subscribe();
    let mut second = events.subscribe();
    for number in 0..10 {
        assert_eq!(events.send(glass(number)).ok(), Some(2));
    }
    for subscriber in [&mut first, &mut second] {
        let heard: Vec<_> =
            std::iter::from_fn(|| subscriber.try_recv().ok()).flatten().map(|glass| glass.number).collect();
        assert!([0, 2, 3, 5, 6, 8, 9].iter().all(|number| heard.contains(number)), "{heard:?}");
    }
    let info = events.info();
    assert_balanced(&info);
    let [first, last] = [0, 1].map(|it| info.readers[it].skipped);
    assert_eq!((first.panicked, first.missed), (3, 0), "they were there, and could not be cloned");
    assert_eq!((last.panicked, last.missed), (0, 0), "the last reader needs no clone");
    events.send(glass(2)).unwrap();
    assert_eq!(second.try_recv().unwrap().unwrap().number, 2);
}

// ---- handlers

#[tokio::test]
async fn a_panicking_handler_ends_its_delivery_only() {
    let channel = channel(10);
    let receiver = channel.join("workers");
    let serving = tokio::spawn(patterns::serve(receiver, 2, |delivery| async move {
        let (number, responder) = delivery.into_parts();
        assert_ne!(number.0 % 3, 1, "as the test wants it");
        responder.send(number.0);
    }));
    for number in 0..9 {
        let expected = if number % 3 == 1 { Err(RequestError::Unanswered) } else { Ok(number) };
        assert_eq!(channel.request(Number(number)).await, expected);
    }
    channel.close();
    let served = serving.await.unwrap();
    assert_eq!((served.finished, served.panicked), (6, 3));
}

#[test]
fn a_receiver_lost_in_a_panic_leaves_the_channel_usable() {
    let channel = channel(4);
    let mut receiver = channel.join("workers");
    put(&channel, 0..4);
    let panicked = std::thread::spawn(move || {
        let _in_hand = receiver.try_recv().unwrap();
        panic!("as the test wants it");
    });
    assert!(panicked.join().is_err());
    assert_eq!(reader(&channel.info(), ReaderKind::Group).in_flight, 0);
    put(&channel, [4]);
    assert_eq!(take_all(&mut channel.join("workers")), [1, 2, 3, 4]);
}

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

/// Does what may panic in a waker or a drop of its own; the result if it did not.
fn though_it_panics<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
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

// ---- messages whose `Drop` panics

/// Counts its drop, unless that is part of another panic.
struct Bomb {
    dropped: Arc<AtomicU64>,
    bursts: bool,
}

impl Clone for Bomb {
    fn clone(&self) -> Self {
        Self { dropped: Arc::clone(&self.dropped), bursts: false }
    }
}

impl Message for Bomb {
    type Reply = NoReply;
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            assert!(!self.bursts, "as the test wants it");
        }
    }
}

/// So many, of which every second one panics when it is dropped.
fn bombs(fabric: &Fabric, name: &str, count: u64, dropped: &Arc<AtomicU64>) -> Channel<Bomb> {
    panics(); // those that are wanted are not printed from here on
    let channel: Channel<Bomb> = fabric.channel(name).group("workers").open().unwrap();
    for number in 0..count {
        channel.try_send(Bomb { dropped: Arc::clone(dropped), bursts: number % 2 == 0 }).ok().unwrap();
    }
    channel
}

#[test]
fn a_message_whose_drop_panics_keeps_no_other_from_being_dropped() {
    let fabric = Fabric::new();
    let dropped = Arc::default();
    let channel = bombs(&fabric, "removed", 5, &dropped);
    though_it_panics(|| channel.remove_group("workers"));
    assert_eq!(dropped.swap(0, Ordering::Relaxed), 5);
    assert!(channel.is_empty());
    channel.try_send(Bomb { dropped: Arc::clone(&dropped), bursts: false }).ok().unwrap();
    assert_eq!(channel.len(), 1, "the channel lives on");
    drop(channel.join("workers").try_recv());
    dropped.store(0, Ordering::Relaxed);

    let channel = bombs(&fabric, "closed", 5, &dropped);
    channel.close();
    drop(channel.join("workers"));
    though_it_panics(|| fabric.remove("closed"));
    assert_eq!(dropped.swap(0, Ordering::Relaxed), 5);
    assert!(channel.is_closed());

    let subscriber = bombs(&fabric, "read", 0, &dropped).subscribe();
    let channel = bombs(&fabric, "read", 5, &dropped);
    channel.remove_group("workers");
    though_it_panics(|| drop(subscriber));
    assert_eq!(dropped.load(Ordering::Relaxed), 5);
}

#[test]
fn a_message_whose_drop_panics_in_a_shutdown_keeps_nothing_from_its_end() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let fabric = Fabric::new();
    let dropped = Arc::default();
    let channels: Vec<_> = ["a", "b", "c"].map(|name| bombs(&fabric, name, 4, &dropped)).into();
    let numbers = fabric.channel::<Number>("numbers").no_default_timeout().open().unwrap();
    let mut receiver = numbers.join("workers");
    let mut asking = task::spawn(numbers.request(Number(1)));
    park(&mut asking);
    let in_flight = receiver.try_recv().unwrap();
    let permit = channels[0].try_reserve().unwrap();
    let mut reader = channels[0].subscribe();
    let mut read = task::spawn(reader.recv());
    park(&mut read);

    though_it_panics(|| runtime.block_on(fabric.shutdown(Duration::from_millis(5))));
    assert!(woken(&mut read).is_none());
    assert_eq!(dropped.load(Ordering::Relaxed), 12);
    assert_eq!(woken(&mut asking), Err(RequestError::Closed));
    drop((in_flight, permit));
}

#[test]
fn messages_whose_drop_panics_cost_whoever_drops_the_last_handle_nothing() {
    let dropped = Arc::default();
    let channel = bombs(&Fabric::new(), "left", 6, &dropped);
    drop(channel); // with the last handle, and no panic comes out
    assert_eq!(dropped.swap(0, Ordering::Relaxed), 6);

    let news = stratoswarm_core::broadcast::<Bomb>(8);
    let mut tap = news.subscribe();
    for _ in 0..6 {
        news.send(Bomb { dropped: Arc::clone(&dropped), bursts: true }).ok().unwrap();
    }
    tap.try_recv().unwrap().map(std::mem::forget).unwrap();
    drop(tap); // some in its batch, some not
    drop(news);
    assert_eq!(dropped.load(Ordering::Relaxed), 5);
}

// ---- messages whose `Clone` uses their fabric

/// Its clone opens channels of its fabric.
struct Opening {
    fabric: WeakFabric,
    clones: Arc<AtomicU64>,
}

impl Clone for Opening {
    fn clone(&self) -> Self {
        let turn = self.clones.fetch_add(1, Ordering::Relaxed);
        if let Some(fabric) = self.fabric.upgrade() {
            let kept = fabric.channel::<Number>("kept").open().unwrap();
            let passing =
                fabric.channel::<Number>(format!("passing {}", turn % 3)).ephemeral().open().unwrap();
            put(&passing, [turn]);
            assert!(fabric.get::<Number>("kept").unwrap().same_channel(&kept));
        }
        Self { fabric: self.fabric.clone(), clones: Arc::clone(&self.clones) }
    }
}

impl Message for Opening {
    type Reply = NoReply;
}

#[test]
fn a_message_whose_clone_opens_channels_of_its_fabric_does_not_deadlock() {
    const ROUNDS: u64 = 3_000;

    without_deadlock(|| {
        let fabric = Fabric::new();
        let channel: Channel<Opening> = fabric.channel("opening").capacity(4).open().unwrap();
        let (mut first, mut second) = (channel.subscribe(), channel.subscribe());
        let clones = Arc::default();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let listed = fabric.channels();
                    assert!(listed.iter().any(|info| info.name == "opening"));
                    thread::yield_now();
                }
            });
            for _ in 0..ROUNDS {
                let message = Opening { fabric: fabric.downgrade(), clones: Arc::clone(&clones) };
                channel.try_send(message).ok().unwrap();
                assert!(first.try_recv().is_ok() && second.try_recv().is_ok());
            }
            over.store(true, Ordering::Relaxed);
        });
        assert!(clones.load(Ordering::Relaxed) >= ROUNDS);
        let names: Vec<_> = fabric.channels().into_iter().map(|info| info.name).collect();
        assert_eq!(names, ["kept", "opening"]);
    });
}
