//! What several of the suites say, in this library's terms.

use std::{
    thread,
    time::{Duration, Instant},
};
use stratoswarm_core::{
    Broadcast, Channel, Delivery, Fabric, LossySubscriber, Message, Receiver, TryRecvError,
};

/// A channel that closes with its last reader, as the peers' do. Its only sending handle is the one returned.
pub(crate) fn closing_with_readers<M: Message>(capacity: usize) -> Channel<M> {
    Fabric::new().channel("peer").capacity(capacity).close_with_last_reader().open().unwrap()
}

/// How many more messages find room now.
pub(crate) fn free<M: Message>(channel: &Channel<M>) -> usize {
    channel.capacity() - channel.len() - channel.info().permits
}

/// The next message, which must be there.
#[track_caller]
pub(crate) fn next<M: Message>(receiver: &mut Receiver<M>) -> M {
    receiver.try_recv().expect("a message is ready").into_message()
}

/// All that is there.
pub(crate) fn all<M: Message>(receiver: &mut Receiver<M>) -> Vec<M> {
    receiver.try_iter().map(Delivery::into_message).collect()
}

/// The next message; none at the end.
pub(crate) async fn recv<M: Message>(receiver: &mut Receiver<M>) -> Option<M> {
    receiver.recv().await.map(Delivery::into_message)
}

/// All that comes until the end.
pub(crate) async fn drained<M: Message>(mut receiver: Receiver<M>) -> Vec<M> {
    let mut messages = Vec::new();
    while let Some(message) = recv(&mut receiver).await {
        messages.push(message);
    }
    messages
}

/// Yields this thread until the other threads have come so far.
#[track_caller]
pub(crate) fn until(what: &str, mut so_far: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so_far() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        thread::yield_now();
    }
}

// ---- broadcasts

/// The next message of a lossy reader, or how many it missed; none at the end.
pub(crate) async fn recv_lossy<M: Clone + Send>(reader: &mut LossySubscriber<M>) -> Option<Result<M, u64>> {
    reader.recv().await.map(|next| next.map_err(|lagged| lagged.missed))
}

/// The next message, which must be there, and no gap before it.
#[track_caller]
pub(crate) fn heard<M: Clone + Send + 'static>(subscriber: &mut LossySubscriber<M>) -> M {
    subscriber.try_recv().expect("something is there").expect("nothing was missed")
}

/// How many were missed, which must be what comes next.
#[track_caller]
pub(crate) fn missed<M: Clone + Send + 'static>(subscriber: &mut LossySubscriber<M>) -> u64 {
    match subscriber.try_recv().expect("something is there") {
        Ok(_) => panic!("a message where a gap should be"),
        Err(lagged) => lagged.missed,
    }
}

#[track_caller]
pub(crate) fn hears_nothing<M: Clone + Send + 'static>(subscriber: &mut LossySubscriber<M>) -> bool {
    matches!(subscriber.try_recv(), Err(TryRecvError::Empty))
}

#[track_caller]
pub(crate) fn is_over<M: Clone + Send + 'static>(subscriber: &mut LossySubscriber<M>) -> bool {
    matches!(subscriber.try_recv(), Err(TryRecvError::Closed))
}

#[track_caller]
pub(crate) fn send_all(news: &Broadcast<u32>, numbers: impl IntoIterator<Item = u32>) {
    for n in numbers {
        news.send(n).unwrap();
    }
}
