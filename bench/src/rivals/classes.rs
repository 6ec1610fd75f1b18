//! Ours with one class of traffic each, and what it is set beside: the same channel without it, or tokio's mpsc with the
//! same done by hand.

use std::{
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use stratoswarm_core::{
    AckPolicy, Channel, ChannelBuilder, Delivery, Fabric, LossySubscriber, Mux, Priority, Receiver, Recorder,
};

use tokio::sync::mpsc;

use super::adapter::many;
use crate::payload::Payload;

/// The group of every case.
const GROUP: &str = "group";
/// Nothing expires in a run.
const LIFE: Duration = Duration::from_secs(600);
/// How many messages a recorder keeps between two looks.
const DEPTH: usize = 100_000;
/// Keys that take turns, or are each in order.
const KEYS: u64 = 64;
/// Sources of a mux of which none has anything.
const IDLE: usize = 64;

/// A channel with what `options` say.
fn open<P: Payload>(
    capacity: usize,
    options: impl for<'a> Fn(ChannelBuilder<'a, P>) -> ChannelBuilder<'a, P>,
) -> Channel<P> {
    let fabric = Fabric::new();
    options(fabric.channel("classes").capacity(capacity)).open().expect("a new name")
}

/// A channel without any.
fn plain<P: Payload>(capacity: usize) -> Channel<P> {
    open(capacity, |builder| builder)
}

fn members<P: Payload>(
    channel: Channel<P>,
    senders: usize,
    readers: usize,
) -> (Vec<Channel<P>>, Vec<Receiver<P>>) {
    let members = (0..readers).map(|_| channel.join(GROUP)).collect();
    (many(channel, senders), members)
}

fn key<P: Payload>(message: &P) -> u64 {
    message.digest() % KEYS
}

channel! {
    /// None of it.
    Plain<P> = "plain" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| members(plain(capacity), senders, readers),
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// Three lanes; whose message it is, its priority says.
    Lanes<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let channel =
            open(capacity, |it| it.lane(Priority::Critical, capacity).lane(Priority::Low, capacity));
        members(channel, senders, readers)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// A time to live for each message.
    Timed<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        members(open(capacity, |builder| builder.ttl(LIFE)), senders, readers)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// Bounded bytes, of which there is room for all that may wait.
    Weighed<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let bytes = 2 * capacity * size_of::<P>();
        members(open(capacity, |builder| builder.max_bytes(bytes)), senders, readers)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// tokio's mpsc with a moment beside each message, which its reader looks at.
    TokioTimed<P> = "tokio" of "tokio", shared false,
    mpsc::Sender<(P, Instant)>, mpsc::Receiver<(P, Instant)>,
    open |capacity, senders, _| {
        let (tx, rx) = mpsc::channel(capacity);
        (many(tx, senders), vec![rx])
    },
    send |tx, message| tx.send((message, Instant::now() + LIFE)).await.is_ok(),
    recv |rx| Some(message) = loop {
        match rx.recv().await {
            Some((_, until)) if until <= Instant::now() => {}
            got => break got.map(|(message, _)| message),
        }
    },
    into message
}

channel! {
    /// A group that acknowledges each message.
    Acked<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let channel = plain(capacity);
        let join = |_| channel.group(GROUP).ack(AckPolicy::explicit()).join().expect("of one kind");
        let members = (0..readers).map(join).collect();
        (many(channel, senders), members)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(message) = rx.recv().await.map(acknowledged),
    into message
}

fn acknowledged<P: Payload>(delivery: Delivery<P>) -> P {
    let (message, ack) = delivery.into_acked();
    ack.ack();
    message
}

