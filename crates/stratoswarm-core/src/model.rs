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
    time::Duration,
};

use loom::{future::block_on, thread};

use crate::{
    channel::Channel,
    error::TrySendError,
    handle::{Handle, Shared, Traffic},
    message::{Message, NoReply, Priority},
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

fn drain(receiver: &mut crate::Receiver<Number>) -> Vec<u32> {
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

// ---- lanes

/// One place in each of two lanes.
pub(crate) fn laned() -> Channel<Number> {
    laned_for(1, 1)
}

/// So many places in each of two lanes, of which the urgent one overtakes the other once.
fn laned_for(urgent: usize, normal: usize) -> Channel<Number> {
    let traffic =
        Traffic { lanes: vec![(Priority::Critical, urgent)], max_bypass: Some(1), ..Traffic::plain() };
    let (kind, at) = (ChannelKind::Channel, Location::caller());
    Channel::new(Handle::unlisted(Shared::new("model", kind, normal, None, traffic, at)))
}

/// An urgent message is pushed while the reader looks where its next one is: it is not lost, and what is sent after it was
/// accepted finds it there.
#[test]
fn an_urgent_message_meets_a_reader_that_looks() {
    check(3, || {
        let numbers = laned();
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        let sender = numbers.clone();
        let sending = thread::spawn(move || {
            block_on(sender.send(Number(10)).priority(Priority::Critical)).unwrap();
            block_on(sender.send(Number(1))).unwrap();
        });
        drop(numbers);
        let got: Vec<_> =
            std::iter::from_fn(|| block_on(receiver.recv()).map(|delivery| delivery.0)).collect();
        assert!(got == [0, 10, 1] || got == [10, 0, 1] || got == [0, 1, 10], "{got:?}");
        sending.join().unwrap();
    });
}

/// Two senders wait, each for a place of its lane, and two readers take.
#[test]
fn who_waits_in_a_lane_is_served_by_whoever_takes_of_it() {
    check(2, || {
        let numbers = laned();
        let (mut receiver, mut subscriber) = (numbers.join("workers"), numbers.subscribe());
        numbers.try_send(Number(0)).unwrap();
        let urgent = numbers.clone();
        let sending = thread::spawn(move || {
            block_on(urgent.send(Number(10)).priority(Priority::Critical)).unwrap();
            block_on(urgent.send(Number(11)).priority(Priority::Critical)).unwrap();
        });
        drop(numbers);
        let reading = thread::spawn(move || std::iter::from_fn(|| block_on(subscriber.recv())).count());
        assert_eq!(std::iter::from_fn(|| block_on(receiver.recv())).count(), 3);
        assert_eq!(reading.join().unwrap(), 3);
        sending.join().unwrap();
    });
}

/// A reader goes through a run of one lane, which it begins, is in, or has ended, while a message of the other is sent: it comes
/// after `overtaken` others at most, once it is there, and nothing is lost.
fn a_run_against_a_message_of_another_lane(run: Priority, other: Priority, overtaken: usize) {
    check(3, move || {
        let numbers = laned_for(4, 4);
        let mut receiver = numbers.join("workers");
        for n in 0..4 {
            assert!(poll_once(&mut numbers.send(Number(n)).priority(run)).is_ready());
        }
        assert_eq!(receiver.try_recv().unwrap().0, 0); // the others are in the inbox, and a run
        let there = Arc::new(AtomicU64::new(0));
        let (sender, sent) = (numbers.clone(), Arc::clone(&there));
        let sending = thread::spawn(move || {
            block_on(sender.send(Number(10)).priority(other)).unwrap();
            sent.store(1, Ordering::SeqCst);
        });
        let (mut got, mut late) = (Vec::new(), 0);
        for _ in 0..3 {
            let waits = there.load(Ordering::SeqCst) == 1 && !got.contains(&10);
            got.push(receiver.try_recv().unwrap().0);
            late += usize::from(waits && got.last() != Some(&10));
        }
        assert!(late <= overtaken, "{got:?}: {late} came though it was there");
        sending.join().unwrap();
        got.extend(drain(&mut receiver));
        let run: Vec<_> = got.iter().copied().filter(|n| *n != 10).collect();
        assert_eq!((run, got.len()), (vec![1, 2, 3], 4), "each once, and a lane in its order");
        assert_eq!(numbers.len(), 0);
        drop((receiver, numbers));
    });
}

#[test]
fn an_urgent_message_ends_a_run_of_another_lane() {
    a_run_against_a_message_of_another_lane(Priority::Normal, Priority::Critical, 0);
}

#[test]
fn a_message_ends_a_run_of_a_more_urgent_lane_after_as_many_as_may_overtake_it() {
    a_run_against_a_message_of_another_lane(Priority::Critical, Priority::Normal, 1);
}

// ---- expiry

const HOUR: Duration = Duration::from_secs(3600);

/// What has expired by a time to come gives up its place.
fn expire(numbers: &Channel<Number>) {
    let later = tokio::time::Instant::now() + 2 * HOUR;
    numbers.shared().with(|log, effects| log.expire(0, later, effects));
}

/// A message expires while a sender falls asleep for its place, and nobody reads: the sender gets it.
#[test]
fn an_expiry_reaches_a_sender_that_is_about_to_wait() {
    check(3, || {
        let numbers = channel(1);
        let mut receiver = numbers.join("workers");
        assert!(poll_once(&mut numbers.send(Number(0)).ttl(HOUR)).is_ready());
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(1))).unwrap());
        expire(&numbers);
        sending.join().unwrap();
        assert!(numbers.try_send(Number(2)).is_err(), "it was one place");
        assert_eq!(drain(&mut receiver), [0, 1], "by this clock it has not expired");
        drop((receiver, numbers));
    });
}

