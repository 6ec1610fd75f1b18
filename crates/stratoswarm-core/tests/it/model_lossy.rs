//! Random lists of operations on a broadcast, against a model that keeps the last `capacity` messages.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, broadcast},
    model::config,
};
use proptest::prelude::*;
use stratoswarm_core::{Lagged, LossySubscriber, SendError, TryRecvError};
use tokio_test::task;

#[derive(Debug, Clone)]
enum Operation {
    Send,
    Recv(usize),
    TryRecv(usize),
    Subscribe,
    Leave(usize),
    Close,
}

fn operation() -> impl Strategy<Value = Operation> {
    (0..29_u8, 0..4_usize).prop_map(|(kind, index)| match kind {
        0..=11 => Operation::Send,
        12..=17 => Operation::Recv(index),
        18..=23 => Operation::TryRecv(index),
        24..=26 => Operation::Subscribe,
        27 => Operation::Leave(index),
        _ => Operation::Close,
    })
}

struct Reader {
    subscriber: LossySubscriber<Number>,
    since: u64,
    next: u64,
    received: u64,
    missed: u64,
}

#[derive(Debug, PartialEq)]
enum Heard {
    Number(u64),
    Missed(u64),
    Nothing,
    End,
}

impl Reader {
    /// The model: the last `capacity` are kept, the gap comes first.
    fn expected(&self, sent: u64, capacity: u64, closed: bool) -> Heard {
        let lost = sent.saturating_sub(capacity).saturating_sub(self.next);
        match (lost, sent - self.next) {
            (0, 0) if closed => Heard::End,
            (0, 0) => Heard::Nothing,
            (0, _) => Heard::Number(self.next),
            _ => Heard::Missed(lost),
        }
    }

    fn count(&mut self, heard: &Heard) {
        match *heard {
            Heard::Number(_) => (self.next, self.received) = (self.next + 1, self.received + 1),
            Heard::Missed(missed) => (self.next, self.missed) = (self.next + missed, self.missed + missed),
            Heard::Nothing | Heard::End => {}
        }
    }

    fn hear(&mut self, waiting: bool) -> Heard {
        let heard = if waiting {
            let mut recv = task::spawn(self.subscriber.recv());
            match recv.poll() {
                std::task::Poll::Ready(Some(heard)) => Ok(heard),
                std::task::Poll::Ready(None) => Err(TryRecvError::Closed),
                std::task::Poll::Pending => Err(TryRecvError::Empty),
            }
        } else {
            self.subscriber.try_recv()
        };
        match heard {
            Ok(Ok(Number(number))) => Heard::Number(number),
            Ok(Err(Lagged { missed, .. })) => Heard::Missed(missed),
            Err(TryRecvError::Closed) => Heard::End,
            Err(_) => Heard::Nothing,
        }
    }
}

proptest! {
    #![proptest_config(config(2_000, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model_lossy.txt")))]

    #[test]
    fn a_broadcast_keeps_the_last_messages_and_says_what_was_missed(
        capacity in 1..6_u64,
        operations in prop::collection::vec(operation(), 1..150),
    ) {
        let events = broadcast(usize::try_from(capacity).unwrap());
        let (mut sent, mut closed) = (0, false);
        let mut readers: Vec<Reader> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Send => {
                    let expected = if closed { Err(SendError(Number(sent))) } else { Ok(readers.len()) };
                    prop_assert_eq!(events.send(Number(sent)), expected);
                    sent += u64::from(!closed);
                }
                Operation::Recv(index) | Operation::TryRecv(index) if !readers.is_empty() => {
                    let index = index % readers.len();
                    let reader = &mut readers[index];
                    let heard = reader.hear(matches!(operation, Operation::Recv(_)));
                    prop_assert_eq!(&heard, &reader.expected(sent, capacity, closed));
                    reader.count(&heard);
                }
                Operation::Subscribe if readers.len() < 4 => readers.push(Reader {
                    subscriber: events.subscribe(),
                    since: sent,
                    next: sent,
                    received: 0,
                    missed: 0,
                }),
                Operation::Leave(index) if !readers.is_empty() => {
                    readers.swap_remove(index % readers.len());
                }
                Operation::Close => {
                    events.close();
                    closed = true;
                }
                _ => {}
            }
            assert_balanced(&events.info());
            prop_assert_eq!(events.info().sent, sent);
            prop_assert_eq!(events.subscribers(), readers.len());
        }
        drop(events);
        for reader in &mut readers {
            while reader.next < sent {
                let heard = reader.hear(false);
                prop_assert_eq!(&heard, &reader.expected(sent, capacity, true));
                reader.count(&heard);
            }
            prop_assert_eq!(reader.hear(false), Heard::End);
            prop_assert_eq!(reader.received + reader.missed, sent - reader.since);
        }
    }
}
