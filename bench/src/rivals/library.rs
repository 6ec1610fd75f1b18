//! The adapters of the library. Compiled once for the present revision and, where the bench was built with one, once
//! more for an older one: `super` says which library, and under what name.

use std::{ops::Range, time::Instant};

use anyhow::ensure;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::{
    super::{
        adapter::{Flow, many},
        batches::BATCH,
        requests::{CAPACITY, DEADLINE, handle},
    },
    NAME, PACKAGE,
    library::{Broadcast, Channel, Fabric, LossySubscriber, Receiver, Subscriber},
};
use crate::payload::{Msg, Payload, Tally};

channel! {
    /// A channel and as many members of one group as there are readers.
    Queue<P> = NAME of PACKAGE, shared true,
    Channel<P>, Receiver<P>,
    open |capacity, senders, readers| {
        let channel = Fabric::new().channel("queue").capacity(capacity).open().expect("a new name");
        let members = (0..readers).map(|_| channel.join("group")).collect();
        (many(channel, senders), members)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(delivery) = rx.recv().await,
    into delivery.into_message()
}

channel! {
    /// A channel with subscribers.
    Gated<P> = NAME of PACKAGE, shared false,
    Channel<P>, Subscriber<P>,
    open |capacity, senders, readers| {
        let channel = Fabric::new().channel("gated").capacity(capacity).open().expect("a new name");
        let subscribers = (0..readers).map(|_| channel.subscribe()).collect();
        (many(channel, senders), subscribers)
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(message) = rx.recv().await,
    into message
}

lossy! {
    /// A broadcast.
    Latest = NAME of PACKAGE,
    Broadcast<Msg>, LossySubscriber<Msg>,
    open |capacity, readers| {
        let tx = Fabric::new().broadcast("lossy").capacity(capacity).open().expect("a new name");
        let rxs = (0..readers).map(|_| tx.subscribe()).collect();
        (tx, rxs)
    },
    send |tx, message| tx.send(message).is_ok(),
    recv |rx| rx.recv().await.map(|got| got.map_err(|lagged| lagged.missed))
}

lossy! {
    /// A channel with taps, and one member that the sender serves itself: without one, messages would be kept for it.
    Taps = NAME of PACKAGE,
    (Channel<Msg>, Mutex<Receiver<Msg>>), LossySubscriber<Msg>,
    open |capacity, readers| {
        let channel = Fabric::new().channel("tapped").capacity(capacity).open().expect("a new name");
        let taps = (0..readers).map(|_| channel.tap()).collect();
        let member = channel.join("group");
        ((channel, Mutex::new(member)), taps)
    },
    send |tx, message| tx.0.try_send(message).is_ok() && tx.1.lock().try_recv().is_ok(),
    recv |rx| rx.recv().await.map(|got| got.map_err(|lagged| lagged.missed))
}

requests! {
    /// Requests with the channel's default timeout.
    Calls = NAME of PACKAGE, note None,
    Channel<Msg>, JoinHandle<()>,
    open {
        let channel = Fabric::new()
            .channel::<Msg>("requests")
            .capacity(CAPACITY)
            .default_timeout(DEADLINE)
            .open()
            .expect("a new name");
        let mut handlers = channel.join("handlers");
        let handler = tokio::spawn(async move {
            while let Some(delivery) = handlers.recv().await {
                let (message, reply) = delivery.into_parts();
                reply.send(handle(&message));
            }
        });
        (channel, handler)
    },
    ask |channel, message| channel.request(message).await.ok(),
    close |channel, handler| {
        drop(channel);
        handler.await.expect("the handler does not panic");
    }
}

/// `send_many` and `recv_many`.
pub(crate) struct Batch;

impl<P: Payload> Flow<P> for Batch {
    const NAME: &'static str = NAME;
    const PACKAGE: &'static str = PACKAGE;
    type Tx = Channel<P>;
    type Rx = Receiver<P>;

    fn open(capacity: usize, senders: usize, readers: usize) -> (Vec<Channel<P>>, Vec<Receiver<P>>) {
        Queue::open(capacity, senders, readers)
    }

    async fn produce(tx: Channel<P>, mut ids: Range<u64>) -> bool {
        let mut batch = Vec::with_capacity(BATCH);
        while !ids.is_empty() {
            batch.extend(ids.by_ref().take(BATCH).map(P::numbered));
            if tx.send_many(&mut batch).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn consume(mut rx: Receiver<P>) -> Tally {
        let (mut tally, mut batch) = (Tally::default(), Vec::with_capacity(BATCH));
        while rx.recv_many(&mut batch, BATCH).await > 0 {
            for delivery in batch.drain(..) {
                tally.add::<P>(&delivery);
            }
        }
        tally
    }
}

/// A channel of [`Calls`] whose handler replies only when so many requests are in its hands.
pub(crate) fn holding(pending: usize) -> (Channel<Msg>, JoinHandle<()>) {
    let channel = Fabric::new()
        .channel::<Msg>("pending")
        .capacity(pending)
        .default_timeout(DEADLINE)
        .open()
        .expect("a new name");
    let mut handlers = channel.join("handlers");
    let handler = tokio::spawn(async move {
        let mut held = Vec::with_capacity(pending);
        while let Some(delivery) = handlers.recv().await {
            held.push(delivery.into_parts());
            if held.len() == pending {
                for (message, reply) in held.drain(..) {
                    reply.send(handle(&message));
                }
            }
        }
    });
    (channel, handler)
}

/// Messages to subscribers that all read each before the next is sent: nanoseconds per message.
///
/// # Errors
/// A wrong message, or none.
pub(crate) async fn sparse(capacity: usize, readers: u64, messages: u64) -> anyhow::Result<f64> {
    let channel = Fabric::new().channel::<Msg>("sparse").capacity(capacity).open()?;
    let mut readers: Vec<_> = (0..readers).map(|_| channel.subscribe()).collect();
    let start = Instant::now();
    for id in 0..messages {
        ensure!(channel.send(Msg::numbered(id)).await.is_ok(), "closed");
        for reader in &mut readers {
            ensure!(reader.recv().await.is_some_and(|message| message.id() == id), "not message {id}");
        }
    }
    Ok(start.elapsed().as_nanos() as f64 / messages as f64)
}
