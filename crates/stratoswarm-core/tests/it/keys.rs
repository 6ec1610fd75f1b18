//! Groups with keys: one message of a key at a time, or keys that take turns.

use crate::{
    acks::ms,
    fixtures::{Number, channel, is_full, park, put, reader, woken},
    model::config,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use stratoswarm_core::{
    AckPolicy, Channel, Delivery, Fabric, JoinError, ReaderKind, Receiver, RequestError, Settlement,
    TryRecvError,
};
use tokio::time::advance;
use tokio_test::task;

/// The key of a number: its tens.
fn key(number: &Number) -> u64 {
    number.0 / 10
}

fn ordered(jobs: &Channel<Number>) -> Receiver<Number> {
    jobs.group("workers").ordered_by(key).join().unwrap()
}

fn fair(jobs: &Channel<Number>) -> Receiver<Number> {
    jobs.group("workers").fair_by(key).join().unwrap()
}

#[track_caller]
fn take(worker: &mut Receiver<Number>) -> Delivery<Number> {
    worker.try_recv().expect("a delivery is ready")
}

#[track_caller]
fn assert_empty(worker: &mut Receiver<Number>) {
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
}

// ---- ordered_by

#[test]
fn of_one_key_there_is_one_delivery_at_a_time() {
    let jobs = channel(8);
    let mut first = ordered(&jobs);
    let mut second = jobs.join("workers");
    put(&jobs, [10, 11, 20, 12]);
    let ten = take(&mut first);
    let twenty = take(&mut second);
    assert_eq!((ten.0, twenty.0), (10, 20));
    assert_empty(&mut first);
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.taken, group.behind, group.left, group.in_flight), (2, 2, 2, 2));
    let mut waiting = task::spawn(second.recv());
    park(&mut waiting);
    drop(ten);
    let eleven = woken(&mut waiting).unwrap();
    assert_eq!(eleven.0, 11, "to any member");
    drop(waiting);
    assert_empty(&mut first);
    let (_, reply) = eleven.into_parts();
    assert_empty(&mut first);
    drop(reply);
    assert_eq!(take(&mut first).into_message().0, 12);
}

#[test]
fn what_was_handed_out_takes_no_place_if_it_need_not_be_acknowledged() {
    let jobs = channel(2);
    let mut worker = ordered(&jobs);
    put(&jobs, [10, 11]);
    let held = take(&mut worker);
    assert_empty(&mut worker);
    assert_eq!(jobs.len(), 1);
    put(&jobs, [12]);
    assert!(is_full(&jobs), "what waits for its key holds a place");
    let mut sending = task::spawn(jobs.send(Number(20)));
    park(&mut sending);
    drop(held);
    assert!(!sending.is_woken());
    let _held = take(&mut worker);
    assert_eq!(woken(&mut sending), Ok(()));
}

#[test]
fn a_hot_key_does_not_stop_the_others() {
    let jobs = channel(100);
    let mut worker = ordered(&jobs);
    put(&jobs, [10; 50]);
    put(&jobs, [20, 30]);
    let hot = take(&mut worker);
    assert_eq!(take(&mut worker).into_message().0, 20);
    assert_eq!(take(&mut worker).into_message().0, 30);
    assert_empty(&mut worker);
    drop(hot);
    assert_eq!(worker.try_iter().count(), 49, "each is dropped before the next is asked for");
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_comes_before_later_ones_of_its_key_and_holds_it_while_it_is_delayed() {
    let jobs = channel(8);
    let policy = AckPolicy::explicit().backoff([ms(50)]);
    let mut worker = jobs.group("workers").ack(policy).ordered_by(key).join().unwrap();
    put(&jobs, [10, 11, 20]);
    drop(take(&mut worker));
    assert_eq!(take(&mut worker).into_message().0, 20);
    assert_empty(&mut worker);
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.delayed, group.behind, group.unsettled, group.taken), (1, 1, 0, 1));
    advance(ms(51)).await;
    let again = take(&mut worker);
    assert_eq!((again.0, again.attempt()), (10, 2));
    assert_empty(&mut worker);
    again.into_acked().1.term("no");
    assert_eq!(take(&mut worker).into_message().0, 11);
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).left, 0);
}

