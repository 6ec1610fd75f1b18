//! Handles: sending handles keep a channel open, readers and weak handles do not; what is Send, Sync and Unpin.

use crate::fixtures::{Number, broadcast, channel, park, put, take_all, woken};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::{
    cell::Cell,
    panic::{RefUnwindSafe, UnwindSafe},
};
use stratoswarm_core::{
    Broadcast, Budget, Channel, ChannelRegistry, Closed, Delivery, Fabric, Gathering, JoinError, Limited,
    LossySubscriber, Message, Mux, NoReply, OpenError, OwnedPermit, Permit, RawResponder, Receiver,
    ReplyStream, RequestError, Requesting, Reserving, Responder, SendError, Sending, SendingLimited,
    ShutdownReport, StreamResponder, Subscriber, TryRecvError, TrySendError, WeakBroadcast, WeakChannel,
    WeakFabric,
};
use tokio_test::task;

// ---- Send, Sync, Unpin

/// Send, but not Sync.
#[derive(Clone)]
struct Unshared(#[expect(dead_code, reason = "its type is the point")] Cell<u8>);

impl Message for Unshared {
    type Reply = ();
}

assert_impl_all!(Channel<Number>: Send, Sync, Clone, Unpin);
assert_impl_all!(WeakChannel<Number>: Send, Sync, Clone);
assert_impl_all!(Broadcast<Number>: Send, Sync, Clone, Unpin);
assert_impl_all!(WeakBroadcast<Number>: Send, Sync, Clone);
assert_impl_all!(Receiver<Number>: Send, Unpin);
assert_impl_all!(Subscriber<Number>: Send, Unpin);
assert_impl_all!(LossySubscriber<Number>: Send, Unpin);
assert_impl_all!(Mux<Unshared>: Send, Unpin);
assert_not_impl_any!(Receiver<Number>: Clone);
assert_not_impl_any!(Delivery<Number>: Clone);
assert_impl_all!(Delivery<Number>: Send);
assert_impl_all!(Responder<Number>: Send, Sync);
assert_impl_all!(RawResponder: Send);
assert_impl_all!(Permit<'static, Number>: Send);
assert_impl_all!(OwnedPermit<Number>: Send);
assert_impl_all!(Sending<'static, Number>: Send, Unpin);
assert_impl_all!(SendingLimited<'static, Number>: Send, Unpin);
assert_impl_all!(Limited<Number>: Send, Sync, Clone, Unpin);
assert_impl_all!(Budget: Send, Sync, Clone, Unpin, std::panic::UnwindSafe, std::panic::RefUnwindSafe);
assert_impl_all!(Reserving<'static, Number>: Send, Unpin);
assert_impl_all!(Requesting<'static, Number, Number>: Send, Unpin);
assert_impl_all!(Gathering<'static, Number, Number>: Send, Unpin);
assert_impl_all!(ReplyStream<'static, Number, Number>: Send, Unpin);
assert_impl_all!(StreamResponder<Cell<u8>>: Send, Sync);
assert_impl_all!(Fabric: Send, Sync, Clone, Default);
assert_impl_all!(WeakFabric: Send, Sync, Clone);
assert_impl_all!(ChannelRegistry: Send, Sync, Clone, Default);
assert_impl_all!(ShutdownReport: Send, Sync, Clone);
assert_not_impl_any!(NoReply: Send);

// A message need not be Sync, and a reply need not be either.
assert_impl_all!(Channel<Unshared>: Send, Sync);
assert_impl_all!(Broadcast<Unshared>: Send, Sync);
assert_impl_all!(Receiver<Unshared>: Send);
assert_impl_all!(Delivery<Unshared>: Send);
assert_impl_all!(Sending<'static, Unshared>: Send);
assert_impl_all!(SendingLimited<'static, Unshared>: Send);
assert_impl_all!(Responder<Cell<u8>>: Send, Sync);

// Errors fit anyhow's and thiserror's `?`.
assert_impl_all!(SendError<Number>: std::error::Error, Send, Sync);
assert_impl_all!(TrySendError<Number>: std::error::Error, Send, Sync);
assert_impl_all!(Closed: std::error::Error, Send, Sync);
assert_impl_all!(TryRecvError: std::error::Error, Send, Sync);
assert_impl_all!(JoinError: std::error::Error, Send, Sync);
assert_impl_all!(RequestError: std::error::Error, Send, Sync);
assert_impl_all!(OpenError: std::error::Error, Send, Sync);
assert_not_impl_any!(SendError<Unshared>: Sync);

#[test]
fn errors_need_no_debug_of_the_message() {
    #[derive(Clone)]
    struct Opaque;
    impl Message for Opaque {
        type Reply = ();
    }
    let channel = Fabric::new().channel::<Opaque>("opaque").capacity(1).open().unwrap();
    channel.try_send(Opaque).unwrap();
    let error: Box<dyn std::error::Error> = Box::new(channel.try_send(Opaque).unwrap_err());
    assert_eq!(error.to_string(), "channel full");
    assert!(!format!("{error:?}").is_empty());
}

// ---- what keeps a channel open

#[test]
fn a_channel_closes_when_its_last_sending_handle_is_gone() {
    let channel = channel(2);
    let clone = channel.clone();
    let mut receiver = channel.join("workers");
    put(&channel, [1]);
    drop(channel);
    assert_eq!(take_all(&mut receiver), [1]);
    let mut recv = task::spawn(receiver.recv());
    park(&mut recv);
    drop(clone);
    assert!(woken(&mut recv).is_none());
}

#[test]
fn what_was_sent_before_the_last_handle_went_is_still_read() {
    let channel = channel(2);
    let mut receiver = channel.join("workers");
    let mut subscriber = channel.subscribe();
    put(&channel, [1, 2]);
    drop(channel);
    assert_eq!(take_all(&mut receiver), [1, 2]);
    assert_eq!(subscriber.try_recv(), Ok(Number(1)));
    assert_eq!(subscriber.try_recv(), Ok(Number(2)));
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_broadcast_closes_when_its_last_sending_handle_is_gone() {
    let events = broadcast(2);
    let mut subscriber = events.subscribe();
    let mut recv = task::spawn(subscriber.recv());
    park(&mut recv);
    drop(events);
    assert_eq!(woken(&mut recv), None);
}

#[test]
fn readers_do_not_keep_a_channel_open() {
    let channel = channel(2);
    let weak = channel.downgrade();
    let readers = (channel.join("workers"), channel.subscribe(), channel.tap());
    drop(channel);
    assert!(weak.upgrade().is_none());
    drop(readers);
}

#[test]
fn a_channel_stays_open_without_readers() {
    let channel = channel(2);
    drop((channel.join("workers"), channel.subscribe(), channel.tap()));
    assert!(!channel.is_closed());
    put(&channel, [1]);
}

#[test]
fn a_weak_handle_upgrades_while_a_sending_handle_exists() {
    let channel = channel(2);
    let weak = channel.downgrade();
    let strong = weak.upgrade().unwrap();
    assert!(strong.same_channel(&channel));
    drop(channel);
    put(&strong, [1]);
    let mut receiver = strong.join("workers");
    drop(strong);
    assert!(weak.clone().upgrade().is_none());
    assert_eq!(take_all(&mut receiver), [1]);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn a_weak_broadcast_handle_upgrades_while_a_sending_handle_exists() {
    let events = broadcast(2);
    let weak = events.downgrade();
    assert!(weak.upgrade().unwrap().same_channel(&events));
    drop(events);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_fabric_handle_counts_for_all_its_channels() {
    let fabric = Fabric::new();
    let second_handle = fabric.clone();
    let mut first = fabric.channel::<Number>("first").open().unwrap().join("workers");
    let mut second = fabric.broadcast::<Number>("second").open().unwrap().subscribe();
    drop(fabric);
    let mut recv = task::spawn(first.recv());
    let mut hear = task::spawn(second.recv());
    park(&mut recv);
    park(&mut hear);
    drop(second_handle);
    assert!(woken(&mut recv).is_none());
    assert_eq!(woken(&mut hear), None);
}

#[test]
fn a_channel_handle_outlives_its_fabric() {
    let fabric = Fabric::new();
    let channel = fabric.channel::<Number>("numbers").open().unwrap();
    drop(fabric);
    assert!(!channel.is_closed());
    put(&channel, [1]);
    assert_eq!(take_all(&mut channel.join("workers")), [1]);
}

#[test]
fn a_weak_fabric_handle_counts_for_none() {
    let fabric = Fabric::new();
    let weak = fabric.downgrade();
    let mut receiver = fabric.channel::<Number>("numbers").open().unwrap().join("workers");
    assert!(weak.upgrade().is_some());
    drop(fabric);
    assert!(weak.upgrade().is_none());
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn a_registry_handle_counts_for_all_its_channels() {
    let registry = ChannelRegistry::new();
    let second_handle = registry.clone();
    let mut events = registry.events().subscribe();
    drop(registry);
    let mut recv = task::spawn(events.recv());
    park(&mut recv);
    drop(second_handle);
    assert!(woken(&mut recv).is_none());
}

#[test]
fn a_weak_registry_handle_counts_for_none() {
    let registry = ChannelRegistry::new();
    let weak = registry.downgrade();
    let mut executor = registry.gpu().join("executors");
    drop(weak.upgrade().unwrap());
    drop(registry);
    assert!(weak.upgrade().is_none());
    assert_eq!(executor.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn clones_are_the_same_channel_and_others_are_not() {
    let (one, other) = (channel(1), channel(1));
    assert!(one.same_channel(&one.clone()));
    assert!(!one.same_channel(&other));
    let (one, other) = (broadcast(1), broadcast(1));
    assert!(one.same_channel(&one.clone()));
    assert!(!one.same_channel(&other));
}

// ---- across a caught panic

assert_impl_all!(Channel<Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Broadcast<Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(WeakChannel<Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(WeakBroadcast<Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Receiver<Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Subscriber<Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(LossySubscriber<Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Permit<'static, Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(OwnedPermit<Number>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Responder<u64>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(Fabric: UnwindSafe, RefUnwindSafe);
assert_impl_all!(ChannelRegistry: UnwindSafe, RefUnwindSafe);