/// A message expires while its reader takes it from the inbox, and two senders wait: its place goes to the first of them,
/// once.
#[test]
fn a_place_is_granted_once_by_an_expiry_or_by_whoever_takes_the_message() {
    check(3, || {
        let numbers = channel(2);
        let mut receiver = numbers.join("workers");
        numbers.try_send(Number(0)).unwrap();
        assert!(poll_once(&mut numbers.send(Number(1)).ttl(HOUR)).is_ready());
        assert_eq!(receiver.try_recv().unwrap().0, 0); // 1 is in the inbox now
        numbers.try_send(Number(2)).unwrap();
        let senders = numbers.clone();
        let (mut first, mut second) = (senders.send(Number(3)), senders.send(Number(4)));
        for waiting in [&mut first, &mut second] {
            // Once more, as it yields before it asks to be served.
            assert!(poll_once(waiting).is_pending() && poll_once(waiting).is_pending());
        }
        let taking = thread::spawn(move || {
            assert_eq!(receiver.try_recv().unwrap().0, 1);
            receiver
        });
        expire(&numbers);
        let mut receiver = taking.join().unwrap();
        assert!(numbers.try_send(Number(5)).is_err(), "it was granted");
        assert!(poll_once(&mut first).is_ready(), "to the first");
        assert!(poll_once(&mut second).is_pending(), "and to no other");
        assert_eq!(receiver.try_recv().unwrap().0, 2);
        assert!(poll_once(&mut second).is_ready());
        assert_eq!(drain(&mut receiver), [3, 4]);
        drop((first, second));
        drop((receiver, senders, numbers));
    });
}

// ---- recorders

/// Two senders wait for a recorder that misses nothing, while it waits for them: it is told of each, and so are they.
#[test]
fn a_recorder_that_misses_nothing_and_its_senders_wait_for_each_other_in_turn() {
    check(2, || {
        let numbers = channel(4);
        let mut recorder = numbers.record().lossless(1).open().unwrap();
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let numbers = numbers.clone();
                thread::spawn(move || block_on(numbers.send(Number(n))).unwrap())
            })
            .collect();
        drop(numbers);
        let mut tape = Vec::new();
        while block_on(Box::pin(recorder.filled(1))) > 0 {
            assert_eq!(recorder.drain(&mut tape, 2), 1, "it has room for one");
        }
        for thread in threads {
            thread.join().unwrap();
        }
        let mut got: Vec<_> =
            tape.into_iter().map(|record| record.unwrap()).map(|it| (it.seq, it.message.0)).collect();
        assert!(
            got.iter().map(|(seq, _)| *seq).eq(0..2),
            "{got:?}: in the order of admission, and none missing"
        );
        got.sort_unstable_by_key(|(_, number)| *number);
        assert!(got.iter().map(|(_, number)| *number).eq(0..2), "{got:?}");
    });
}
