//! The model checker's suite: the shipped handles and engine under every interleaving of a few threads.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test --release --lib -p stratoswarm-core model`. Capacities are 1 and 2, so that
//! every message meets the limit. What is checked each time: no wake-up is lost (loom reports a thread that waits for
//! ever as a deadlock), no message is lost or doubled, capacity holds.

use std::{
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use loom::{future::block_on, thread};

use crate::{
    channel::Channel,
    error::TrySendError,
    handle::{Handle, Shared, Traffic},
    message::{Message, NoReply},
    stats::ChannelKind,
    sync::atomic::{AtomicU64, Ordering},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(pub(crate) u32);

impl Message for Number {
    type Reply = NoReply;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked(pub(crate) u32);

impl Message for Asked {
    type Reply = u32;
}

pub(crate) fn channel(capacity: usize) -> Channel<Number> {
    channel_of(capacity)
}

pub(crate) fn channel_of<M: Message>(capacity: usize) -> Channel<M> {
    Channel::new(Handle::unlisted(Shared::new(
        "model",
        ChannelKind::Channel,
        capacity,
        None,
        Traffic::plain(),
        Location::caller(),
    )))
}

/// Every interleaving with at most so many preemptions.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn drain(receiver: &mut crate::Receiver<Number>) -> Vec<u32> {
    std::iter::from_fn(|| receiver.try_recv().ok().map(|delivery| delivery.0)).collect()
}

fn sender_against_receiver(capacity: usize, messages: u32) {
    check(3, move || {
        let numbers = channel(capacity);
        let mut receiver = numbers.join("workers");
        let sending = thread::spawn(move || {
            for n in 0..messages {
                block_on(numbers.send(Number(n))).unwrap();
            }
        });
        for n in 0..messages {
            assert_eq!(block_on(receiver.recv()).map(|delivery| *delivery), Some(Number(n)));
        }
        assert!(block_on(receiver.recv()).is_none(), "closed with the last sender");
        sending.join().unwrap();
    });
}

#[test]
fn a_sender_and_a_receiver_meet_at_capacity_1() {
    sender_against_receiver(1, 3);
}

#[test]
fn a_sender_and_a_receiver_meet_at_capacity_2() {
    sender_against_receiver(2, 4);
}

#[test]
fn two_senders_share_the_places() {
    check(2, || {
        let numbers = channel(1);
        let mut receiver = numbers.join("workers");
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let numbers = numbers.clone();
                thread::spawn(move || block_on(numbers.send(Number(n))).unwrap())
            })
            .collect();
        drop(numbers);
        let mut got: Vec<_> =
            std::iter::from_fn(|| block_on(receiver.recv()).map(|delivery| delivery.0)).collect();
        got.sort_unstable();
        assert_eq!(got, [0, 1]);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// One message sits in the receiver's inbox, and the receiver pops it and never comes back: that pop alone must serve
/// the sender that waits.
#[test]
fn a_pop_from_the_inbox_serves_the_sender_that_waits() {
    check(4, || {
        let numbers = channel(2);
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        numbers.try_send(Number(1)).unwrap();
        assert_eq!(receiver.try_recv().unwrap().0, 0); // the other is in the inbox now
        numbers.try_send(Number(2)).unwrap();
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(3))).unwrap());
        assert_eq!(receiver.try_recv().unwrap().0, 1);
        sending.join().unwrap();
        assert_eq!(drain(&mut receiver), [2, 3]);
        drop(numbers);
    });
}

/// The same for a subscriber, and the subscriber beside it that gates nothing.
#[test]
fn a_pop_of_the_slowest_of_two_serves_the_sender_that_waits() {
    check(3, || {
        let numbers = channel(1);
        let mut fast = numbers.subscribe();
        let mut slow = numbers.subscribe();
        numbers.try_send(Number(0)).unwrap();
        assert_eq!(fast.try_recv(), Ok(Number(0)));
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(1))).unwrap());
        assert_eq!(slow.try_recv(), Ok(Number(0)));
        sending.join().unwrap();
        assert_eq!((fast.try_recv(), slow.try_recv()), (Ok(Number(1)), Ok(Number(1))));
        drop(numbers);
    });
}

