//! User code that misbehaves: messages whose Drop sends or panics, whose Clone panics, and handlers that panic.

use crate::{
    accounts::assert_balanced,
    fixtures::{
        Number, channel, panics, park, put, reader, ready, take_all, though_it_panics, without_deadlock,
        woken,
    },
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use stratoswarm_core::{
    Broadcast, Channel, Fabric, Message, NoReply, ReaderKind, RequestError, WeakBroadcast, WeakChannel,
    WeakFabric, patterns,
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
