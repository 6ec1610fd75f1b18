//! A choice between several calls, of which one happens. Go has it in the language; here it is `tokio::select!` over
//! `recv` and `reserve`, whose losers are dropped: what was theirs must go to somebody else.

use crate::{
    fixtures::{park, ready, without_deadlock, woken},
    terms::{all, drained, next, recv},
};
use futures::future::{Either, select};
use std::{collections::HashSet, sync::Barrier, thread};
use stratoswarm_core::{Channel, Delivery, Receiver, TryRecvError, TrySendError, channel};
use tokio::{runtime::Builder, task::JoinSet};
use tokio_test::task;

fn channels<const N: usize>(capacities: [usize; N]) -> [Channel<u32>; N] {
    capacities.map(channel)
}

fn readers<const N: usize>(channels: &[Channel<u32>; N]) -> [Receiver<u32>; N] {
    channels.each_ref().map(|channel| channel.join("workers"))
}

/// Runs it on a runtime of its own and fails if it hangs.
fn on_two_threads(work: impl Future<Output = ()> + Send + 'static) {
    without_deadlock(|| Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(work));
}

/// Sends `count` numbers to each of them, in the order in which there is room.
async fn send_by_choice(to: [Channel<u32>; 4], count: u32) {
    let mut sent = [0; 4];
    while sent.iter().any(|&sent| sent < count) {
        let (which, permit) = tokio::select! {
            permit = to[0].reserve(), if sent[0] < count => (0, permit),
            permit = to[1].reserve(), if sent[1] < count => (1, permit),
            permit = to[2].reserve(), if sent[2] < count => (2, permit),
            permit = to[3].reserve(), if sent[3] < count => (3, permit),
        };
        permit.unwrap().send(sent[which]);
        sent[which] += 1;
    }
}

/// Takes from whichever has something, until `each` of them gave so many, or all are at their end.
async fn take_by_choice(from: [Receiver<u32>; 4], each: usize) -> [Vec<u32>; 4] {
    let [mut a, mut b, mut c, mut d] = from;
    let mut taken = [const { Vec::new() }; 4];
    let mut open = [true; 4];
    while open.contains(&true) {
        let (which, next) = tokio::select! {
            next = recv(&mut a), if open[0] => (0, next),
            next = recv(&mut b), if open[1] => (1, next),
            next = recv(&mut c), if open[2] => (2, next),
            next = recv(&mut d), if open[3] => (3, next),
        };
        open[which] = next.is_some();
        taken[which].extend(next);
        open[which] &= taken[which].len() < each;
    }
    taken
}

// ---- which one happens

#[test]
fn of_two_sends_that_are_tried_each_happens_once_and_then_none() {
    let [a, b] = channels([1, 1]);
    let [mut of_a, mut of_b] = readers(&[a.clone(), b.clone()]);
    let choose = |channels: &[&Channel<u32>], value| {
        let mut refused = value;
        for channel in channels {
            match channel.try_send(refused) {
                Ok(()) => return true,
                Err(full) => refused = full.into_inner(),
            }
        }
        false
    };
    assert!(choose(&[&a, &b], 1) && choose(&[&a, &b], 2) && !choose(&[&a, &b], 4));
    assert_eq!(next(&mut of_a) | next(&mut of_b), 3);
    assert!(choose(&[&a], 8) && !choose(&[&a], 16));
    assert_eq!((all(&mut of_a), all(&mut of_b)), (vec![8], vec![]));
}

#[tokio::test]
async fn the_one_that_is_ready_happens() {
    let [with, without] = channels([1, 1]);
    let [mut of_with, mut of_without] = readers(&[with.clone(), without.clone()]);
    with.try_send(42).unwrap();
    tokio::select! {
        _ = of_without.recv() => panic!("there is nothing"),
        next = recv(&mut of_with) => assert_eq!(next, Some(42)),
    }
}

