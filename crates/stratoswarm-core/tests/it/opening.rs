//! Opening: one name is one channel of one type; options not stated match anything, others must agree.

use crate::fixtures::{Number, is_full, park, put, take, take_all, without_deadlock, woken};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use stratoswarm_core::{
    Broadcast, Channel, ChannelKind, Fabric, Message, Once, OpenError, Priority, RequestError, SendError,
    TryRecvError, examples::Job,
};
use tokio_test::task;

#[derive(Debug, Clone, PartialEq)]
struct Letter(char);

impl Message for Letter {
    type Reply = ();
}

/// The text of the conflict.
#[track_caller]
fn conflict<T>(opened: Result<T, OpenError>) -> String {
    match opened {
        Err(error @ OpenError::Conflict { .. }) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("opened in spite of a conflict"),
    }
}

#[test]
fn the_same_name_and_type_give_the_same_channel() {
    let fabric = Fabric::new();
    let one = fabric.channel::<Number>("numbers").capacity(2).open().unwrap();
    let two = fabric.clone().channel::<Number>("numbers").open().unwrap();
    assert!(one.same_channel(&two));
    put(&one, [1]);
    assert_eq!(take(&mut two.join("workers")), 1);
    let events = fabric.broadcast::<Number>("events").open().unwrap();
    assert!(events.same_channel(&fabric.broadcast("events").open().unwrap()));
}

#[test]
fn another_name_or_fabric_gives_another_channel() {
    let (fabric, other) = (Fabric::new(), Fabric::new());
    let one = fabric.channel::<Number>("one").open().unwrap();
    assert!(!one.same_channel(&fabric.channel("two").open().unwrap()));
    assert!(!one.same_channel(&other.channel("one").open().unwrap()));
}

#[test]
fn another_type_is_a_conflict_that_names_both() {
    let fabric = Fabric::new();
    let _numbers = fabric.channel::<Number>("mail").open().unwrap();
    let text = conflict(fabric.channel::<Letter>("mail").open());
    for word in ["mail", "Number", "Letter"] {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn another_kind_is_a_conflict_that_names_both() {
    let fabric = Fabric::new();
    let _numbers = fabric.channel::<Number>("mail").open().unwrap();
    let text = conflict(fabric.broadcast::<Number>("mail").open());
    assert!(text.contains("channel") && text.contains("broadcast"), "{text}");
    let _events = fabric.broadcast::<Number>("events").open().unwrap();
    let text = conflict(fabric.channel::<Number>("events").open());
    assert!(text.contains("channel") && text.contains("broadcast"), "{text}");
}

#[test]
fn another_stated_option_is_a_conflict_that_names_both() {
    let fabric = Fabric::new();
    let open = || fabric.channel::<Number>("numbers");
    let _numbers =
        open().capacity(64).shutdown_order(3).default_timeout(Duration::from_secs(7)).open().unwrap();
    let text = conflict(open().capacity(32).open());
    assert!(text.contains("64") && text.contains("32") && text.contains("numbers"), "{text}");
    let text = conflict(open().default_timeout(Duration::from_secs(8)).open());
    assert!(text.contains('7') && text.contains('8'), "{text}");
    conflict(open().no_default_timeout().open());
    let text = conflict(open().shutdown_order(4).open());
    assert!(text.contains('3') && text.contains('4'), "{text}");

    let _events = fabric.broadcast::<Number>("events").capacity(64).open().unwrap();
    let text = conflict(fabric.broadcast::<Number>("events").capacity(32).open());
    assert!(text.contains("64") && text.contains("32"), "{text}");
}

#[test]
fn options_not_stated_match_anything() {
    let fabric = Fabric::new();
    let timeout = Duration::from_secs(7);
    let open = || fabric.channel::<Number>("numbers");
    let one = open().capacity(64).shutdown_order(3).default_timeout(timeout).group("workers").open().unwrap();
    for again in [open(), open().capacity(64), open().shutdown_order(3), open().default_timeout(timeout)] {
        let two = again.open().unwrap();
        assert!(one.same_channel(&two));
        assert_eq!((two.capacity(), two.default_timeout()), (64, Some(timeout)));
    }
}

#[test]
fn a_conflict_leaves_the_channel_as_it_is() {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<Number>("numbers").capacity(2).open().unwrap();
    conflict(fabric.channel::<Number>("numbers").capacity(3).group("others").open());
    put(&numbers, [1, 2]);
    assert!(is_full(&numbers));
    assert!(numbers.info().readers.is_empty(), "the refused opening declared no group");
    assert_eq!(fabric.channels().len(), 1);
}

#[test]
fn a_capacity_of_zero_is_an_error() {
    let fabric = Fabric::new();
    let refused = fabric.channel::<Number>("numbers").capacity(0).open().err();
    assert!(matches!(refused, Some(OpenError::ZeroCapacity)), "{refused:?}");
    let refused = fabric.broadcast::<Number>("events").capacity(0).open().err();
    assert!(matches!(refused, Some(OpenError::ZeroCapacity)), "{refused:?}");
    assert!(fabric.channels().is_empty());
}

#[test]
fn the_greatest_capacity_is_legal() {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<Number>("numbers").capacity(usize::MAX).open().unwrap();
    let mut tap = numbers.tap();
    let mut receiver = numbers.join("workers");
    put(&numbers, 0..10_000);
    assert_eq!((numbers.len(), numbers.capacity()), (10_000, usize::MAX));
    assert_eq!(take_all(&mut receiver), (0..10_000).collect::<Vec<_>>());
    assert_eq!(tap.try_recv(), Ok(Ok(Number(0))));
    let events = fabric.broadcast::<Number>("events").capacity(usize::MAX).open().unwrap();
    let mut subscriber = events.subscribe();
    for number in 0..10_000 {
        events.send(Number(number)).unwrap();
    }
    assert_eq!(subscriber.try_recv(), Ok(Ok(Number(0))), "nothing was missed");
}

#[test]
fn a_name_is_free_again_once_its_channel_is_closed_and_drained() {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<Number>("mail").open().unwrap();
    let mut receiver = numbers.join("workers");
    put(&numbers, [1]);
    numbers.close();
    conflict(fabric.channel::<Letter>("mail").open());
    assert_eq!(take(&mut receiver), 1);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Closed));
    let letters = fabric.channel::<Letter>("mail").open().unwrap();
    assert!(!letters.is_closed());
    letters.try_send(Letter('a')).unwrap();

    let again = fabric.channel::<Number>("other").open().unwrap();
    again.close();
    let fresh = fabric.channel::<Number>("other").open().unwrap();
    assert!(!fresh.is_closed() && !fresh.same_channel(&again));

    let events = fabric.broadcast::<Number>("events").open().unwrap();
    events.close();
    assert!(fabric.channel::<Letter>("events").open().is_ok());
}