#[tokio::test(start_paused = true)]
async fn requests_with_keys_are_answered_or_told() {
    let jobs = channel(8);
    let mut worker = ordered(&jobs);
    let mut first = task::spawn(jobs.request(Number(10)));
    let mut second = task::spawn(jobs.request(Number(11)));
    park(&mut first);
    park(&mut second);
    let delivery = take(&mut worker);
    assert!(delivery.is_request());
    assert_empty(&mut worker);
    delivery.reply(1);
    assert_eq!(woken(&mut first), Ok(1));
    drop(take(&mut worker));
    assert_eq!(woken(&mut second), Err(RequestError::Unanswered), "nothing is acknowledged here");
    let mut third = task::spawn(jobs.request(Number(12)));
    park(&mut third);
    drop(third); // gone before its turn
    put(&jobs, [13]);
    assert_eq!(take(&mut worker).0, 13);
}

#[test]
fn a_group_that_only_has_keys_settles_nothing() {
    let jobs = channel(8);
    let mut worker = ordered(&jobs);
    let mut sending = task::spawn(jobs.send(Number(1)).settled());
    assert!(matches!(sending.poll(), std::task::Poll::Ready(Ok(Settlement::Acked))));
    let (_, ack) = take(&mut worker).into_acked();
    ack.nak();
    assert_empty(&mut worker);
}

#[test]
fn closing_drains_what_waits_for_its_key() {
    let jobs = channel(8);
    let mut worker = ordered(&jobs);
    put(&jobs, [10, 11]);
    let held = take(&mut worker);
    jobs.close();
    assert_empty(&mut worker);
    drop(held);
    assert_eq!(take(&mut worker).into_message().0, 11);
    assert_eq!(worker.try_recv().err(), Some(TryRecvError::Closed));
}

#[test]
fn a_message_whose_key_panics_has_one_of_its_own() {
    crate::fixtures::panics();
    let jobs = channel(8);
    let panicking = |number: &Number| {
        assert!(number.0 != 11, "as the test wants it");
        1_u8
    };
    let mut worker = jobs.group("workers").ordered_by(panicking).join().unwrap();
    put(&jobs, [10, 11, 12]);
    let (ten, eleven) = (take(&mut worker), take(&mut worker));
    assert_eq!((ten.0, eleven.0), (10, 11));
    assert_empty(&mut worker);
}

#[test]
fn keys_are_compared_and_not_only_hashed() {
    #[derive(Clone, PartialEq, Eq)]
    struct Same(u64);
    impl std::hash::Hash for Same {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            state.write_u8(7);
        }
    }
    let jobs = channel(8);
    let mut worker = jobs.group("workers").ordered_by(|number: &Number| Same(number.0)).join().unwrap();
    put(&jobs, [1, 2, 1]);
    let _held = (take(&mut worker), take(&mut worker));
    assert_empty(&mut worker);
}

// ---- fair_by

#[test]
fn keys_take_turns() {
    let jobs = channel(100);
    let mut worker = fair(&jobs);
    put(&jobs, 10..20);
    assert_eq!(take(&mut worker).0, 10);
    put(&jobs, [20, 21, 30]);
    let order: Vec<_> = worker.try_iter().map(|it| it.0).take(7).collect();
    assert_eq!(order, [11, 20, 30, 12, 21, 13, 14]);
}

#[test]
fn turns_are_taken_beyond_a_batch_and_beside_other_readers() {
    let jobs = channel(1000);
    let mut worker = fair(&jobs);
    let mut other = jobs.subscribe();
    put(&jobs, [10; 500]);
    put(&jobs, [20]);
    let first = take(&mut worker).0;
    assert_eq!([first, take(&mut worker).0], [10, 20]);
    let rest: Vec<_> = worker.try_iter().map(|it| it.0).collect();
    assert_eq!(rest, [10; 499]);
    assert_eq!(std::iter::from_fn(|| other.try_recv().ok()).count(), 501);
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.taken, group.left), (501, 0));
}

#[test]
fn a_waiting_member_is_woken_for_its_turn() {
    let jobs = channel(8);
    let mut worker = fair(&jobs);
    let mut waiting = task::spawn(worker.recv());
    park(&mut waiting);
    put(&jobs, [10]);
    assert_eq!(woken(&mut waiting).unwrap().0, 10);
}

#[test]
fn with_acks_what_came_back_is_the_first_of_its_key() {
    let jobs = channel(8);
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).fair_by(key).join().unwrap();
    put(&jobs, [10, 11, 20]);
    drop(take(&mut worker));
    let order: Vec<_> = worker.try_iter().map(|it| (it.attempt(), it.into_message().0)).collect();
    assert_eq!(order, [(1, 20), (2, 10), (1, 11)]);
}

