//! Payloads: `Bytes` reach every reader at the same address, and readers make no more clones than they must.

use crate::fixtures::{park, ready, woken};
use bytes::Bytes;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use stratoswarm_core::{Broadcast, Channel, Fabric, Message};
use tokio_test::task;

const MIB: usize = 1 << 20;

#[derive(Clone)]
struct Blob(Bytes);

impl Message for Blob {
    type Reply = Bytes;
}

fn blobs() -> Channel<Blob> {
    Fabric::new().channel("blobs").capacity(4).open().unwrap()
}

#[test]
fn a_mebibyte_arrives_at_every_reader_at_the_same_address() {
    let channel = blobs();
    let events: Broadcast<Blob> = Fabric::new().broadcast("blobs").capacity(4).open().unwrap();
    let mut receiver = channel.join("workers");
    let mut subscribers: Vec<_> = (0..8).map(|_| channel.subscribe()).collect();
    let mut lossy: Vec<_> = (0..3).map(|_| events.subscribe()).collect();
    lossy.push(channel.tap());
    let data = Bytes::from(vec![7; MIB]);
    let address = data.as_ptr();

    ready(&mut task::spawn(channel.send(Blob(data.clone())))).unwrap();
    events.send(Blob(data)).map_err(|_| ()).unwrap();
    let mut arrived = vec![receiver.try_recv().unwrap().into_message().0];
    arrived.extend(
        subscribers.iter_mut().map(|subscriber| subscriber.try_recv().unwrap_or_else(|_| panic!()).0),
    );
    for reader in &mut lossy {
        arrived.push(reader.try_recv().ok().unwrap().ok().unwrap().0);
    }
    assert_eq!(arrived.len(), 13);
    for bytes in arrived {
        assert_eq!((bytes.as_ptr(), bytes.len()), (address, MIB));
    }
}

#[test]
fn a_mebibyte_keeps_its_address_through_request_and_reply() {
    let channel = blobs();
    let mut receiver = channel.join("workers");
    let (question, answer) = (Bytes::from(vec![1; MIB]), Bytes::from(vec![2; MIB]));
    let addresses = (question.as_ptr(), answer.as_ptr());
    let mut request = task::spawn(channel.request(Blob(question)));
    park(&mut request);
    let (message, responder) = receiver.try_recv().unwrap().into_parts();
    assert_eq!(message.0.as_ptr(), addresses.0);
    responder.send(answer);
    assert_eq!(woken(&mut request).unwrap().as_ptr(), addresses.1);
}

