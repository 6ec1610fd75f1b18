//! Lossless multicast: each reader gets each message, and the slowest holds the sender back.

use tokio::sync::mpsc;

use super::adapter::many;

channel! {
    /// async-broadcast without overflow, by the calls of its documentation.
    AsyncBroadcast<P> = "async-broadcast" of "async-broadcast", shared false,
    async_broadcast::Sender<P>, async_broadcast::Receiver<P>,
    open |capacity, senders, readers| {
        let (tx, rx) = async_broadcast::broadcast(capacity);
        (many(tx, senders), many(rx, readers))
    },
    send |tx, message| tx.broadcast(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv().await,
    into message
}

channel! {
    /// async-broadcast by its calls that do not box their futures.
    AsyncBroadcastDirect<P> = "async-broadcast-direct" of "async-broadcast", shared false,
    async_broadcast::Sender<P>, async_broadcast::Receiver<P>,
    open |capacity, senders, readers| {
        let (tx, rx) = async_broadcast::broadcast(capacity);
        (many(tx, senders), many(rx, readers))
    },
    send |tx, message| tx.broadcast_direct(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv_direct().await,
    into message
}

channel! {
    /// One tokio mpsc per subscriber.
    TokioEach<P> = "tokio" of "tokio", shared false,
    Vec<mpsc::Sender<P>>, mpsc::Receiver<P>,
    open |capacity, senders, readers| {
        let (txs, rxs): (Vec<_>, Vec<_>) = (0..readers).map(|_| mpsc::channel(capacity)).unzip();
        (many(txs, senders), rxs)
    },
    send |txs, message| {
        let mut sent = true;
        if let Some((last, others)) = txs.split_last() {
            for tx in others {
                sent &= tx.send(message.clone()).await.is_ok();
            }
            sent &= last.send(message).await.is_ok();
        }
        sent
    },
    recv |rx| Some(message) = rx.recv().await,
    into message
}