#[test]
fn a_channel_can_be_looked_up_by_name_and_type() {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<Number>("numbers").open().unwrap();
    let events = fabric.broadcast::<Letter>("letters").open().unwrap();
    assert!(fabric.get::<Number>("numbers").unwrap().same_channel(&numbers));
    assert!(fabric.get::<Letter>("numbers").is_none());
    assert!(fabric.get::<Number>("nowhere").is_none());
    assert!(fabric.get::<Broadcast<Letter>>("letters").unwrap().same_channel(&events));
    assert!(fabric.get::<Broadcast<Number>>("letters").is_none());
    assert!(fabric.get::<Broadcast<Number>>("numbers").is_none());
    assert!(fabric.get::<Letter>("letters").is_none());
}

#[test]
fn channels_are_listed_in_the_order_of_their_closing() {
    let fabric = Fabric::new();
    let late = fabric.channel::<Number>("late").capacity(5).shutdown_order(1).open().unwrap();
    let _early = fabric.broadcast::<Letter>("early").capacity(6).shutdown_order(-1).open().unwrap();
    let gone = fabric.channel::<Number>("gone").open().unwrap();
    put(&late, [1, 2]);
    gone.close();
    let listed = fabric.channels();
    let figures: Vec<_> =
        listed.iter().map(|info| (info.name.as_str(), info.kind, info.capacity, info.len)).collect();
    assert_eq!(figures, [("early", ChannelKind::Broadcast, 6, 0), ("late", ChannelKind::Channel, 5, 2)]);
    assert!(listed[0].message.ends_with("Letter"));
    assert!(listed[0].location.file().ends_with("opening.rs"));
    assert_eq!(
        (ChannelKind::Channel.to_string(), ChannelKind::Broadcast.to_string()),
        ("channel".into(), "broadcast".into())
    );
}

