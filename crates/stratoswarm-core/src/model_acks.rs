//! The model checker's suite for groups that acknowledge: whoever settles meets whoever waits, looks, or closes.

use std::time::Duration;

use loom::{future::block_on, thread};

use crate::{
    Receiver, Settled,
    channel::Channel,
    engine::AckPolicy,
    message::Priority,
    model::{Number, channel, poll_once},
    model_classes::laned,
};

fn join(numbers: &Channel<Number>, policy: AckPolicy) -> Receiver<Number> {
    numbers.group("workers").ack(policy).join().unwrap()
}

/// Every interleaving with at most so many preemptions.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

fn assert_conserved(numbers: &Channel<Number>) {
    let info = numbers.info();
    let group = &info.readers[0];
    assert_eq!(group.accepted, group.taken + group.dead + group.skipped.total() + group.left, "{group:?}");
}

/// A delivery that is dropped reaches the member that is about to park, or has.
#[test]
fn what_is_dropped_reaches_a_member_that_waits() {
    check(3, || {
        let numbers = channel(1);
        let mut first = join(&numbers, AckPolicy::explicit());
        let mut second = first.join_again();
        numbers.try_send(Number(7)).unwrap();
        let delivery = first.try_recv().unwrap();
        let dropping = thread::spawn(move || drop(delivery));
        let again = block_on(second.recv()).unwrap();
        assert_eq!((again.attempt(), again.into_message()), (2, Number(7)));
        dropping.join().unwrap();
        assert_conserved(&numbers);
        drop((first, numbers));
    });
}

/// Two are given back while two wait: each gets one.
#[test]
fn two_naks_reach_two_members_that_wait() {
    check(2, || {
        let numbers = channel(2);
        let mut first = join(&numbers, AckPolicy::explicit());
        let mut second = first.join_again();
        let mut third = first.join_again();
        numbers.try_send(Number(0)).unwrap();
        numbers.try_send(Number(1)).unwrap();
        let (zero, one) = (first.try_recv().unwrap(), first.try_recv().unwrap());
        let giving_back = thread::spawn(move || {
            zero.into_acked().1.nak();
            one.into_acked().1.nak();
        });
        let waiting = thread::spawn(move || block_on(second.recv()).unwrap().into_message().0);
        let got = block_on(third.recv()).unwrap().into_message().0;
        assert_eq!(got + waiting.join().unwrap(), 1, "one each");
        giving_back.join().unwrap();
        assert_conserved(&numbers);
        drop((first, numbers));
    });
}

/// An ack makes room for the next delivery: who waits for that gets it, and if it is in the intake still.
#[test]
fn an_ack_wakes_a_member_that_waits_for_its_turn() {
    check(3, || {
        let numbers = channel(2);
        let mut first = join(&numbers, AckPolicy::explicit().max_in_flight(1));
        let mut second = first.join_again();
        numbers.try_send(Number(0)).unwrap();
        let (_, ack) = first.try_recv().unwrap().into_acked();
        numbers.try_send(Number(1)).unwrap();
        let settling = thread::spawn(move || assert_eq!(ack.ack(), Settled::Done));
        assert_eq!(block_on(second.recv()).unwrap().into_message(), Number(1));
        settling.join().unwrap();
        drop((first, numbers));
    });
}

#[test]
fn an_ack_serves_a_sender_that_waits() {
    check(3, || {
        let numbers = channel(1);
        let mut worker = join(&numbers, AckPolicy::explicit());
        numbers.try_send(Number(0)).unwrap();
        let (_, ack) = worker.try_recv().unwrap().into_acked();
        let sender = numbers.clone();
        let sending = thread::spawn(move || block_on(sender.send(Number(1))).unwrap());
        assert_eq!(ack.ack(), Settled::Done);
        sending.join().unwrap();
        assert_eq!(worker.try_recv().unwrap().into_message(), Number(1));
        drop(numbers);
    });
}

/// Either the ack comes first, or the lapse does: never both, never none.
#[test]
fn an_ack_and_a_lapse_do_not_both_count() {
    check(4, || {
        let numbers = channel(1);
        let mut first = join(&numbers, AckPolicy::explicit().ack_wait(Duration::ZERO));
        let mut second = first.join_again();
        numbers.try_send(Number(0)).unwrap();
        let (_, ack) = first.try_recv().unwrap().into_acked();
        let settling = thread::spawn(move || ack.ack());
        let again = second.try_recv().ok();
        let settled = settling.join().unwrap();
        assert_eq!(settled == Settled::Lapsed, again.is_some());
        assert_conserved(&numbers);
        if let Some(again) = again {
            assert_eq!(again.attempt(), 2);
            assert_eq!(again.into_acked().1.ack(), Settled::Done);
        }
        assert_eq!(numbers.info().readers[0].taken, 1);
        drop((first, numbers));
    });
}

