//! Handles that take turns: freed places go round robin over them.

use crate::fixtures::{Number, channel, park, put, ready, take, take_all, woken};
use proptest::prelude::*;
use std::{collections::VecDeque, pin::Pin};
use stratoswarm_core::{Channel, Fabric, OpenError, Priority, SendError, Sending};
use tokio_test::task::{self, Spawn};

fn fair(capacity: usize) -> Channel<Number> {
    Fabric::new().channel("numbers").capacity(capacity).no_default_timeout().fair_senders().open().unwrap()
}

fn parked(
    channel: &Channel<Number>,
    numbers: impl IntoIterator<Item = u64>,
) -> Vec<Spawn<Sending<'_, Number>>> {
    let sends = numbers.into_iter().map(|number| {
        let mut send = task::spawn(channel.send(Number(number)));
        park(&mut send);
        send
    });
    sends.collect()
}

/// Takes everything, and polls those that are woken.
fn drain(
    worker: &mut stratoswarm_core::Receiver<Number>,
    sends: &mut [Spawn<Sending<'_, Number>>],
) -> Vec<u64> {
    let mut taken = Vec::new();
    while let Ok(number) = worker.try_recv() {
        taken.push(number.0);
        for send in sends.iter_mut().filter(|send| send.is_woken()) {
            assert_eq!(ready(send), Ok(()));
        }
    }
    taken
}

#[test]
fn freed_places_go_round_robin_over_handles() {
    let a = fair(1);
    let (b, c, mut worker) = (a.clone(), a.clone(), a.join("workers"));
    put(&a, [0]);
    let mut sends = parked(&a, [10, 11, 12, 13]);
    sends.extend(parked(&b, [20, 21]));
    sends.extend(parked(&c, [30]));
    assert_eq!(drain(&mut worker, &mut sends), [0, 10, 20, 30, 11, 21, 12, 13]);
    assert_eq!(a.info().blocked_senders, 0);
}

#[test]
fn without_the_option_they_go_to_the_longest_waiting() {
    let a = channel(1);
    let (b, mut worker) = (a.clone(), a.join("workers"));
    put(&a, [0]);
    let mut sends = parked(&a, [10, 11]);
    sends.extend(parked(&b, [20]));
    assert_eq!(drain(&mut worker, &mut sends), [0, 10, 11, 20]);
}

#[test]
fn who_comes_back_is_behind_those_that_wait() {
    let a = fair(1);
    let (b, mut worker) = (a.clone(), a.join("workers"));
    put(&a, [0]);
    let mut first = parked(&a, [10, 11, 12]);
    let mut second = parked(&b, [20]);
    assert_eq!(take(&mut worker), 0);
    assert_eq!(woken(&mut first[0]), Ok(()));
    assert_eq!(take(&mut worker), 10);
    assert_eq!(woken(&mut second[0]), Ok(()));
    let mut again = parked(&b, [21]);
    assert_eq!(take(&mut worker), 20);
    assert_eq!(woken(&mut first[1]), Ok(()));
    assert_eq!(take(&mut worker), 11);
    assert_eq!(woken(&mut again[0]), Ok(()));
    assert_eq!(take(&mut worker), 21);
    assert_eq!(woken(&mut first[2]), Ok(()));
}

#[test]
fn a_granted_place_is_nobody_elses_there_either() {
    let a = fair(1);
    let (b, mut worker) = (a.clone(), a.join("workers"));
    put(&a, [0]);
    let mut first = parked(&a, [10]);
    assert_eq!(take(&mut worker), 0);
    assert!(b.try_send(Number(99)).is_err());
    let mut second = parked(&b, [20]);
    drop(first.pop()); // granted, and dropped
    assert_eq!(woken(&mut second[0]), Ok(()));
    assert_eq!(take_all(&mut worker), [20]);
}

#[test]
fn permits_batches_and_requests_take_turns_like_sends() {
    let a = fair(2);
    let (b, c, d) = (a.clone(), a.clone(), a.clone());
    let mut worker = a.join("workers");
    put(&a, [0, 1]);
    let mut sends = parked(&a, [10, 11]);
    let mut reserve = task::spawn(b.reserve());
    let mut request = task::spawn(c.request(Number(30)));
    let mut batch = vec![Number(40), Number(41)];
    let mut many = task::spawn(d.send_many(&mut batch));
    park(&mut reserve);
    park(&mut request);
    park(&mut many);
    assert_eq!(take(&mut worker), 0);
    assert_eq!(woken(&mut sends[0]), Ok(()));
    assert_eq!(take(&mut worker), 1);
    woken(&mut reserve).unwrap().send(Number(20));
    assert_eq!(take(&mut worker), 10);
    assert!(request.is_woken() && request.poll().is_pending(), "it is sent, and waits for its reply");
    assert_eq!(take(&mut worker), 20);
    assert!(many.is_woken() && many.poll().is_pending());
    let asked = worker.try_recv().unwrap();
    assert!(asked.is_request());
    assert_eq!(woken(&mut sends[1]), Ok(()), "its handle's second turn comes before the batch's");
    drop((asked, many));
    assert_eq!(batch, [Number(41)]);
    assert_eq!(take_all(&mut worker), [40, 11]);
}

#[test]
fn requests_that_waited_for_a_group_take_their_handles_turns() {
    let a = fair(1);
    let b = a.clone();
    let mut first = [task::spawn(a.request(Number(10))), task::spawn(a.request(Number(11)))];
    let mut second = task::spawn(b.request(Number(20)));
    first.iter_mut().for_each(park);
    park(&mut second);
    let mut worker = a.join("workers");
    let mut taken = Vec::new();
    for _ in 0..3 {
        for request in first.iter_mut().chain([&mut second]).filter(|request| request.is_woken()) {
            assert!(request.poll().is_pending());
        }
        taken.push(worker.try_recv().unwrap().into_parts());
    }
    assert_eq!(taken.iter().map(|(number, _)| number.0).collect::<Vec<_>>(), [10, 20, 11]);
}

#[test]
fn each_lane_has_turns_of_its_own() {
    let fabric = Fabric::new();
    let a: Channel<Number> =
        fabric.channel("numbers").capacity(1).lane(Priority::Critical, 1).fair_senders().open().unwrap();
    let (b, mut worker) = (a.clone(), a.join("workers"));
    put(&a, [0]);
    ready(&mut task::spawn(a.send(Number(1)).priority(Priority::Critical))).unwrap();
    let mut sends = parked(&a, [10, 11]);
    sends.extend(parked(&b, [20]));
    for (handle, number) in [(&a, 100), (&a, 101), (&b, 200)] {
        let mut send = task::spawn(handle.send(Number(number)).priority(Priority::Critical));
        park(&mut send);
        sends.push(send);
    }
    assert_eq!(drain(&mut worker, &mut sends), [1, 100, 200, 101, 0, 10, 20, 11]);
}

#[test]
fn the_close_turns_all_of_them_away() {
    let a = fair(1);
    let (b, mut worker) = (a.clone(), a.join("workers"));
    put(&a, [0]);
    let (mut first, mut second) = (parked(&a, [10, 11]), parked(&b, [20]));
    a.close();
    for (send, number) in first.iter_mut().chain(&mut second).zip([10, 11, 20]) {
        assert_eq!(woken(send), Err(SendError(Number(number))));
    }
    assert_eq!(take_all(&mut worker), [0]);
}

#[test]
fn that_handles_take_turns_is_an_option_like_others() {
    let fabric = Fabric::new();
    let fair = fabric.channel::<Number>("fair").fair_senders().open().unwrap();
    assert!(fabric.channel::<Number>("fair").open().unwrap().same_channel(&fair));
    let plain = fabric.channel::<Number>("plain").open().unwrap();
    let refused = fabric.channel::<Number>("plain").fair_senders().open();
    assert!(
        matches!(&refused, Err(OpenError::Conflict { asked, .. }) if asked.contains("fair senders")),
        "{refused:?}"
    );
    drop(plain);
}

// ---- beside a model

const HANDLES: usize = 4;

type Boxed<'a> = Pin<Box<Sending<'a, Number>>>;

proptest! {
    /// A list of handles with what they wait for, of which the first is served and goes to the end.
    #[test]
    fn handles_take_turns_whatever_comes_and_goes(steps in prop::collection::vec((0..6u8, 0..HANDLES, any::<prop::sample::Index>()), 0..120)) {
        let handles: Vec<_> = std::iter::successors(Some(fair(2)), |it| Some(it.clone())).take(HANDLES).collect();
        let mut worker = handles[0].join("workers");
        let mut queue = VecDeque::new();
        let mut model: Vec<(usize, Vec<u64>)> = Vec::new();
        let mut sends: Vec<(u64, Spawn<Boxed<'_>>)> = Vec::new();
        let mut next = 0;
        for (step, handle, which) in steps {
            match step {
                0..=2 => {
                    next += 1;
                    let mut send = task::spawn(Box::pin(handles[handle].send(Number(next))));
                    if queue.len() < 2 {
                        prop_assert_eq!(ready(&mut send), Ok(()));
                        queue.push_back(next);
                        continue;
                    }
                    park(&mut send);
                    sends.push((next, send));
                    match model.iter_mut().find(|(other, _)| *other == handle) {
                        Some((_, waits)) => waits.push(next),
                        None => model.push((handle, vec![next])),
                    }
                }
                3 if !sends.is_empty() => {
                    let (gone, send) = sends.swap_remove(which.index(sends.len()));
                    drop(send);
                    for (_, waits) in &mut model {
                        waits.retain(|other| *other != gone);
                    }
                    model.retain(|(_, waits)| !waits.is_empty());
                }
                _ => {
                    let expected = queue.pop_front();
                    prop_assert_eq!(worker.try_recv().ok().map(|number| number.0), expected);
                    if expected.is_none() || model.is_empty() {
                        continue;
                    }
                    let (handle, mut waits) = model.remove(0);
                    let served = waits.remove(0);
                    if !waits.is_empty() {
                        model.push((handle, waits));
                    }
                    let at = sends.iter().position(|(number, _)| *number == served).unwrap();
                    let (_, mut send) = sends.swap_remove(at);
                    prop_assert_eq!(woken(&mut send), Ok(()));
                    queue.push_back(served);
                }
            }
            prop_assert!(sends.iter().all(|(_, send)| !send.is_woken()));
        }
    }
}