#[test]
fn a_channel_that_is_found_has_all_the_groups_it_was_opened_with() {
    const GROUPS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

    /// Where neither waits for long, a thread that sleeps would come too late.
    fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
        for turn in 0_u64.. {
            if let Some(found) = found() {
                return found;
            }
            if turn % 4_096 == 4_095 {
                thread::yield_now();
            }
        }
        unreachable!("it goes on for ever")
    }

    without_deadlock(|| {
        let (fabric, start) = (Fabric::new(), Instant::now());
        let (looks_for, over) = (AtomicU64::new(0), AtomicBool::new(false));
        let name = |round| format!("numbers {round}");
        thread::scope(|scope| {
            let looking = scope.spawn(|| {
                for round in 1.. {
                    let name = name(round);
                    looks_for.store(round, Ordering::Release);
                    let found = || fabric.get::<Number>(&name).map(Some);
                    let ended = || over.load(Ordering::Acquire).then_some(None);
                    let Some(numbers) = until(|| found().or_else(ended)) else { break };
                    put(&numbers, [round]);
                }
            });
            for round in 1..=2_000 {
                let name = name(round);
                until(|| (looking.is_finished() || looks_for.load(Ordering::Acquire) == round).then_some(()));
                let opening = GROUPS.into_iter().fold(fabric.channel(&name), |it, group| it.group(group));
                let numbers: Channel<Number> = opening.open().unwrap();
                until(|| (looking.is_finished() || !numbers.is_empty()).then_some(()));
                let taken = GROUPS.map(|group| take_all(&mut numbers.join(group)));
                let last = taken.iter().any(|taken| *taken != [round]) || start.elapsed().as_secs() > 0;
                over.store(last, Ordering::Release);
                assert_eq!(taken, GROUPS.map(|_| [round]), "in round {round}");
                fabric.remove(&name);
                if last {
                    break;
                }
            }
            over.store(true, Ordering::Release);
        });
    });
}

#[test]
fn an_ephemeral_channel_closes_with_its_last_sender_and_is_gone_with_its_last_handle() {
    let fabric = Fabric::new();
    let topic = fabric.channel::<Number>("topic").ephemeral().open().unwrap();
    let mut receiver = topic.join("workers");
    let (subscriber, tap) = (topic.subscribe(), topic.tap());
    put(&topic, [1]);
    let second = fabric.get::<Number>("topic").expect("it is found while it is open");
    drop(topic);
    assert!(!second.is_closed());
    drop(second);
    assert_eq!(take_all(&mut receiver), [1]);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Closed));
    assert!(fabric.get::<Number>("topic").is_none(), "nobody can send any more");
    drop((tap, receiver));
    assert_eq!(fabric.channels().len(), 1, "the subscriber has one to read");
    drop(subscriber);
    assert!(fabric.channels().is_empty());

    let news = fabric.broadcast::<Number>("topic").ephemeral().open().expect("the name is free");
    let reader = news.subscribe();
    drop((news, reader));
    assert!(fabric.channels().is_empty());
    drop(fabric.channel::<Number>("topic").open().unwrap());
    assert_eq!(fabric.channels().len(), 1, "one that is not ephemeral stays");
    conflict(fabric.channel::<Number>("topic").ephemeral().open());
}

#[tokio::test(start_paused = true)]
async fn a_closed_channel_is_gone_with_its_last_handle_and_the_next_report_counts_what_it_left() {
    let fabric = Fabric::new();
    for name in ["one", "two"] {
        let numbers = fabric.channel::<Number>(name).group("workers").open().unwrap();
        put(&numbers, 0..3);
        numbers.close();
        assert!(fabric.channels().iter().any(|info| info.name == name), "there is something to drain");
    }
    assert!(fabric.channels().is_empty());
    let kept = fabric.channel::<Number>("kept").open().unwrap();
    let report = fabric.shutdown(Duration::from_secs(1)).await;
    assert_eq!((report.gone.channels, report.gone.undelivered), (2, 6));
    assert!(!report.is_clean());
    assert_eq!(report.channels.len(), 1);
    let again = fabric.shutdown(Duration::from_secs(1)).await;
    assert_eq!((again.gone.channels, again.gone.undelivered), (0, 0), "they were told of");
    assert!(again.is_clean());
    drop(kept);
}

#[test]
fn a_closed_channel_with_work_in_hand_is_gone_once_that_is_finished() {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<Number>("numbers").open().unwrap();
    let mut receiver = numbers.join("workers");
    put(&numbers, 0..2);
    let in_flight = receiver.try_recv().unwrap();
    numbers.close();
    drop((numbers, receiver));
    assert_eq!(fabric.channels().len(), 1);
    drop(in_flight);
    assert!(fabric.channels().is_empty());
}