// ---- joining

#[test]
fn a_group_is_ordered_or_fair_and_stays_so() {
    let jobs = channel(8);
    let both = jobs.group("workers").ordered_by(key).fair_by(key).join().err();
    assert!(matches!(both, Some(JoinError::Incompatible { option: "fair_by", with: "ordered_by" })));
    let _worker = ordered(&jobs);
    let (_same, _silent) = (ordered(&jobs), jobs.join("workers"));
    assert_eq!(jobs.group("workers").fair_by(key).join().err(), Some(JoinError::Conflict));
    let other = jobs.group("workers").ordered_by(|number: &Number| number.0.to_string()).join();
    assert_eq!(other.err(), Some(JoinError::Conflict));
    assert_eq!(jobs.group("workers").ack(AckPolicy::explicit()).join().err(), Some(JoinError::Conflict));
    let _plain = jobs.join("plain");
    assert_eq!(jobs.group("plain").ordered_by(key).join().err(), Some(JoinError::Conflict));
}

#[test]
fn keys_that_have_nothing_are_few() {
    use std::sync::Arc;
    let jobs = Fabric::new().channel::<Number>("jobs").open().unwrap();
    let keys = Arc::new(());
    let of_all = Arc::clone(&keys);
    let mut worker = jobs
        .group("workers")
        .ordered_by(move |number: &Number| (key(number), Arc::clone(&of_all)))
        .join()
        .unwrap();
    put(&jobs, [10, 11, 20]);
    let ten = take(&mut worker);
    let twenty = take(&mut worker);
    assert_empty(&mut worker);
    assert_eq!(Arc::strong_count(&keys), 2 + 2 * 2);
    drop((ten, twenty));
    drop(take(&mut worker));
    for number in (1000..20_000).step_by(10) {
        put(&jobs, [number]);
        drop(take(&mut worker));
        assert!(Arc::strong_count(&keys) <= 2 + 2 * 65);
    }
    let held: Vec<_> = (0..200).map(|key| 10 * key).collect();
    put(&jobs, held.iter().copied());
    let held: Vec<_> = held.iter().map(|_| take(&mut worker)).collect();
    put(&jobs, (0..1000).map(|key| 10_000 + 10 * key));
    (0..1000).for_each(|_| drop(take(&mut worker)));
    let (many, most) = (Arc::strong_count(&keys), 2 + 2 * (200 + 2 * 200 + 1));
    assert!((2 + 2 * 264..=most).contains(&many), "beside 200 that have something: {many}");
    drop((worker, jobs, held));
    assert_eq!(Arc::strong_count(&keys), 1);
}

/// Looks at its channel when it is dropped, as is forbidden under a lock.
#[derive(Clone)]
struct Nosy(u64, Option<stratoswarm_core::WeakChannel<Nosy>>);

impl stratoswarm_core::Message for Nosy {
    type Reply = stratoswarm_core::NoReply;
}

impl Drop for Nosy {
    fn drop(&mut self) {
        if let Some(channel) = self.1.as_ref().and_then(stratoswarm_core::WeakChannel::upgrade) {
            channel.len();
        }
    }
}

#[test]
fn a_message_whose_key_is_taken_is_not_cloned_and_dropped_under_a_lock() {
    let jobs = Fabric::new().channel::<Nosy>("jobs").capacity(8).open().unwrap();
    let policy = AckPolicy::explicit();
    let mut worker = jobs.group("workers").ack(policy).ordered_by(|job: &Nosy| job.0).join().unwrap();
    for key in [1, 1, 2] {
        assert!(jobs.try_send(Nosy(key, Some(jobs.downgrade()))).is_ok());
    }
    let first = worker.try_recv().ok().unwrap();
    let other = worker.try_recv().ok().unwrap();
    assert_eq!((first.0, other.0), (1, 2));
    assert!(worker.try_recv().is_err());
    other.into_message();
    first.into_message();
    assert_eq!(worker.try_recv().ok().map(|job| job.into_message().0), Some(1));
}

// ---- random lists of operations

#[derive(Debug, Clone)]
enum Operation {
    Send(u64),
    Take,
    Drop(usize),
    Nak(usize),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = (0..10_u8, 0..4_u64, 0..6_usize).prop_map(|(kind, key, index)| match kind {
        0..=3 => Operation::Send(key),
        4..=6 => Operation::Take,
        7..=8 => Operation::Drop(index),
        _ => Operation::Nak(index),
    });
    prop::collection::vec(operation, 1..150)
}