/// Two readers, equally slow, pop from their inboxes: whichever comes last frees the place, and must know.
#[test]
fn the_last_of_two_slowest_serves_the_sender_that_waits() {
    check(2, || {
        let numbers = channel(2);
        let mut first = numbers.subscribe();
        let mut second = numbers.subscribe();
        numbers.try_send(Number(0)).unwrap();
        numbers.try_send(Number(1)).unwrap();
        assert_eq!((first.try_recv(), second.try_recv()), (Ok(Number(0)), Ok(Number(0))));
        numbers.try_send(Number(2)).unwrap();
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(3))).unwrap());
        let popping = thread::spawn(move || {
            assert_eq!(first.try_recv(), Ok(Number(1)));
            first
        });
        assert_eq!(second.try_recv(), Ok(Number(1)));
        sending.join().unwrap();
        drop((popping.join().unwrap(), numbers));
    });
}

#[test]
fn a_woken_sender_that_is_dropped_passes_its_place_on() {
    check(3, || {
        let numbers = channel(1);
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        let canceller = numbers.clone();
        let other = numbers.clone();
        let mut first = canceller.send(Number(1));
        assert!(poll_once(&mut first).is_pending());
        let waiting = thread::spawn(move || block_on(other.send(Number(2))).unwrap());
        let receiving = thread::spawn(move || {
            assert_eq!(receiver.try_recv().unwrap().0, 0);
            receiver
        });
        drop(first); // waiting, or granted the freed place already
        waiting.join().unwrap();
        let mut receiver = receiving.join().unwrap();
        assert_eq!(drain(&mut receiver), [2], "never the dropped one");
        drop((canceller, numbers));
    });
}

#[test]
fn a_freed_place_is_not_taken_by_a_newcomer() {
    check(3, || {
        let numbers = channel(1);
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        let waiter = numbers.clone();
        let mut waiting = waiter.send(Number(1));
        assert!(poll_once(&mut waiting).is_pending());
        let newcomer = numbers.clone();
        let trying = thread::spawn(move || match newcomer.try_send(Number(2)) {
            Err(TrySendError::Full(_)) => {}
            other => panic!("overtook: {other:?}"),
        });
        assert_eq!(receiver.try_recv().unwrap().0, 0);
        trying.join().unwrap();
        assert!(poll_once(&mut waiting).is_ready());
        drop(waiting);
        drop((waiter, numbers));
    });
}

#[test]
fn a_close_reaches_a_blocked_sender_and_a_blocked_receiver() {
    check(3, || {
        let numbers = channel(1);
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(1))).is_ok());
        let closing = thread::spawn(move || numbers.close());
        let mut got = Vec::new();
        while let Some(delivery) = block_on(receiver.recv()) {
            got.push(delivery.0);
        }
        closing.join().unwrap();
        let expected: &[u32] = if sending.join().unwrap() { &[0, 1] } else { &[0] };
        assert_eq!(got, expected, "received is what was accepted");
    });
}

#[test]
fn two_members_share_the_messages() {
    check(2, || {
        let numbers = channel(1);
        let members: Vec<_> = (0..2)
            .map(|_| {
                let mut member = numbers.join("workers");
                thread::spawn(move || {
                    let mut got = Vec::new();
                    while let Some(delivery) = block_on(member.recv()) {
                        got.push(delivery.0);
                    }
                    got
                })
            })
            .collect();
        for n in 0..2 {
            block_on(numbers.send(Number(n))).unwrap();
        }
        drop(numbers);
        let mut got: Vec<_> = members.into_iter().flat_map(|member| member.join().unwrap()).collect();
        got.sort_unstable();
        assert_eq!(got, [0, 1]);
    });
}

