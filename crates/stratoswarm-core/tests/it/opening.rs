//! Opening: one name is one channel of one type; options not stated match anything, others must agree.

use crate::fixtures::{Number, is_full, put, take, take_all};
use std::time::Duration;
use stratoswarm_core::{ChannelKind, Fabric, Message, OpenError, TryRecvError};

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
    let _numbers = open().capacity(64).order(3).default_timeout(Duration::from_secs(7)).open().unwrap();
    let text = conflict(open().capacity(32).open());
    assert!(text.contains("64") && text.contains("32") && text.contains("numbers"), "{text}");
    let text = conflict(open().default_timeout(Duration::from_secs(8)).open());
    assert!(text.contains('7') && text.contains('8'), "{text}");
    conflict(open().no_default_timeout().open());
    let text = conflict(open().order(4).open());
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
    let one = open().capacity(64).order(3).default_timeout(timeout).group("workers").open().unwrap();
    for again in [open(), open().capacity(64), open().order(3), open().default_timeout(timeout)] {
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
    assert!(fabric.get_broadcast::<Letter>("letters").unwrap().same_channel(&events));
    assert!(fabric.get_broadcast::<Number>("letters").is_none());
    assert!(fabric.get_broadcast::<Number>("numbers").is_none());
    assert!(fabric.get::<Letter>("letters").is_none());
}

#[test]
fn channels_are_listed_in_the_order_of_their_closing() {
    let fabric = Fabric::new();
    let late = fabric.channel::<Number>("late").capacity(5).order(1).open().unwrap();
    let _early = fabric.broadcast::<Letter>("early").capacity(6).order(-1).open().unwrap();
    let gone = fabric.channel::<Number>("gone").open().unwrap();
    put(&late, [1, 2]);
    gone.close();
    let listed = fabric.channels();
    let figures: Vec<_> =
        listed.iter().map(|info| (info.name.as_str(), info.kind, info.capacity, info.len)).collect();
    assert_eq!(figures, [("early", ChannelKind::Broadcast, 6, 0), ("late", ChannelKind::Channel, 5, 2)]);
    assert!(listed[0].message.ends_with("Letter"));
    assert!(listed[0].opened_at.file().ends_with("opening.rs"));
    assert_eq!(
        (ChannelKind::Channel.to_string(), ChannelKind::Broadcast.to_string()),
        ("channel".into(), "broadcast".into())
    );
}