proptest! {
    #![proptest_config(config(1_000, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/keys.txt")))]

    /// Of those whose key is free the lowest number comes next, whether it came back, waited for its key, or is new.
    #[test]
    fn one_of_a_key_at_a_time_in_their_order(acks in any::<bool>(), beside in any::<bool>(), operations in operations()) {
        let jobs = channel(20);
        let group = jobs.group("workers").ordered_by(key);
        let mut worker = if acks { group.ack(AckPolicy::explicit().max_deliver(u32::MAX)).join().unwrap() } else { group.join().unwrap() };
        let mut other = beside.then(|| jobs.subscribe());
        let (mut sent, mut waiting) = (0, BTreeSet::new());
        let mut back = BTreeSet::new();
        let mut held: Vec<(u64, u64, Delivery<Number>)> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Send(of) => {
                    if jobs.try_send(Number(of * 10)).is_ok() {
                        waiting.insert((sent, of));
                        sent += 1;
                    }
                    if let Some(other) = &mut other {
                        while other.try_recv().is_ok() {}
                    }
                }
                Operation::Take => {
                    let free = |(_, of): &&(u64, u64)| held.iter().all(|(_, busy, _)| busy != of);
                    let expected = waiting.iter().chain(&back).filter(free).min().copied();
                    let got = worker.try_recv().ok();
                    prop_assert_eq!(got.as_ref().map(|it| (it.seq(), it.0 / 10)), expected);
                    if let (Some((number, of)), Some(delivery)) = (expected, got) {
                        waiting.remove(&(number, of));
                        back.remove(&(number, of));
                        held.push((number, of, delivery));
                    }
                }
                Operation::Drop(index) if !held.is_empty() => {
                    let (.., delivery) = held.swap_remove(index % held.len());
                    delivery.into_message();
                }
                Operation::Nak(index) if !held.is_empty() => {
                    let (number, of, delivery) = held.swap_remove(index % held.len());
                    drop(delivery);
                    if acks {
                        back.insert((number, of));
                    }
                }
                _ => {}
            }
            let info = jobs.info();
            let group = info.readers.iter().find(|it| it.name == "workers").unwrap();
            let unsettled = if acks { held.len() } else { 0 };
            prop_assert_eq!(group.left as usize, waiting.len() + back.len() + unsettled);
            prop_assert_eq!(group.accepted, group.taken + group.left);
        }
    }

    #[test]
    fn keys_that_have_something_take_turns(acks in any::<bool>(), beside in any::<bool>(), operations in operations()) {
        let jobs = channel(200);
        let group = jobs.group("workers").fair_by(key);
        let mut worker = if acks { group.ack(AckPolicy::explicit()).join().unwrap() } else { group.join().unwrap() };
        let mut other = beside.then(|| jobs.subscribe());
        let mut flows: BTreeMap<u64, VecDeque<u64>> = BTreeMap::new();
        // How many of each other key were handed out since this key had something to hand out and was not.
        let mut passed: BTreeMap<u64, BTreeMap<u64, u32>> = BTreeMap::new();
        let mut sent = 0;
        for operation in operations {
            match operation {
                Operation::Send(of) => {
                    jobs.try_send(Number(of * 10)).unwrap();
                    flows.entry(of).or_default().push_back(sent);
                    passed.entry(of).or_default();
                    sent += 1;
                }
                Operation::Take => {
                    let got = worker.try_recv().ok().map(|it| (it.seq(), it.into_message().0 / 10));
                    prop_assert_eq!(got.is_none(), flows.is_empty());
                    if let Some((number, of)) = got {
                        let flow = flows.get_mut(&of).unwrap();
                        prop_assert_eq!(flow.pop_front(), Some(number), "in the order of the key");
                        passed.remove(&of);
                        if flow.is_empty() { flows.remove(&of); } else { passed.insert(of, BTreeMap::new()); }
                        for counts in passed.iter_mut().filter(|(other, _)| **other != of).map(|(_, counts)| counts) {
                            let count = counts.entry(of).or_default();
                            *count += 1;
                            prop_assert!(*count <= 1, "one key was overtaken twice by {of}");
                        }
                    }
                }
                Operation::Drop(_) | Operation::Nak(_) => {
                    if let Some(other) = &mut other {
                        let _ = other.try_recv();
                    }
                }
            }
        }
    }
}
