//! What several of the suites say, in this library's terms.

use stratoswarm_core::{Channel, Delivery, Fabric, Message, Receiver};

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