/// Counts its clones.
struct Counted(Arc<AtomicUsize>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl Message for Counted {
    type Reply = ();
}

const MESSAGES: usize = 100;

fn counted(capacity: usize) -> (Channel<Counted>, Arc<AtomicUsize>) {
    (Fabric::new().channel("counted").capacity(capacity).open().unwrap(), Arc::default())
}

#[track_caller]
fn now<F: Future>(future: F) -> F::Output {
    ready(&mut task::spawn(future))
}

#[test]
fn a_single_reader_makes_no_clone() {
    let (channel, clones) = counted(MESSAGES);
    let mut receiver = channel.join("workers");
    for turn in 0..MESSAGES {
        match turn % 4 {
            0 => channel.try_send(Counted(Arc::clone(&clones))).unwrap(),
            1 => now(channel.send(Counted(Arc::clone(&clones)))).unwrap(),
            2 => now(channel.reserve()).unwrap().send(Counted(Arc::clone(&clones))),
            _ => now(channel.send_many(&mut vec![Counted(Arc::clone(&clones))])).unwrap(),
        }
    }
    let mut buffer = Vec::new();
    assert!(receiver.try_recv().is_ok());
    assert!(now(receiver.recv()).is_some());
    // A second member shares the messages; it does not copy them.
    let mut helper = channel.join("workers");
    assert!(helper.try_recv().is_ok());
    while buffer.len() < MESSAGES - 3 {
        now(receiver.recv_many(&mut buffer, 50));
    }
    assert_eq!(clones.load(Ordering::Relaxed), 0);

    let (channel, clones) = counted(MESSAGES);
    let mut subscriber = channel.subscribe();
    for _ in 0..MESSAGES {
        channel.try_send(Counted(Arc::clone(&clones))).unwrap();
    }
    for _ in 0..MESSAGES {
        assert!(subscriber.try_recv().is_ok());
    }
    assert_eq!(clones.load(Ordering::Relaxed), 0);
}

#[test]
fn a_request_is_not_cloned() {
    let (channel, clones) = counted(4);
    let mut receiver = channel.join("workers");
    let mut request = task::spawn(channel.request(Counted(Arc::clone(&clones))));
    park(&mut request);
    receiver.try_recv().unwrap().into_parts().1.send(());
    assert_eq!(woken(&mut request), Ok(()));
    assert_eq!(clones.load(Ordering::Relaxed), 0);
}

#[test]
fn several_readers_make_at_most_one_clone_less_than_there_are_readers() {
    for readers in 2..=5 {
        let (channel, clones) = counted(MESSAGES);
        let mut receiver = channel.join("workers");
        let mut subscribers: Vec<_> = (1..readers).map(|_| channel.subscribe()).collect();
        for _ in 0..MESSAGES {
            channel.try_send(Counted(Arc::clone(&clones))).unwrap();
        }
        for _ in 0..MESSAGES {
            assert!(receiver.try_recv().is_ok());
            for subscriber in &mut subscribers {
                assert!(subscriber.try_recv().is_ok());
            }
        }
        let made = clones.load(Ordering::Relaxed);
        assert!(made <= (readers - 1) * MESSAGES, "{made} clones for {readers} readers");
    }
}

#[test]
fn several_lossy_readers_make_at_most_one_clone_less_than_there_are_readers() {
    for readers in 1..=4 {
        let events: Broadcast<Counted> = Fabric::new().broadcast("counted").capacity(4).open().unwrap();
        let clones = Arc::default();
        let mut subscribers: Vec<_> = (0..readers).map(|_| events.subscribe()).collect();
        for _ in 0..MESSAGES {
            assert_eq!(events.send(Counted(Arc::clone(&clones))).ok(), Some(readers));
            for subscriber in &mut subscribers {
                assert!(matches!(subscriber.try_recv(), Ok(Ok(_))));
            }
        }
        let made = clones.load(Ordering::Relaxed);
        assert!(made <= (readers - 1) * MESSAGES, "{made} clones for {readers} readers");
    }
}

#[test]
fn refused_messages_come_back_as_they_were() {
    let (channel, clones) = counted(1);
    channel.try_send(Counted(Arc::clone(&clones))).unwrap();
    assert!(channel.try_send(Counted(Arc::clone(&clones))).is_err());
    channel.close();
    assert!(now(channel.send(Counted(Arc::clone(&clones)))).is_err());
    assert_eq!(clones.load(Ordering::Relaxed), 0);
}

#[cfg(not(debug_assertions))] // where nothing is optimised, a value is copied once more in every call
mod by_value {
    use super::{MIB, now};
    use stratoswarm_core::{Channel, Fabric, Message, Receiver};

    const KIB: usize = 384;

    #[derive(Clone)]
    struct Large([[u8; 1024]; KIB]);

    impl Message for Large {
        type Reply = ();
    }

    #[inline(never)]
    fn send(channel: &Channel<Large>) {
        assert!(now(channel.send(Large([[7; 1024]; KIB]))).is_ok());
    }

    #[inline(never)]
    fn receive(receiver: &mut Receiver<Large>) {
        let large = now(receiver.recv()).unwrap();
        assert_eq!((large.0[0][0], large.0[KIB - 1][1023]), (7, 7));
    }

    #[inline(never)]
    fn try_send(channel: &Channel<Large>) {
        assert!(channel.try_send(Large([[7; 1024]; KIB])).is_ok());
    }

    #[inline(never)]
    fn try_receive(receiver: &mut Receiver<Large>) {
        let large = receiver.try_recv().unwrap();
        assert_eq!((large.0[0][0], large.0[KIB - 1][1023]), (7, 7));
    }

    #[test]
    fn messages_of_384_kib_pass_by_value_on_a_stack_of_two_mebibytes() {
        let passing = std::thread::Builder::new().stack_size(2 * MIB).spawn(|| {
            let channel = Fabric::new().channel("large").capacity(2).open().unwrap();
            let mut receiver = channel.join("workers");
            send(&channel);
            receive(&mut receiver);
            try_send(&channel);
            try_receive(&mut receiver);
        });
        passing.unwrap().join().unwrap();
    }
}