/// A woken member is dropped: the other must get the message.
#[test]
fn a_woken_member_that_is_dropped_passes_its_wake_on() {
    check(3, || {
        let numbers = channel(1);
        let mut first = numbers.join("workers");
        let mut second = numbers.join("workers");
        let mut waiting = first.recv();
        assert!(poll_once(&mut waiting).is_pending());
        let receiving = thread::spawn(move || block_on(second.recv()).map(|delivery| delivery.0));
        let sender = numbers.clone();
        let sending = thread::spawn(move || sender.try_send(Number(7)).unwrap());
        drop(waiting); // waiting, or woken for the message already
        assert_eq!(receiving.join().unwrap(), Some(7));
        sending.join().unwrap();
        drop(numbers);
    });
}

#[test]
fn a_subscriber_that_is_dropped_while_it_gates_frees_the_sender() {
    check(3, || {
        let numbers = channel(1);
        let gate = numbers.subscribe();
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        assert_eq!(receiver.try_recv().unwrap().0, 0);
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(1))).unwrap());
        drop(gate);
        sending.join().unwrap();
        assert_eq!(drain(&mut receiver), [1]);
        drop(numbers);
    });
}

#[test]
fn a_member_that_joins_takes_from_the_inbox_of_the_other() {
    check(3, || {
        let numbers = channel(4);
        let mut first = numbers.join("workers");
        for n in 0..3 {
            numbers.try_send(Number(n)).unwrap();
        }
        assert_eq!(first.try_recv().unwrap().0, 0); // 1 and 2 are in the inbox
        let joiner = numbers.clone();
        let joining = thread::spawn(move || drain(&mut joiner.join("workers")));
        let mut got = drain(&mut first);
        got.extend(joining.join().unwrap());
        got.extend(drain(&mut first));
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        assert_eq!(numbers.len(), 0);
        drop(Arc::new(numbers));
    });
}

#[test]
fn a_permit_that_is_dropped_frees_the_sender() {
    check(3, || {
        let numbers = channel(1);
        let mut receiver = numbers.join("workers");
        let permit = numbers.try_reserve().unwrap();
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(1))).unwrap());
        drop(permit);
        sending.join().unwrap();
        assert_eq!(drain(&mut receiver), [1]);
    });
}

/// One member pulls while the other pops, parks or pulls as well: each message comes once.
#[test]
fn members_that_pull_and_pop_at_once_get_each_message_once() {
    check(2, || {
        let numbers = channel(4);
        let mut first = numbers.join("workers");
        let mut second = numbers.join("workers");
        for n in 0..3 {
            numbers.try_send(Number(n)).unwrap();
        }
        let popping = thread::spawn(move || (drain(&mut second), second));
        let mut got = drain(&mut first);
        let (more, second) = popping.join().unwrap();
        got.extend(more);
        got.sort_unstable();
        assert_eq!(got, [0, 1, 2]);
        assert_eq!(numbers.len(), 0);
        drop((first, second, numbers));
    });
}

/// Of two subscribers both pull: one gets the originals, the other clones, and each gets all in order.
#[test]
fn subscribers_that_pull_at_once_get_all_in_order() {
    check(2, || {
        let numbers = channel(4);
        let mut first = numbers.subscribe();
        let mut second = numbers.subscribe();
        let all = |subscriber: &mut crate::Subscriber<Number>| -> Vec<_> {
            std::iter::from_fn(|| subscriber.try_recv().ok().map(|number| number.0)).collect()
        };
        for n in 0..3 {
            numbers.try_send(Number(n)).unwrap();
        }
        let pulling = thread::spawn(move || (all(&mut second), second));
        assert_eq!(all(&mut first), [0, 1, 2]);
        let (got, second) = pulling.join().unwrap();
        assert_eq!((got, numbers.len()), (vec![0, 1, 2], 0));
        drop((first, second, numbers));
    });
}