#[tokio::test]
async fn where_two_are_ready_each_happens_about_as_often() {
    const TRIALS: u32 = 2000;
    let all = channels([TRIALS as usize + 1, TRIALS as usize + 1, 1, 1]);
    let [mut a, mut b, mut c, mut d] = readers(&all);
    (0..=TRIALS).for_each(|n| all[..2].iter().for_each(|channel| channel.try_send(n).unwrap()));
    let mut of_a = 0;
    for _ in 0..TRIALS {
        tokio::select! {
            _ = a.recv() => of_a += 1,
            _ = c.recv() => panic!("there is nothing"),
            _ = b.recv() => {} // the macro looks from a random one on, so those between decide
            _ = d.recv() => panic!("there is nothing"),
        }
    }
    // Once in 100,000 runs a fair choice is further off than that.
    let off = (f64::from(of_a) / f64::from(TRIALS) - 0.5).abs();
    assert!(off < 4.4172 / (2.0 * f64::from(TRIALS).sqrt()), "{of_a} of {TRIALS}");
}

#[tokio::test]
async fn of_two_sends_to_one_channel_one_happens_and_neither_always() {
    for capacity in 1..50 {
        let channel = channel::<u32>(capacity);
        let mut worker = channel.join("workers");
        let mut sum = 0;
        for _ in 0..100 {
            tokio::select! {
                sent = channel.send(0) => sent.unwrap(),
                sent = channel.send(1) => sent.unwrap(),
            }
            sum += next(&mut worker);
            assert!(worker.is_empty(), "the other was not sent");
        }
        assert!((10..=90).contains(&sum), "{sum} of 100 with capacity {capacity}");
    }
}

// ---- what the others leave behind

#[tokio::test]
async fn a_choice_leaves_nothing_behind_where_it_did_not_happen() {
    let [busy, idle] = channels([16, 16]);
    let [mut of_busy, mut of_idle] = readers(&[busy.clone(), idle.clone()]);
    tokio::spawn(async move {
        for n in 0..1000 {
            busy.send(n).await.unwrap();
        }
    });
    for n in 0..1000 {
        tokio::select! {
            next = recv(&mut of_busy) => assert_eq!(next, Some(n)),
            _ = of_idle.recv() => panic!("there is nothing"),
        }
        assert!(idle.info().readers.iter().all(|reader| reader.waits.is_empty()));
    }
}

#[test]
fn a_choice_that_ended_elsewhere_is_no_longer_in_the_line_of_readers() {
    let [one, two] = channels([1, 1]);
    let [mut first, mut of_one, mut last] = [(); 3].map(|()| one.join("workers"));
    let mut of_two = two.join("workers");

    let mut before = task::spawn(first.recv());
    park(&mut before);
    let mut choice = task::spawn(select(of_one.recv(), of_two.recv()));
    park(&mut choice);
    let mut after = task::spawn(last.recv());
    park(&mut after);
    two.try_send(2).unwrap();
    let Either::Right((got, lost)) = woken(&mut choice) else { panic!("nothing was sent there") };
    assert_eq!(got.map(Delivery::into_message), Some(2));
    drop(lost);

    one.try_send(3).unwrap();
    assert_eq!(woken(&mut before).map(Delivery::into_message), Some(3));
    one.try_send(4).unwrap();
    assert_eq!(woken(&mut after).map(Delivery::into_message), Some(4));
}

#[test]
fn a_choice_that_was_woken_twice_takes_one_and_leaves_the_other_for_the_next() {
    let [one, two] = channels([1, 1]);
    let [mut of_one, mut of_two] = readers(&[one.clone(), two.clone()]);
    let mut next_of_one = one.join("workers");
    {
        let mut choice = task::spawn(select(of_one.recv(), of_two.recv()));
        park(&mut choice);
        let mut waiting = task::spawn(next_of_one.recv());
        park(&mut waiting);
        two.try_send(2).unwrap();
        one.try_send(1).unwrap();
        let Either::Left((got, lost)) = woken(&mut choice) else { panic!("looked at in this order") };
        assert_eq!(got.map(Delivery::into_message), Some(1));
        drop(lost);
        park(&mut waiting);
        one.try_send(3).unwrap();
        assert_eq!(woken(&mut waiting).map(Delivery::into_message), Some(3));
    }
    assert_eq!(next(&mut of_two), 2);
}

