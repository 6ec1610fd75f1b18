//! The model checker's suite of channels that bound their bytes; see [`model`](crate::model). A number weighs 4.

use std::{panic::Location, pin::pin, sync::Arc};

use loom::{future::block_on, thread};

use crate::{
    channel::Channel,
    handle::{Budget, Handle, Shared, Traffic},
    model::{Number, check, poll_once},
    stats::ChannelKind,
};

fn channel(name: &str, budget: &Budget, minimum: usize) -> Channel<Number> {
    let traffic = Traffic { budget: Some((budget.clone(), minimum)), ..Traffic::plain() };
    let account = traffic.account(&Arc::from(name)).unwrap().unwrap();
    let shared = Shared::new(name, ChannelKind::Channel, 2, None, traffic, Location::caller());
    shared.charge_to(account);
    Channel::new(Handle::unlisted(shared))
}

/// What a reader of one channel gives back, while a sender of another falls asleep for it.
#[test]
fn a_charge_given_back_wakes_who_waits_for_it() {
    check(2, || {
        let budget = Budget::new("memory", 4);
        let (full, other) = (channel("full", &budget, 0), channel("other", &budget, 0));
        let mut reader = full.join("workers");
        full.try_send(Number(1)).unwrap();
        let taking = thread::spawn(move || reader.try_recv().map(|number| number.0));
        block_on(other.send(Number(2))).unwrap();
        assert_eq!(taking.join().unwrap(), Ok(1));
        assert_eq!(budget.used(), 4);
        drop((full, other));
    });
}

/// A sender gives up while it is granted what it waited for: the next is granted it.
#[test]
fn a_send_that_is_given_up_passes_its_bytes_on() {
    check(2, || {
        let budget = Budget::new("memory", 4);
        let (full, other) = (channel("full", &budget, 0), channel("other", &budget, 0));
        let mut reader = full.join("workers");
        full.try_send(Number(1)).unwrap();
        let first = other.clone();
        let giving_up = thread::spawn(move || {
            let mut send = Box::pin(first.send(Number(2)));
            if poll_once(&mut send).is_ready() {
                return 1;
            }
            drop(send);
            0
        });
        let taking = thread::spawn(move || reader.try_recv().map(|number| number.0));
        let early = giving_up.join().unwrap();
        let mut readers = other.join("workers");
        if early == 1 {
            assert_eq!(readers.try_recv().map(|number| number.0), Ok(2));
        }
        block_on(other.send(Number(3))).unwrap();
        assert_eq!(taking.join().unwrap(), Ok(1));
        assert_eq!(budget.used(), 4);
        drop((full, readers, other));
    });
}

/// A channel closes while one of its senders waits for bytes, or is granted some: it gets its message back, and nothing is
/// charged.
#[test]
fn a_close_turns_away_who_waits_for_bytes() {
    check(2, || {
        let budget = Budget::new("memory", 4);
        let (full, other) = (channel("full", &budget, 0), channel("other", &budget, 0));
        let mut reader = full.join("workers");
        full.try_send(Number(1)).unwrap();
        let closer = other.clone();
        let closing = thread::spawn(move || {
            let _ = reader.try_recv();
            closer.close();
            drop(closer);
        });
        let sent = block_on(other.send(Number(2)));
        closing.join().unwrap();
        assert_eq!(budget.used(), if sent.is_ok() { 4 } else { 0 });
        drop((full, other));
    });
}

/// Two senders and a reader meet at the bytes of one channel, which are fewer than its places.
#[test]
fn senders_and_a_reader_meet_at_the_bytes() {
    check(2, || {
        let budget = Budget::new("memory", 4);
        let numbers = channel("numbers", &budget, 4);
        let mut reader = numbers.join("workers");
        let second = numbers.clone();
        let sending = thread::spawn(move || block_on(second.send(Number(2))).unwrap());
        {
            let mut send = pin!(numbers.send(Number(1)));
            let early = poll_once(&mut send).is_ready();
            let first = block_on(reader.recv()).map(|number| number.0);
            if !early {
                block_on(send).unwrap();
            }
            let last = block_on(reader.recv()).map(|number| number.0);
            let mut got = [first, last];
            got.sort_unstable();
            assert_eq!(got, [Some(1), Some(2)]);
        }
        sending.join().unwrap();
        assert_eq!(budget.used(), 0);
    });
}