channel! {
    /// One of a key at a time.
    Ordered<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let channel = plain(capacity);
        let members = (0..readers)
            .map(|_| channel.group(GROUP).ordered_by(key::<P>).join().expect("of one kind"))
            .collect();
        (many(channel, senders), members)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// Keys that take turns.
    Fair<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let channel = plain(capacity);
        let members = (0..readers)
            .map(|_| channel.group(GROUP).fair_by(key::<P>).join().expect("of one kind"))
            .collect();
        (many(channel, senders), members)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

/// A channel and the receiver of its only member.
fn pair<P: Payload>(capacity: usize) -> (Channel<P>, Receiver<P>) {
    let channel = plain(capacity);
    let member = channel.join(GROUP);
    (channel, member)
}

/// As a mux has it.
type Merged<P> = Mux<Delivery<P>>;

fn merged<P: Payload>(receivers: impl IntoIterator<Item = Receiver<P>>) -> Merged<P> {
    receivers.into_iter().fold(Mux::new(), |mux, receiver| mux.add(receiver, Priority::Normal, |event| event))
}

channel! {
    /// Two channels that take turns, through one mux.
    MuxOfTwo<P> = "stratoswarm" of "stratoswarm-core", shared false,
    (Channel<P>, Channel<P>), Merged<P>,
    open |capacity, senders, _| {
        let ((one, first), (other, second)) = (pair(capacity), pair(capacity));
        (many((one, other), senders), vec![merged([first, second])])
    },
    send |tx, message| {
        std::mem::swap(&mut tx.0, &mut tx.1);
        tx.0.send(message).await.is_ok()
    },
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// A channel through a mux that has another source, which is idle.
    MuxOfOneIdle<P> = "one-idle" of "stratoswarm-core", shared false,
    (Channel<P>, Vec<Channel<P>>), Merged<P>,
    open |capacity, senders, _| beside_idle(capacity, senders, 1),
    send |tx, message| tx.0.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// A channel through a mux that has many other sources, which are idle.
    MuxOfManyIdle<P> = "stratoswarm" of "stratoswarm-core", shared false,
    (Channel<P>, Vec<Channel<P>>), Merged<P>,
    open |capacity, senders, _| beside_idle(capacity, senders, IDLE),
    send |tx, message| tx.0.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

/// A channel, others that stay open, and a mux over all.
#[allow(clippy::type_complexity, reason = "what `Flow::open` gives")]
fn beside_idle<P: Payload>(
    capacity: usize,
    senders: usize,
    idle: usize,
) -> (Vec<(Channel<P>, Vec<Channel<P>>)>, Vec<Merged<P>>) {
    let (busy, receiver) = pair(capacity);
    let (others, receivers): (Vec<_>, Vec<_>) = (0..idle).map(|_| pair(capacity)).unzip();
    // The busy one is in the middle, where a mux that looked at all would find it late.
    let mut all = receivers;
    all.insert(idle / 2, receiver);
    (many((busy, others), senders), vec![merged(all)])
}

channel! {
    /// A channel whose messages a tap sees, too, which a task of its own reads.
    Tapped<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let channel = plain(capacity);
        drop(tokio::spawn(look_on(channel.tap())));
        members(channel, senders, readers)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// The same by a subscriber, which misses nothing and holds the sender back.
    Subscribed<P> = "subscriber" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let channel = plain(capacity);
        let mut subscriber = channel.subscribe();
        drop(tokio::spawn(async move { while subscriber.recv().await.is_some() {} }));
        members(channel, senders, readers)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// The same by a recorder, at which a thread looks each millisecond, as that of a recording does.
    Recorded<P> = "stratoswarm" of "stratoswarm-core", shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let channel = plain(capacity);
        drop(thread::spawn({
            let recorder = channel.record().depth(DEPTH).open().expect("a depth above 0");
            move || look_each_millisecond(recorder)
        }));
        members(channel, senders, readers)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

/// Takes what is there, until nothing will come.
fn look_each_millisecond<P: Payload>(mut recorder: Recorder<P>) {
    let (mut taken, mut cx) = (Vec::new(), Context::from_waker(Waker::noop()));
    while recorder.poll_filled(&mut cx, 1) != Poll::Ready(0) {
        recorder.drain(&mut taken, usize::MAX);
        taken.clear();
        thread::sleep(Duration::from_millis(1));
    }
}

async fn look_on<P: Payload>(mut tap: LossySubscriber<P>) {
    while tap.recv().await.is_some() {}
}