#[test]
fn a_choice_that_is_dropped_once_it_was_woken_passes_its_message_on() {
    let [one, two] = channels([1, 1]);
    let [mut of_one, mut of_two] = readers(&[one.clone(), two.clone()]);
    let mut other = one.join("workers");
    let mut choice = task::spawn(select(of_one.recv(), of_two.recv()));
    park(&mut choice);
    let mut waiting = task::spawn(other.recv());
    park(&mut waiting);
    one.try_send(1).unwrap();
    assert!(choice.is_woken() && !waiting.is_woken());
    drop(choice);
    assert_eq!(woken(&mut waiting).map(Delivery::into_message), Some(1));
}

#[tokio::test]
async fn every_way_to_send_reaches_every_way_to_wait() {
    for sending in 0..3 {
        for waiting in 0..3 {
            let [channel, other] = channels([1, 1]);
            let [mut worker, mut of_other] = readers(&[channel.clone(), other.clone()]);
            let reading = tokio::spawn(async move {
                match waiting {
                    0 => recv(&mut worker).await.unwrap(),
                    1 => tokio::select! { Some(n) = recv(&mut worker) => n },
                    _ => {
                        tokio::select! { Some(n) = recv(&mut worker) => n, Some(n) = recv(&mut of_other) => n }
                    }
                }
            });
            tokio::task::yield_now().await;
            match sending {
                0 => channel.send(1).await.unwrap(),
                1 => tokio::select! { Ok(permit) = channel.reserve() => permit.send(1) },
                _ => {
                    other.close(); // a branch that cannot happen
                    tokio::select! {
                        Ok(permit) = channel.reserve() => permit.send(1),
                        Ok(permit) = other.reserve() => permit.send(2),
                    }
                }
            }
            assert_eq!(reading.await.unwrap(), 1, "{sending} to {waiting}");
        }
    }
}

#[test]
fn sending_and_receiving_on_one_channel_in_one_choice_does_not_deadlock() {
    for capacity in [1, 10] {
        on_two_threads(async move {
            let channel = channel::<u32>(capacity);
            let mut tasks = JoinSet::new();
            for n in 0..2 {
                let (channel, mut worker) = (channel.clone(), channel.join("workers"));
                tasks.spawn(async move {
                    let mut balance = 0_i64;
                    for _ in 0..1000 {
                        tokio::select! {
                            sent = channel.send(n) => { sent.unwrap(); balance += 1; }
                            next = worker.recv() => { assert!(next.is_some()); balance -= 1; }
                        }
                    }
                    balance
                });
            }
            let sum: i64 = tasks.join_all().await.into_iter().sum();
            assert_eq!(sum, i64::try_from(channel.len()).unwrap());
        });
    }
}

// ---- looks at several channels

#[test]
fn several_channels_are_looked_at_one_after_the_other() {
    let [one, two] = channels([1, 1]);
    let [mut of_one, mut of_two] = readers(&[one.clone(), two.clone()]);
    one.try_send(1).unwrap();
    assert_eq!(of_two.try_recv().err(), Some(TryRecvError::Empty));
    two.try_send(2).unwrap(); // at every moment there is a message in one of them
    let taken = one.join("workers").try_recv().unwrap();
    assert_eq!(of_one.try_recv().err(), Some(TryRecvError::Empty), "though there was one all the time");
    assert_eq!((taken.into_message(), next(&mut of_two)), (1, 2));
}

