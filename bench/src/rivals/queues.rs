//! Queues: each message goes to one reader.

use tokio::sync::mpsc;

use super::adapter::many;

channel! {
    /// tokio's mpsc, one by one.
    Tokio<P> = "tokio" of "tokio", shared false,
    mpsc::Sender<P>, mpsc::Receiver<P>,
    open |capacity, senders, _| {
        let (tx, rx) = mpsc::channel(capacity);
        (many(tx, senders), vec![rx])
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(message) = rx.recv().await,
    into message
}

channel! {
    /// flume.
    Flume<P> = "flume" of "flume", shared true,
    flume::Sender<P>, flume::Receiver<P>,
    open |capacity, senders, readers| {
        let (tx, rx) = flume::bounded(capacity);
        (many(tx, senders), many(rx, readers))
    },
    send |tx, message| tx.send_async(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv_async().await,
    into message
}

channel! {
    /// kanal.
    Kanal<P> = "kanal" of "kanal", shared true,
    kanal::AsyncSender<P>, kanal::AsyncReceiver<P>,
    open |capacity, senders, readers| {
        let (tx, rx) = kanal::bounded_async(capacity);
        (many(tx, senders), many(rx, readers))
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv().await,
    into message
}

channel! {
    /// async-channel.
    AsyncChannel<P> = "async-channel" of "async-channel", shared true,
    async_channel::Sender<P>, async_channel::Receiver<P>,
    open |capacity, senders, readers| {
        let (tx, rx) = async_channel::bounded(capacity);
        (many(tx, senders), many(rx, readers))
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv().await,
    into message
}

channel! {
    /// crossfire's channel of many senders and one reader.
    Crossfire<P> = "crossfire" of "crossfire", shared false,
    crossfire::MAsyncTx<crossfire::mpsc::Array<P>>, crossfire::AsyncRx<crossfire::mpsc::Array<P>>,
    open |capacity, senders, _| {
        let (tx, rx) = crossfire::mpsc::bounded_async(capacity);
        (many(tx, senders), vec![rx])
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv().await,
    into message
}

channel! {
    /// crossfire's channel of one sender and one reader, whose handles cannot be cloned.
    CrossfireOne<P> = "crossfire-spsc" of "crossfire", shared false,
    crossfire::AsyncTx<crossfire::spsc::Array<P>>, crossfire::AsyncRx<crossfire::spsc::Array<P>>,
    open |capacity, _, _| {
        let (tx, rx) = crossfire::spsc::bounded_async(capacity);
        (vec![tx], vec![rx])
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv().await,
    into message
}

channel! {
    /// crossfire's channel of many senders and many readers.
    CrossfireMany<P> = "crossfire" of "crossfire", shared true,
    crossfire::MAsyncTx<crossfire::mpmc::Array<P>>, crossfire::MAsyncRx<crossfire::mpmc::Array<P>>,
    open |capacity, senders, readers| {
        let (tx, rx) = crossfire::mpmc::bounded_async(capacity);
        (many(tx, senders), many(rx, readers))
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv().await,
    into message
}

channel! {
    /// tachyonix.
    Tachyonix<P> = "tachyonix" of "tachyonix", shared false,
    tachyonix::Sender<P>, tachyonix::Receiver<P>,
    open |capacity, senders, _| {
        let (tx, rx) = tachyonix::channel(capacity);
        (many(tx, senders), vec![rx])
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Ok(message) = rx.recv().await,
    into message
}

channel! {
    /// thingbuf.
    Thingbuf<P> = "thingbuf" of "thingbuf", shared false,
    thingbuf::mpsc::Sender<P>, thingbuf::mpsc::Receiver<P>,
    open |capacity, senders, _| {
        let (tx, rx) = thingbuf::mpsc::channel(capacity);
        (many(tx, senders), vec![rx])
    },
    send |tx, message| tx.send(message).await.is_ok(),
    recv |rx| Some(message) = rx.recv().await,
    into message
}