/// After the close all comes that is given back, whatever its delay, and then the end.
#[test]
fn what_is_given_back_at_the_close_comes_before_the_end() {
    check(3, || {
        let numbers = channel(1);
        let mut first = join(&numbers, AckPolicy::explicit());
        let mut second = first.join_again();
        numbers.try_send(Number(0)).unwrap();
        let (_, ack) = first.try_recv().unwrap().into_acked();
        let closing = thread::spawn(move || numbers.close());
        let giving_back = thread::spawn(move || assert_eq!(ack.nak(), Settled::Done));
        let again = block_on(second.recv()).unwrap();
        assert_eq!(again.attempt(), 2);
        again.into_message();
        closing.join().unwrap();
        giving_back.join().unwrap();
        assert!(block_on(second.recv()).is_none());
        drop(first);
    });
}

/// The last ack after the close ends the wait of another member.
#[test]
fn the_last_ack_is_the_end_for_a_member_that_waits() {
    check(3, || {
        let numbers = channel(1);
        let mut first = join(&numbers, AckPolicy::explicit());
        let mut second = first.join_again();
        numbers.try_send(Number(0)).unwrap();
        let (_, ack) = first.try_recv().unwrap().into_acked();
        let closing = thread::spawn(move || numbers.close());
        let settling = thread::spawn(move || assert_eq!(ack.ack(), Settled::Done));
        assert!(block_on(second.recv()).is_none());
        closing.join().unwrap();
        settling.join().unwrap();
        drop(first);
    });
}

/// A key that is given back reaches the member that waits for it.
#[test]
fn a_key_that_is_given_back_reaches_a_member_that_waits() {
    check(3, || {
        let numbers = channel(2);
        let mut first = numbers.group("workers").ordered_by(|_| 0).join().unwrap();
        let mut second = first.join_again();
        numbers.try_send(Number(0)).unwrap();
        numbers.try_send(Number(1)).unwrap();
        let delivery = first.try_recv().unwrap();
        let dropping = thread::spawn(move || drop(delivery));
        assert_eq!(block_on(second.recv()).unwrap().into_message(), Number(1));
        dropping.join().unwrap();
        drop((first, numbers));
    });
}

/// A delivery is dropped while another member, which may have one at a time, is about to park, and a message of a more urgent
/// lane comes: it is woken for whatever may be handed out, and gets both.
#[test]
fn what_is_dropped_in_a_lane_reaches_a_member_that_waits_for_its_turn() {
    check(3, || {
        let numbers = laned();
        let mut first = join(&numbers, AckPolicy::explicit().max_in_flight(1));
        let mut second = first.join_again();
        numbers.try_send(Number(0)).unwrap();
        let delivery = first.try_recv().unwrap();
        assert!(poll_once(&mut numbers.send(Number(10)).priority(Priority::Critical)).is_ready());
        let dropping = thread::spawn(move || drop(delivery));
        let got: Vec<_> = (0..2)
            .map(|_| block_on(second.recv()).unwrap())
            .map(|delivery| (delivery.attempt(), delivery.into_message().0))
            .collect();
        assert_eq!(got, [(1, 10), (2, 0)], "the more urgent one first");
        dropping.join().unwrap();
        assert_conserved(&numbers);
        drop((first, numbers));
    });
}

/// With keys and a delay that the close ends: a delivery is dropped while the channel closes and another member is about to park.
/// It comes again, then what has waited for its key, then the end.
#[test]
fn what_is_dropped_with_its_key_at_the_close_comes_before_what_waits_for_it() {
    check(2, || {
        let numbers = channel(2);
        let policy = AckPolicy::explicit().backoff([Duration::from_secs(3600)]);
        let mut first = numbers.group("workers").ack(policy).ordered_by(|_| 0).join().unwrap();
        let mut second = first.join_again();
        numbers.try_send(Number(0)).unwrap();
        numbers.try_send(Number(1)).unwrap();
        let delivery = first.try_recv().unwrap();
        let closing = numbers.clone();
        let closing = thread::spawn(move || closing.close());
        let dropping = thread::spawn(move || drop(delivery));
        for expected in [(2, 0), (1, 1)] {
            let delivery = block_on(second.recv()).unwrap();
            assert_eq!((delivery.attempt(), delivery.into_message().0), expected);
        }
        assert!(block_on(second.recv()).is_none());
        closing.join().unwrap();
        dropping.join().unwrap();
        assert_conserved(&numbers);
        drop((first, numbers));
    });
}
