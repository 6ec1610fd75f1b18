//! Bytes: at most so many in one channel, or in several together.

use crate::fixtures::{panics, park, ready, without_deadlock, woken};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};
use stratoswarm_core::{
    Budget, Channel, ChannelBuilder, Fabric, Message, OpenError, Receiver, SendError, TrySendError, WaitKind,
    WaitState,
};
use tokio_test::task;

/// So many bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Load(pub(crate) usize);

impl Message for Load {
    type Reply = usize;

    fn weight(&self) -> usize {
        self.0
    }
}

/// A channel of a budget.
pub(crate) fn of(budget: &Budget, name: &str, minimum: usize) -> Channel<Load> {
    Fabric::new().channel(name).budget(budget, minimum).no_default_timeout().open().unwrap()
}

/// A channel of at most so many bytes.
pub(crate) fn bounded(bytes: usize) -> Channel<Load> {
    Fabric::new().channel("loads").max_bytes(bytes).no_default_timeout().open().unwrap()
}

pub(crate) fn put(channel: &Channel<Load>, loads: impl IntoIterator<Item = usize>) {
    for load in loads {
        channel.try_send(Load(load)).unwrap_or_else(|_| panic!("{load} finds no room"));
    }
}

pub(crate) fn is_full(channel: &Channel<Load>, load: usize) -> bool {
    match channel.try_send(Load(load)) {
        Err(TrySendError::Full(back)) => back == Load(load),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn take(worker: &mut Receiver<Load>) -> usize {
    worker.try_recv().expect("a message is ready").into_message().0
}

#[test]
fn so_many_bytes_wait_and_no_more() {
    let loads = bounded(100);
    let mut worker = loads.join("workers");
    put(&loads, [60, 40]);
    assert!(is_full(&loads, 1));
    put(&loads, [0]); // takes none
    assert_eq!((loads.info().bytes, loads.len()), (100, 3));
    assert_eq!(take(&mut worker), 60);
    assert!(is_full(&loads, 61));
    put(&loads, [60]);
    assert_eq!((take(&mut worker), take(&mut worker), take(&mut worker)), (40, 0, 60));
    assert_eq!(loads.info().bytes, 0);
}

#[test]
fn places_bound_a_channel_as_well() {
    let loads: Channel<Load> = Fabric::new().channel("loads").capacity(2).max_bytes(100).open().unwrap();
    let mut worker = loads.join("workers");
    put(&loads, [1, 1]);
    assert!(is_full(&loads, 1));
    assert_eq!(loads.info().bytes, 2, "who finds no place is charged nothing");
    take(&mut worker);
    put(&loads, [99]);
    assert_eq!(loads.info().high_water, 2);
}

#[test]
fn a_message_larger_than_all_there_is_comes_in_alone() {
    let loads = bounded(100);
    let mut worker = loads.join("workers");
    put(&loads, [1]);
    let mut send = task::spawn(loads.send(Load(500)));
    park(&mut send);
    assert!(is_full(&loads, 1), "it is next");
    assert_eq!(take(&mut worker), 1);
    assert_eq!(woken(&mut send), Ok(()));
    assert!(is_full(&loads, 1));
    assert_eq!(loads.info().budget.unwrap().used, 500);
    assert_eq!(take(&mut worker), 500);
    put(&loads, [100]);
}

#[test]
fn what_a_message_weighs_is_asked_once_and_only_where_it_matters() {
    #[derive(Clone)]
    struct Counted(Arc<AtomicUsize>);
    impl Message for Counted {
        type Reply = ();
        fn weight(&self) -> usize {
            10 * (self.0.fetch_add(1, Ordering::Relaxed) + 1)
        }
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let count = || asked.load(Ordering::Relaxed);
    let fabric = Fabric::new();
    let plain = fabric.channel::<Counted>("plain").open().unwrap();
    plain.try_send(Counted(Arc::clone(&asked))).unwrap();
    assert_eq!(count(), 0);

    let bounded = fabric.channel::<Counted>("bounded").max_bytes(25).open().unwrap();
    let mut worker = bounded.join("workers");
    bounded.try_send(Counted(Arc::clone(&asked))).unwrap();
    assert_eq!((count(), bounded.info().bytes), (1, 10));
    let mut send = task::spawn(bounded.send(Counted(Arc::clone(&asked))));
    park(&mut send);
    park(&mut send);
    assert_eq!(count(), 2, "while it waits it is not asked again");
    drop(worker.try_recv());
    assert!(woken(&mut send).is_ok());
    assert_eq!((count(), bounded.info().bytes), (2, 20));
    drop(worker.try_recv());
    assert_eq!((count(), bounded.info().bytes), (2, 0), "what was said is given back");
}

#[test]
fn a_message_whose_weight_panics_weighs_its_size() {
    #[derive(Clone)]
    struct Panics([u8; 40]);
    impl Message for Panics {
        type Reply = ();
        fn weight(&self) -> usize {
            panic!("as the test wants it")
        }
    }
    panics(); // silences those that are wanted
    let channel = Fabric::new().channel::<Panics>("panics").max_bytes(100).open().unwrap();
    let mut worker = channel.join("workers");
    assert!(channel.try_send(Panics([0; 40])).is_ok());
    assert!(ready(&mut task::spawn(channel.send(Panics([0; 40])))).is_ok());
    assert!(channel.try_send(Panics([0; 40])).is_err());
    assert_eq!(channel.info().bytes, 80);
    assert_eq!(worker.try_recv().unwrap().0, [0; 40]);
}

#[test]
fn foreign_messages_weigh_what_they_are_long() {
    fn weighs<M: Message>(message: &M) -> usize {
        message.weight()
    }
    assert_eq!((weighs(&7u64), weighs(&String::from("seven")), weighs(&"eight")), (8, 5, 5));
    assert_eq!(
        (weighs(&vec![0u32; 3]), weighs(&Box::new([0u8; 9])), weighs(&Arc::<[u8]>::from([0; 4]))),
        (12, 9, 4)
    );
    assert_eq!(weighs(&bytes::Bytes::from_static(b"six...")), 6);
}

// ---- several channels

#[test]
fn one_bound_for_several_channels_and_a_minimum_for_each() {
    let budget = Budget::new("memory", 100);
    let (a, b) = (of(&budget, "a", 20), of(&budget, "b", 30));
    let mut worker = a.join("workers");
    put(&a, [70]);
    assert!(is_full(&a, 1));
    put(&b, [30]);
    assert!(is_full(&b, 1));
    assert_eq!((budget.used(), a.info().bytes, b.info().bytes), (100, 70, 30));
    assert_eq!(take(&mut worker), 70);
    put(&b, [50]);
    assert!(is_full(&b, 1));
    put(&a, [20]);
}

#[test]
fn a_channel_that_stalls_stops_no_other() {
    let budget = Budget::new("memory", 100);
    let (stalled, other) = (of(&budget, "stalled", 10), of(&budget, "other", 10));
    let mut worker = other.join("workers");
    put(&stalled, [90]);
    let mut stuck = task::spawn(stalled.send(Load(50)));
    park(&mut stuck);
    for _ in 0..1_000 {
        put(&other, [4, 6]);
        let mut next = task::spawn(other.send(Load(10)));
        park(&mut next);
        assert_eq!(take(&mut worker), 4);
        park(&mut next);
        assert_eq!(take(&mut worker), 6);
        assert_eq!(woken(&mut next), Ok(()));
        assert_eq!(take(&mut worker), 10);
    }
    assert!(!stuck.is_woken());
}

#[test]
fn who_waits_for_what_is_shared_is_served_in_order_and_large_ones_do_not_starve() {
    let budget = Budget::new("memory", 100);
    let (a, b) = (of(&budget, "a", 0), of(&budget, "b", 0));
    let (mut worker, _other) = (a.join("workers"), b.join("workers"));
    put(&a, [50, 50]);
    let mut large = task::spawn(b.send(Load(80)));
    park(&mut large);
    let mut small = task::spawn(a.send(Load(1)));
    park(&mut small);
    assert_eq!(take(&mut worker), 50);
    assert!(is_full(&a, 1) && is_full(&b, 1), "small ones would always fit");
    park(&mut small);
    assert_eq!(take(&mut worker), 50);
    assert_eq!(woken(&mut large), Ok(()));
    assert_eq!(woken(&mut small), Ok(()));
    assert_eq!(budget.used(), 81);
}

#[test]
fn minima_that_are_too_much_together_are_refused() {
    let budget = Budget::new("memory", 100);
    let fabric = Fabric::new();
    let open = |name, minimum| fabric.channel::<Load>(name).budget(&budget, minimum).open();
    let first = open("first", 60).unwrap();
    let refused = open("second", 41).unwrap_err();
    let expected = OpenError::Overcommitted { budget: "memory".to_owned(), capacity: 100, minima: 101 };
    assert_eq!(refused, expected);
    assert_eq!(refused.to_string(), "minima of 101 bytes together exceed budget \"memory\" of 100");
    assert_eq!(fabric.channels().len(), 1, "nothing was opened");
    let second = open("second", 40).unwrap();
    assert!(open("second", 40).unwrap().same_channel(&second), "which is open already");

    first.close();
    assert_eq!(budget.info().channels[0].minimum, 0);
    let third = open("third", 60).unwrap();
    third.close();
    let again = open("third", 60).unwrap();
    assert!(!again.same_channel(&third), "a closed one's name is free, and so is its minimum");
    drop((third, again));
    assert_eq!(budget.info().channels.len(), 3);
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let budget = Budget::new("memory", 100);
    let fabric = Fabric::new();
    let channel = || fabric.channel::<Load>("loads");
    let refused = |builder: ChannelBuilder<'_, Load>| builder.open().unwrap_err();
    assert_eq!(
        refused(channel().max_bytes(5).budget(&budget, 1)),
        OpenError::Incompatible { option: "max_bytes(..)", with: "budget(..)" }
    );
    assert_eq!(refused(channel().max_bytes(0)), OpenError::ZeroCapacity);
    assert_eq!(refused(channel().budget(&Budget::new("none", 0), 0)), OpenError::ZeroCapacity);
    assert_eq!(budget.info().channels, [], "nothing is left of what was refused");

    let loads = channel().budget(&budget, 5).open().unwrap();
    assert!(channel().open().unwrap().same_channel(&loads) && channel().budget(&budget, 5).open().is_ok());
    for other in [
        channel().budget(&budget, 6),
        channel().budget(&Budget::new("memory", 100), 5),
        channel().max_bytes(9),
    ] {
        assert!(matches!(refused(other), OpenError::Conflict { .. }));
    }
    let conflict = refused(channel().max_bytes(9)).to_string();
    assert!(
        conflict.contains("at least 5 bytes of budget \"memory\"") && conflict.contains("at most 9 bytes")
    );
}

#[test]
fn a_minimum_that_comes_late_is_there_when_others_give_it_back() {
    let budget = Budget::new("memory", 100);
    let early = of(&budget, "early", 0);
    let mut worker = early.join("workers");
    put(&early, [60, 30]);
    let late = of(&budget, "late", 50);
    put(&late, [10]);
    let mut send = task::spawn(late.send(Load(40)));
    park(&mut send);
    assert_eq!(take(&mut worker), 60);
    assert!(is_full(&early, 30), "50 are not its");
    assert_eq!(woken(&mut send), Ok(()));
    assert_eq!(budget.used(), 80);
}

#[test]
fn a_channel_that_goes_gives_everything_back() {
    let budget = Budget::new("memory", 100);
    let (gone, other) = (of(&budget, "gone", 50), of(&budget, "other", 0));
    put(&gone, [100]);
    let mut send = task::spawn(other.send(Load(90)));
    park(&mut send);
    drop(gone);
    assert_eq!(woken(&mut send), Ok(()));
    let names: Vec<_> = budget.info().channels.into_iter().map(|share| share.channel).collect();
    assert_eq!((budget.used(), names), (90, vec!["other".to_owned()]));
}

// ---- who waits

#[test]
fn senders_wait_for_bytes_in_the_order_they_came() {
    let loads = bounded(100);
    let mut worker = loads.join("workers");
    put(&loads, [100]);
    let mut sends: Vec<_> = [50, 60, 10].map(|load| task::spawn(loads.send(Load(load)))).into();
    sends.iter_mut().for_each(park);
    assert_eq!(take(&mut worker), 100);
    assert_eq!(woken(&mut sends[0]), Ok(()));
    assert!(!sends[1].is_woken() && !sends[2].is_woken(), "10 would fit, but 60 was before it");
    assert_eq!(take(&mut worker), 50);
    assert_eq!((woken(&mut sends[1]), woken(&mut sends[2])), (Ok(()), Ok(())));
    assert_eq!((take(&mut worker), take(&mut worker)), (60, 10));
}

#[test]
fn a_dropped_send_passes_its_bytes_and_its_place_on() {
    let loads: Channel<Load> = Fabric::new().channel("loads").capacity(3).max_bytes(100).open().unwrap();
    let mut worker = loads.join("workers");
    put(&loads, [100]);
    let mut sends: Vec<_> = [90, 20, 20].map(|load| task::spawn(loads.send(Load(load)))).into();
    sends.iter_mut().for_each(park); // two of them have places
    let mut third = sends.pop().unwrap();
    assert_eq!(loads.info().blocked_senders, 1);
    assert_eq!(take(&mut worker), 100);
    assert!(sends[0].is_woken());
    drop(sends.remove(0)); // it was granted its bytes
    assert_eq!(woken(&mut sends[0]), Ok(()));
    assert_eq!(woken(&mut third), Ok(()));
    assert_eq!((loads.info().bytes, loads.len(), loads.info().granted), (40, 2, 0));

    let mut waiting = task::spawn(loads.send(Load(70)));
    park(&mut waiting);
    let mut behind = task::spawn(loads.send(Load(60)));
    park(&mut behind);
    drop(waiting); // it waited still
    assert_eq!(woken(&mut behind), Ok(()));
    drop(task::spawn(loads.send(Load(1)))); // never polled
    assert_eq!((loads.info().bytes, loads.info().waits.len()), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn the_close_turns_away_who_waits_for_bytes() {
    let loads = bounded(10);
    let mut worker = loads.join("workers");
    put(&loads, [10]);
    let mut sends: Vec<_> = [3, 4].map(|load| task::spawn(loads.send(Load(load)))).into();
    sends.iter_mut().for_each(park);
    assert_eq!(take(&mut worker), 10); // both are granted theirs, and have not taken them
    loads.close();
    assert_eq!(woken(&mut sends[0]), Err(SendError(Load(3))));
    assert_eq!(woken(&mut sends[1]), Err(SendError(Load(4))));
    assert_eq!((loads.info().bytes, loads.try_send(Load(1))), (0, Err(TrySendError::Closed(Load(1)))));
    assert!(worker.recv().await.is_none());

    let loads = bounded(10);
    put(&loads, [10]);
    let mut send = task::spawn(loads.send(Load(1)));
    park(&mut send);
    loads.close();
    assert_eq!(woken(&mut send), Err(SendError(Load(1))));
    assert_eq!(loads.try_send(Load(1)), Err(TrySendError::Closed(Load(1))));
}

#[test]
fn a_send_that_is_kept_and_not_polled_holds_up_nobody_after_the_close() {
    let budget = Budget::new("memory", 10);
    let (a, b) = (of(&budget, "a", 0), of(&budget, "b", 0));
    let (mut worker, _members) = (b.join("workers"), a.join("workers"));
    put(&b, [10]);
    let mut kept = task::spawn(a.send(Load(5)));
    park(&mut kept);
    let mut other = task::spawn(b.send(Load(10)));
    park(&mut other);
    a.close();
    assert_eq!(take(&mut worker), 10);
    assert_eq!(woken(&mut other), Ok(()));
    assert_eq!(woken(&mut kept), Err(SendError(Load(5))));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_a_send_covers_its_wait_for_bytes() {
    let loads = bounded(10);
    let mut worker = loads.join("workers");
    put(&loads, [10]);
    let after = Duration::from_secs(1);
    assert!(loads.send_timeout(Load(1), after).await.is_err());
    assert_eq!(take(&mut worker), 10);
    assert!(loads.send_timeout(Load(1), after).await.is_ok());
}

#[test]
fn the_figures_name_who_waits_for_bytes_and_who_has_them() {
    let budget = Budget::new("memory", 100);
    let (a, b) = (of(&budget, "a", 20), of(&budget, "b", 30));
    put(&a, [60]);
    let mut send = task::spawn(a.send(Load(11)));
    park(&mut send);
    let info = a.info();
    let waits: Vec<_> = info.waits.iter().map(|it| (it.kind, it.state, it.at.file())).collect();
    assert_eq!(waits, [(WaitKind::Budget, WaitState::Waiting, file!())]);
    assert_eq!((info.bytes, info.granted), (60, 1), "it has a place");
    let figures = info.budget.unwrap();
    assert_eq!((&*figures.name, figures.capacity, figures.used), ("memory", 100, 60));
    let shares = figures.channels.iter().map(|it| (&*it.channel, it.minimum, it.used, it.waiting));
    assert_eq!(shares.collect::<Vec<_>>(), [("a", 20, 60, 1), ("b", 30, 0, 0)]);
    assert_eq!(b.info().budget, Some(budget.info()));
    assert_eq!(crate::fixtures::channel(1).info().budget, None);
    assert_eq!(format!("{budget:?}"), "Budget { name: \"memory\", capacity: 100, used: 60 }");
    assert_eq!(WaitKind::Budget.to_string(), "budget");
}

#[test]
fn what_is_given_back_wakes_nobody_under_a_lock() {
    struct Looks(Channel<Load>, Budget);
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            let _ = (self.0.info(), self.0.try_send(Load(0)), self.1.info()); // would deadlock
        }
    }
    without_deadlock(|| {
        let budget = Budget::new("memory", 100);
        let (a, b) = (of(&budget, "a", 0), of(&budget, "b", 0));
        let mut readers = (a.join("workers"), a.subscribe());
        let acks = stratoswarm_core::AckPolicy::explicit();
        let mut acking = a.group("acking").ack(acks).join().unwrap();
        for _ in 0..3 {
            put(&a, [40, 60]);
            let mut send = Box::pin(b.send(Load(40)));
            let waker = Waker::from(Arc::new(Looks(a.clone(), budget.clone())));
            let mut cx = Context::from_waker(&waker);
            assert!(send.as_mut().poll(&mut cx).is_pending());
            let (mut deliveries, mut messages) = (Vec::new(), Vec::new());
            assert!(readers.0.poll_recv_many(&mut cx, &mut deliveries, 10).is_ready());
            assert!(readers.1.poll_recv_many(&mut cx, &mut messages, 10).is_ready());
            while let Ok(delivery) = acking.try_recv() {
                delivery.into_acked().1.ack();
            }
            assert!(send.as_mut().poll(&mut cx).is_ready());
            drop(send);
            let mut worker = b.join("workers");
            while worker.try_recv().is_ok() {}
            while readers.0.try_recv().is_ok() || readers.1.try_recv().is_ok() {}
            while let Ok(delivery) = acking.try_recv() {
                delivery.into_acked().1.ack();
            }
            assert_eq!(budget.used(), 0);
        }
    });
}

#[test]
fn the_bound_holds_on_plain_threads_too() {
    let loads = bounded(64);
    let mut worker = loads.join("workers");
    let budget = loads.clone().downgrade();
    let sending = std::thread::spawn(move || (0..1_000).try_for_each(|n| loads.blocking_send(Load(n % 50))));
    let mut sum = 0;
    while let Some(load) = worker.blocking_recv() {
        assert!(budget.upgrade().is_none_or(|loads| loads.info().bytes <= 64));
        sum += load.0;
    }
    assert_eq!(sum, 20 * (0..50).sum::<usize>());
    assert!(sending.join().unwrap().is_ok());
}