#[test]
fn a_channel_removed_by_hand_ends_its_waits_and_frees_its_name() {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<Number>("numbers").capacity(2).group("nobody").open().unwrap();
    let unserved = fabric.channel::<Letter>("letters").no_default_timeout().open().unwrap();
    let mut receiver = numbers.join("workers");
    put(&numbers, [1, 2]);
    assert_eq!(take_all(&mut receiver), [1, 2]);
    let mut idle = numbers.join("others");
    let mut send = task::spawn(numbers.send(Number(3)));
    let mut recv = task::spawn(receiver.recv());
    let mut closed = task::spawn(numbers.closed());
    let mut asking = task::spawn(unserved.request(Letter('a')));
    park(&mut send);
    park(&mut recv);
    park(&mut closed);
    park(&mut asking);

    let report = fabric.remove("numbers").expect("it is there");
    assert_eq!((report.name.as_str(), report.undelivered), ("numbers", 2));
    assert_eq!(woken(&mut send), Err(SendError(Number(3))));
    assert!(woken(&mut recv).is_none());
    woken(&mut closed);
    assert_eq!(idle.try_recv().err(), Some(TryRecvError::Closed));
    assert!(numbers.is_closed() && numbers.is_empty(), "what only a group without members had is gone");
    assert!(fabric.remove("letters").is_some());
    assert_eq!(woken(&mut asking), Err(RequestError::Closed));
    assert!(fabric.remove("numbers").is_none());
    assert!(fabric.channels().is_empty());

    let again = fabric.channel::<Letter>("numbers").open().expect("the name is free");
    drop((send, recv, closed));
    drop((numbers, receiver, idle));
    assert!(fabric.get::<Letter>("numbers").expect("the new one stays").same_channel(&again));
    assert!(!again.is_closed());
}

#[test]
fn ten_thousand_topics_that_come_and_go_leave_nothing_behind() {
    let fabric = Fabric::new();
    for number in 0..10_000_u64 {
        let name = format!("topic {number}");
        let ephemeral = number % 3 == 0;
        let builder = fabric.channel::<Number>(&name);
        let topic = if ephemeral { builder.ephemeral() } else { builder }.open().unwrap();
        let receiver = topic.join("workers");
        put(&topic, [number]);
        if !ephemeral {
            topic.close();
        }
        drop((topic, receiver));
    }
    assert!(fabric.channels().is_empty());
    assert!(format!("{fabric:?}").contains("channels: 0"), "{fabric:?}");
}

// ---- without a fabric

#[test]
fn a_channel_of_ones_own_needs_no_fabric() {
    let numbers = stratoswarm_core::channel::<u64>(0);
    assert_eq!(numbers.capacity(), 1, "there is always one place");
    let mut worker = numbers.join("workers");
    numbers.try_send(7).unwrap();
    assert!(numbers.try_send(8).is_err());
    assert_eq!(numbers.info().location.file(), file!());
    drop(numbers);
    assert_eq!(*worker.try_recv().unwrap(), 7);
    assert!(worker.is_closed());

    let news = stratoswarm_core::broadcast::<String>(2);
    let mut reader = news.subscribe();
    news.send("started".to_owned()).unwrap();
    drop(news);
    assert_eq!(reader.try_recv().unwrap(), Ok("started".to_owned()));
    assert!(reader.is_closed());
}

#[test]
fn foreign_types_and_such_that_are_not_clone_are_messages() {
    let pairs = stratoswarm_core::channel::<(String, Vec<u8>)>(2);
    let mut worker = pairs.join("workers");
    pairs.try_send(("name".to_owned(), vec![1])).unwrap();
    assert_eq!(worker.try_recv().unwrap().into_message().1, [1]);

    let work = stratoswarm_core::channel::<Once<Box<dyn FnOnce() -> u32 + Send>>>(2);
    let (mut worker, mut second) = (work.join("workers"), work.subscribe());
    work.try_send(Once::new(Box::new(|| 42))).unwrap();
    let job = worker.try_recv().unwrap().into_message().take().unwrap();
    assert_eq!(job(), 42);
    assert!(second.try_recv().unwrap().take().is_none(), "somebody has it");
}

// ---- topics that come and go

fn topics(fabric: &Fabric) -> String {
    format!("{fabric:?}")
}