/// A subscriber joins and another leaves while one pulls: who joins gets what comes from then on, nobody loses anything.
#[test]
fn a_pull_beside_a_join_and_a_leave_loses_nothing() {
    check(2, || {
        let numbers = channel(4);
        let mut steady = numbers.subscribe();
        let leaving = numbers.subscribe();
        numbers.try_send(Number(0)).unwrap();
        numbers.try_send(Number(1)).unwrap();
        let joiner = numbers.clone();
        let joining = thread::spawn(move || {
            let mut late = joiner.subscribe();
            drop(leaving);
            joiner.try_send(Number(2)).unwrap();
            let got: Vec<_> = std::iter::from_fn(|| late.try_recv().ok().map(|number| number.0)).collect();
            assert_eq!(got, [2]);
            late
        });
        let take = |steady: &mut crate::Subscriber<Number>| steady.try_recv().ok().map(|number| number.0);
        let mut got: Vec<_> = std::iter::from_fn(|| take(&mut steady)).collect();
        drop(joining.join().unwrap());
        got.extend(std::iter::from_fn(|| take(&mut steady)));
        assert_eq!((got, numbers.len()), (vec![0, 1, 2], 0));
        drop((steady, numbers));
    });
}

/// A receive is dropped while the other member pulls all there is, and a sender waits for a place.
#[test]
fn a_pull_beside_a_receive_that_is_dropped_serves_the_sender() {
    check(2, || {
        let numbers = channel(2);
        let mut first = numbers.join("workers");
        let mut second = numbers.join("workers");
        let mut waiting = second.recv();
        assert!(poll_once(&mut waiting).is_pending());
        numbers.try_send(Number(0)).unwrap();
        numbers.try_send(Number(1)).unwrap();
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(2))).unwrap());
        drop(waiting); // woken: the wake goes on, to nobody
        let mut got = drain(&mut first);
        sending.join().unwrap();
        got.extend(drain(&mut first));
        assert_eq!(got, [0, 1, 2]);
        drop((first, second, numbers));
    });
}

/// A caller goes while its request is taken, and a sender waits for its place: the place is given out once, whoever is
/// first.
#[test]
fn a_request_that_is_given_up_while_it_is_taken_frees_its_place_once() {
    check(2, || {
        let asked: Channel<Asked> = channel_of(1);
        let mut receiver = asked.join("workers");
        let caller = asked.clone();
        let mut request = caller.request(Asked(0));
        assert!(poll_once(&mut request).is_pending());
        let sender = asked.clone();
        let sending = thread::spawn(move || block_on(sender.send(Asked(1))).unwrap());
        let receiving = thread::spawn(move || {
            let taken = receiver.try_recv().ok().map(|delivery| delivery.0);
            (taken, receiver)
        });
        drop(request);
        sending.join().unwrap();
        let (taken, mut receiver) = receiving.join().unwrap();
        let mut got: Vec<_> = taken.into_iter().collect();
        got.extend(std::iter::from_fn(|| receiver.try_recv().ok().map(|delivery| delivery.0)));
        assert!(got == [0, 1] || got == [1], "{got:?}");
        assert!(asked.try_send(Asked(2)).is_ok() && asked.try_send(Asked(3)).is_err(), "one place");
        drop((receiver, caller));
    });
}

/// Between the moment a message has left the log and the drop of its delivery, it is in flight at every moment.
#[test]
fn what_is_taken_is_in_hand_until_it_is_dropped() {
    check(3, || {
        let numbers = channel(2);
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        numbers.try_send(Number(1)).unwrap();
        numbers.close();
        let done = Arc::new(AtomicU64::new(0));
        let counting = Arc::clone(&done);
        let working = thread::spawn(move || {
            for _ in 0..2 {
                let delivery = block_on(receiver.recv());
                counting.fetch_add(1, Ordering::SeqCst);
                drop(delivery);
            }
            receiver
        });
        if numbers.shared().log.lock().is_drained() {
            assert_eq!(done.load(Ordering::SeqCst), 2, "drained only after the work");
        }
        drop(working.join().unwrap());
        drop(numbers);
    });
}