#[test]
fn who_looks_first_at_the_one_that_is_emptied_finds_what_was_sent_before_to_the_other() {
    without_deadlock(|| {
        for round in 0..500 {
            let [one, two] = channels([1, 1]);
            let [mut of_one, mut of_two] = readers(&[one.clone(), two.clone()]);
            let mut other = one.join("workers");
            one.try_send(1).unwrap();
            let start = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    let found = of_one.try_recv().or_else(|_| of_two.try_recv());
                    assert_ne!(found.err(), Some(TryRecvError::Empty));
                });
                start.wait();
                if round % 2 == 0 {
                    two.try_send(2).unwrap();
                } else {
                    two.close();
                }
                let _ = other.try_recv();
            });
        }
    });
}

// ---- under load

#[test]
fn what_is_sent_to_one_of_four_comes_out_of_one_of_four() {
    on_two_threads(async {
        const COUNT: u32 = 2000;
        let four = channels([1; 4]);
        let merged = channel::<u32>(1);
        let worker = merged.join("merger");
        for mut reader in readers(&four) {
            let merged = merged.clone();
            tokio::spawn(async move {
                while let Some(n) = recv(&mut reader).await {
                    merged.send(n).await.unwrap();
                }
            });
        }
        drop(merged);
        tokio::spawn(async move {
            for n in 0..COUNT {
                let permit = tokio::select! {
                    permit = four[0].reserve() => permit,
                    permit = four[1].reserve() => permit,
                    permit = four[2].reserve() => permit,
                    permit = four[3].reserve() => permit,
                };
                permit.unwrap().send(n);
            }
        });
        let got = drained(worker).await;
        assert_eq!(got.len(), COUNT as usize);
        assert_eq!(got.into_iter().collect::<HashSet<_>>(), (0..COUNT).collect());
    });
}

#[test]
fn each_channel_is_in_order_between_plain_calls_and_choices() {
    on_two_threads(async {
        const COUNT: u32 = 76;
        for capacity in [1, 2, 10, 100] {
            for (send_plainly, take_plainly) in [(true, true), (true, false), (false, true), (false, false)] {
                let four = channels([capacity; 4]);
                let from = readers(&four);
                let mut sending = JoinSet::new();
                if send_plainly {
                    for channel in four {
                        sending.spawn(async move {
                            for n in 0..COUNT {
                                channel.send(n).await.unwrap();
                            }
                        });
                    }
                } else {
                    sending.spawn(send_by_choice(four, COUNT));
                }
                let taken = if take_plainly {
                    let reading: JoinSet<_> = from.into_iter().map(drained).collect();
                    reading.join_all().await
                } else {
                    take_by_choice(from, usize::MAX).await.into()
                };
                sending.join_all().await;
                for taken in taken {
                    assert!(taken.into_iter().eq(0..COUNT), "capacity {capacity}");
                }
            }
        }
    });
}

#[test]
fn plain_calls_and_choices_on_the_same_channels_all_come_to_their_end() {
    on_two_threads(async {
        const COUNT: usize = 1000;
        let four = channels([1, 1, 2, 3]);
        let (chosen, plain) = (readers(&four), readers(&four));
        let mut tasks = JoinSet::new();
        for (channel, mut reader) in four.clone().into_iter().zip(plain) {
            tasks.spawn(async move {
                for _ in 0..COUNT {
                    channel.send(0).await.unwrap();
                }
            });
            tasks.spawn(async move {
                for _ in 0..COUNT {
                    assert!(reader.recv().await.is_some());
                }
            });
        }
        tasks.spawn(send_by_choice(four.clone(), COUNT as u32));
        tasks.spawn(async move {
            let taken = take_by_choice(chosen, COUNT).await;
            assert!(taken.iter().all(|taken| taken.len() == COUNT));
        });
        tasks.join_all().await;
        for channel in four {
            assert!(channel.is_empty());
            assert_eq!(ready(&mut task::spawn(channel.send(1))), Ok(()), "no place was lost");
            assert!(channel.capacity() > 1 || matches!(channel.try_send(2), Err(TrySendError::Full(2))));
        }
    });
}