#[test]
fn a_topic_whose_deliveries_outlive_it_is_gone_once_they_are() {
    for kept in [0, 1, 2, 5] {
        let fabric = Fabric::new();
        let mut deliveries = std::collections::VecDeque::new();
        for number in 0..200 {
            let topic = fabric.channel::<Number>(format!("topic {number}")).ephemeral().open().unwrap();
            let mut worker = topic.join("workers");
            put(&topic, [number]);
            deliveries.push_back(worker.try_recv().unwrap());
            drop((topic, worker));
            while deliveries.len() > kept {
                drop(deliveries.pop_front());
            }
        }
        let most: usize =
            topics(&fabric).chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
        assert!(most <= 2 * kept + 2, "{most} are there, where {kept} have work in flight");
    }
}

#[test]
fn an_ephemeral_channel_goes_with_its_last_handle_of_any_kind() {
    let fabric = Fabric::new();
    for number in 0..10 {
        drop(fabric.channel::<Number>(format!("unlisted {number}")).ephemeral().open_unlisted().unwrap());
    }
    assert_eq!(topics(&fabric), topics(&Fabric::new()));
    let unlisted = fabric.channel::<Number>("kept").ephemeral().open_unlisted().unwrap();
    drop(unlisted.clone());
    assert!(fabric.get::<Number>("kept").is_some(), "a handle is left, though no report names it");
}

#[test]
fn a_topic_goes_whoever_lets_go_last() {
    without_deadlock(|| {
        let fabric = Fabric::new();
        for _ in 0..2_000 {
            let topic = fabric.channel::<Number>("topic").ephemeral().open().unwrap();
            let reader = topic.subscribe();
            thread::scope(|scope| {
                scope.spawn(|| drop(topic));
                drop(reader);
            });
            assert_eq!(topics(&fabric), topics(&Fabric::new()));
        }
    });
}

#[test]
fn what_is_handed_back_of_a_topic_may_use_the_fabric() {
    without_deadlock(|| {
        let fabric = Fabric::new();
        let (sent, back) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for turn in 0..3_000 {
                        let (weak, back) = (fabric.downgrade(), Arc::clone(&back));
                        let topic = fabric.channel::<Number>(format!("topic {}", turn % 2)).ephemeral();
                        let topic = topic.undelivered(move |_, _| {
                            drop(weak.upgrade().and_then(|fabric| fabric.get::<Number>("topic 0")));
                            back.fetch_add(1, Ordering::Relaxed); // not reached where the look-up panics
                        });
                        let Ok(topic) = topic.open() else { continue };
                        let worker = topic.join("workers");
                        sent.fetch_add(usize::from(topic.try_send(Number(turn)).is_ok()), Ordering::Relaxed);
                        drop(topic);
                        drop(worker);
                    }
                });
            }
        });
        drop(fabric);
        assert_eq!(back.load(Ordering::Relaxed), sent.load(Ordering::Relaxed), "each once");
    });
}

#[test]
fn a_fabric_may_state_the_capacity_of_all_its_channels() {
    let fabric = Fabric::builder().all_capacities(2).build();
    let jobs = fabric.channel::<Job>("jobs").capacity(64).lane(Priority::Critical, 16).retain(2);
    assert!(
        matches!(jobs.open(), Err(OpenError::Incompatible { .. })),
        "what goes with nothing still does not"
    );
    let jobs = fabric.channel::<Job>("jobs").capacity(64).lane(Priority::Critical, 16).open().unwrap();
    assert_eq!(jobs.capacity(), 2);
    let lanes: Vec<_> = jobs.info().lanes.iter().map(|lane| lane.capacity).collect();
    assert_eq!(lanes, [2, 2]);
    assert!(fabric.channel::<Job>("jobs").capacity(7).open().is_ok(), "another capacity is the same one");

    let news = fabric.broadcast::<u32>("news").capacity(1000).open().unwrap();
    assert_eq!((news.capacity(), fabric.broadcast::<u32>("more").open().unwrap().capacity()), (2, 2));
    assert_eq!(fabric.channel::<Job>("plain").open().unwrap().capacity(), 2);

    let kept = fabric.channel::<Job>("kept").capacity(8).retain(8).open().unwrap();
    for n in 0..5 {
        kept.try_send(Job(n)).unwrap();
        assert_eq!(kept.group("workers").join().unwrap().try_recv().unwrap().0, n);
    }
    let late: Vec<_> = kept.group("late").from_oldest().join().unwrap().try_iter().map(|job| job.0).collect();
    assert_eq!(late, [3, 4], "it keeps no more than there is room");

    let none = Fabric::builder().all_capacities(0).build();
    assert_eq!(none.channel::<Job>("jobs").capacity(64).open().err(), Some(OpenError::ZeroCapacity));
}
