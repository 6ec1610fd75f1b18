//! User code that misbehaves: messages whose Drop sends, Clone panics, handlers that panic, wakers that re-enter.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, channel, park, put, reader, ready, take_all, without_deadlock},
};
use std::{
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use stratoswarm_core::{
    Broadcast, Channel, Fabric, Message, ReaderKind, RequestError, WeakBroadcast, WeakChannel, patterns,
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
    assert_balanced(&events.info());
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
    assert_eq!(reader(&channel.info(), ReaderKind::Group).in_hand, 0);
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
