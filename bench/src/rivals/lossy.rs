//! Lossy broadcast: the sender never waits, each reader is told what it missed.

use tokio::sync::broadcast;

use super::adapter::many;
use crate::payload::Msg;

lossy! {
    /// tokio's broadcast.
    TokioBroadcast = "tokio" of "tokio",
    broadcast::Sender<Msg>, broadcast::Receiver<Msg>,
    open |capacity, readers| {
        let (tx, _) = broadcast::channel(capacity);
        let rxs = (0..readers).map(|_| tx.subscribe()).collect();
        (tx, rxs)
    },
    send |tx, message| tx.send(message).is_ok(),
    recv |rx| match rx.recv().await {
        Ok(message) => Some(Ok(message)),
        Err(broadcast::error::RecvError::Lagged(missed)) => Some(Err(missed)),
        Err(broadcast::error::RecvError::Closed) => None,
    }
}

lossy! {
    /// async-broadcast with overflow, by the call of its documentation.
    AsyncBroadcastOverflow = "async-broadcast" of "async-broadcast",
    async_broadcast::Sender<Msg>, async_broadcast::Receiver<Msg>,
    open |capacity, readers| {
        let (mut tx, rx) = async_broadcast::broadcast(capacity);
        tx.set_overflow(true);
        (tx, many(rx, readers))
    },
    send |tx, message| tx.try_broadcast(message).is_ok(),
    recv |rx| match rx.recv().await {
        Ok(message) => Some(Ok(message)),
        Err(async_broadcast::RecvError::Overflowed(missed)) => Some(Err(missed)),
        Err(async_broadcast::RecvError::Closed) => None,
    }
}

lossy! {
    /// async-broadcast with overflow, by its call that does not box its future.
    AsyncBroadcastOverflowDirect = "async-broadcast-direct" of "async-broadcast",
    async_broadcast::Sender<Msg>, async_broadcast::Receiver<Msg>,
    open |capacity, readers| {
        let (mut tx, rx) = async_broadcast::broadcast(capacity);
        tx.set_overflow(true);
        (tx, many(rx, readers))
    },
    send |tx, message| tx.try_broadcast(message).is_ok(),
    recv |rx| match rx.recv_direct().await {
        Ok(message) => Some(Ok(message)),
        Err(async_broadcast::RecvError::Overflowed(missed)) => Some(Err(missed)),
        Err(async_broadcast::RecvError::Closed) => None,
    }
}
