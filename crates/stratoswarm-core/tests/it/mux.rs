//! Several channels through one receiver: the most urgent first, within a bound, and no other member's wake is kept.

use crate::fixtures::{Number, broadcast, channel, park, put, ready, take, woken};
use futures::{FutureExt, StreamExt, executor::block_on};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};
use stratoswarm_core::{Channel, Delivery, Lagged, Mux, Priority, TryRecvError};
use tokio_test::task;

#[derive(Debug, PartialEq)]
enum Event {
    Work(u64),
    Seen(u64),
    Heard(u64),
    Missed(u64),
}

fn work(delivery: Delivery<Number>) -> Event {
    Event::Work(delivery.into_message().0)
}

/// A member of the group "workers" beside the mux, on a channel of its own.
fn of_member(channel: &Channel<Number>) -> Mux<u64> {
    Mux::new().add(channel.join("workers"), Priority::Normal, |delivery| delivery.into_message().0)
}

fn all(mux: &mut Mux<u64>) -> Vec<u64> {
    std::iter::from_fn(|| mux.try_recv().ok()).collect()
}

// ---- what comes, and in which order

#[test]
fn every_kind_of_reader_is_a_source_and_none_comes_when_all_are_drained() {
    let (jobs, ticks, news) = (channel(4), channel(4), broadcast(2));
    let mut mux = Mux::new()
        .add(jobs.join("workers"), Priority::Critical, work)
        .add(ticks.subscribe(), Priority::High, |tick| Event::Seen(tick.0))
        .add(news.subscribe(), Priority::Low, |item| match item {
            Ok(Number(number)) => Event::Heard(number),
            Err(Lagged { missed, .. }) => Event::Missed(missed),
        });
    for n in 0..3 {
        news.send(Number(n)).unwrap();
    }
    put(&ticks, [10]);
    put(&jobs, [20]);
    drop((jobs, ticks, news));
    let events: Vec<_> = block_on(mux.by_ref().collect());
    let expected = [Event::Work(20), Event::Seen(10), Event::Missed(1), Event::Heard(1), Event::Heard(2)];
    assert_eq!(events, expected);
    assert_eq!(mux.try_recv(), Err(TryRecvError::Closed));
    assert!(mux.recv().now_or_never().unwrap().is_none(), "and stays ended");
    assert_eq!(mux.source_count(), 0);
}

#[test]
fn a_mux_without_sources_has_ended() {
    let mut mux = Mux::<u64>::new();
    assert_eq!(mux.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(mux.recv().now_or_never(), Some(None));
}

#[test]
fn a_source_that_has_ended_is_let_go() {
    let (first, second) = (channel(4), channel(4));
    let mut mux = Mux::new().add(first.subscribe(), Priority::Normal, |it| it.0).add(
        second.subscribe(),
        Priority::Normal,
        |it| it.0,
    );
    first.close();
    assert_eq!(mux.try_recv(), Err(TryRecvError::Empty));
    assert_eq!((first.receiver_count(), second.receiver_count()), (0, 1));
    put(&second, [1]);
    assert_eq!(mux.try_recv(), Ok(1));
}

#[test]
fn the_most_urgent_source_comes_first_within_the_bound() {
    let channels: Vec<_> = (0..4).map(|_| channel(100)).collect();
    let ranks = [Priority::Low, Priority::Critical, Priority::Normal, Priority::High];
    let mut mux = Mux::new().max_bypass(3);
    for (channel, rank) in channels.iter().zip(ranks) {
        mux = mux.add(channel.subscribe(), rank, |it| it.0);
    }
    for (at, channel) in channels.iter().enumerate() {
        put(channel, (0..20).map(|n| 100 * at as u64 + n));
    }
    let order: Vec<_> = all(&mut mux).into_iter().map(|number| number / 100).collect();
    assert_eq!(order[..3], [1, 1, 1], "critical");
    assert_eq!(order[3..6], [3, 2, 0], "then each that was overtaken three times has its turn");
    assert_eq!(order[6..9], [1, 1, 1]);
    assert_eq!(order.len(), 80);
}

#[test]
fn an_urgent_event_that_comes_later_goes_first() {
    let (urgent, bulk) = (channel(10), channel(10));
    let mut mux = Mux::new().add(urgent.subscribe(), Priority::Critical, |it| it.0).add(
        bulk.subscribe(),
        Priority::Low,
        |it| it.0,
    );
    put(&bulk, 0..4);
    assert_eq!(mux.try_recv(), Ok(0));
    put(&urgent, [100]);
    assert_eq!(all(&mut mux), [100, 1, 2, 3], "whatever was fetched ahead");
}

#[test]
fn sources_of_one_priority_take_turns() {
    let channels: Vec<_> = (0..3).map(|_| channel(10)).collect();
    let mut mux = Mux::new();
    for channel in &channels {
        mux = mux.add(channel.subscribe(), Priority::Normal, |it| it.0);
    }
    for (at, channel) in channels.iter().enumerate() {
        put(channel, (0..3).map(|n| 10 * at as u64 + n));
    }
    assert_eq!(all(&mut mux), [0, 10, 20, 1, 11, 21, 2, 12, 22]);
}

#[test]
fn to_be_overtaken_by_nothing_counts_as_by_one() {
    for most in [0, 1] {
        let (urgent, bulk) = (channel(4), channel(4));
        let mut mux = Mux::new().max_bypass(most).add(urgent.subscribe(), Priority::High, |it| it.0).add(
            bulk.subscribe(),
            Priority::Low,
            |it| it.0,
        );
        put(&urgent, 1..=3);
        put(&bulk, [100, 101]);
        assert_eq!(all(&mut mux), [1, 100, 2, 101, 3], "{most}");
    }
}

#[test]
fn a_mux_is_a_source_of_another() {
    let (first, second) = (channel(4), channel(4));
    let inner = Mux::new().add(first.subscribe(), Priority::Normal, |it| it.0);
    let mut outer = Mux::new().add(inner, Priority::High, |inner| 10 * inner).add(
        second.subscribe(),
        Priority::Normal,
        |it| it.0,
    );
    let mut recv = task::spawn(outer.recv());
    park(&mut recv);
    put(&first, [1]);
    assert_eq!(woken(&mut recv), Some(10));
    drop(recv);
    drop((first, second));
    assert_eq!(outer.recv().now_or_never(), Some(None));
}

#[test]
fn an_event_whose_making_panics_ends_nothing_else() {
    let (first, second) = (channel(4), channel(4));
    let mut mux = Mux::new()
        .add(first.subscribe(), Priority::Normal, |it: Number| {
            assert_ne!(it.0, 0, "as the test wants it");
            it.0
        })
        .add(second.subscribe(), Priority::Normal, |it| it.0);
    put(&first, [0, 1]);
    put(&second, [2]);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| mux.try_recv()));
    assert!(panicked.is_err(), "it is the user's");
    let mut left = all(&mut mux);
    left.sort_unstable();
    assert_eq!(left, [1, 2]);
}

// ---- waiting

#[test]
fn a_waiting_mux_is_woken_by_any_source_and_by_the_last_end() {
    let channels: Vec<_> = (0..3).map(|_| channel(4)).collect();
    let mut mux = Mux::new();
    for channel in &channels {
        mux = mux.add(channel.subscribe(), Priority::Normal, |it| it.0);
    }
    for (at, channel) in channels.iter().enumerate() {
        let mut recv = task::spawn(mux.recv());
        park(&mut recv);
        put(channel, [at as u64]);
        assert_eq!(woken(&mut recv), Some(at as u64));
    }
    let mut recv = task::spawn(mux.recv());
    park(&mut recv);
    drop(channels);
    assert_eq!(woken(&mut recv), None);
}

#[test]
fn a_recv_of_a_mux_that_is_dropped_takes_nothing() {
    let channel = channel(4);
    let mut mux = of_member(&channel);
    let mut recv = task::spawn(mux.recv());
    park(&mut recv);
    put(&channel, [1]);
    assert!(recv.is_woken());
    drop(recv);
    let mut recv = task::spawn(mux.recv());
    assert_eq!(ready(&mut recv), Some(1));
}

struct Counts(Arc<AtomicU64>);

impl std::task::Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_recv_of_a_mux_that_is_dropped_is_woken_no_more() {
    let channel = channel(4);
    let mut mux = of_member(&channel);
    let seen = Arc::new(AtomicU64::new(0));
    let waker = std::task::Waker::from(Arc::new(Counts(Arc::clone(&seen))));
    let mut recv = mux.recv();
    let polled = recv.poll_unpin(&mut std::task::Context::from_waker(&waker));
    assert!(polled.is_pending());
    drop(recv);
    put(&channel, [1]);
    assert_eq!(seen.load(Ordering::Relaxed), 0);
    drop(waker);
    assert_eq!(mux.try_recv(), Ok(1));
}

#[test]
fn a_woken_mux_that_is_dropped_or_never_polled_costs_no_other_member_its_wake() {
    for first in [true, false] {
        let channel = channel(4);
        let (mut mux, mut other) = (of_member(&channel), channel.join("workers"));
        let mut receiving = task::spawn(other.recv());
        if !first {
            park(&mut receiving);
        }
        let mut recv = task::spawn(mux.recv());
        park(&mut recv);
        if first {
            park(&mut receiving);
        }
        put(&channel, [1]);
        assert_eq!(*woken(&mut receiving).unwrap(), Number(1), "the mux came first: {first}");
        drop(receiving);
        drop(recv);

        // Nor in the next round, while the wait of the mux stands that nobody polls.
        let mut receiving = task::spawn(other.recv());
        park(&mut receiving);
        put(&channel, [2]);
        assert_eq!(*woken(&mut receiving).unwrap(), Number(2), "the mux came first: {first}");
        drop(receiving);
        assert_eq!(mux.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_mux_that_returned_for_another_source_costs_no_member_its_wake() {
    let (urgent, shared) = (channel(4), channel(4));
    let mut mux = Mux::new().add(urgent.subscribe(), Priority::Critical, |it| it.0).add(
        shared.join("workers"),
        Priority::Normal,
        |delivery| delivery.into_message().0,
    );
    let mut other = shared.join("workers");
    let mut recv = task::spawn(mux.recv());
    park(&mut recv);
    let mut receiving = task::spawn(other.recv());
    park(&mut receiving);
    put(&urgent, [1]);
    put(&shared, [2]);
    assert_eq!(woken(&mut recv), Some(1), "and does not look at the other source any more");
    drop(recv);
    assert_eq!(*woken(&mut receiving).unwrap(), Number(2));
    drop(receiving);
    assert_eq!(mux.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn as_many_members_are_woken_as_there_are_messages_whatever_a_mux_does() {
    let channel = channel(4);
    let (mut mux, mut first, mut second) =
        (of_member(&channel), channel.join("workers"), channel.join("workers"));
    let mut recv = task::spawn(mux.recv());
    park(&mut recv);
    let (mut one, mut two) = (task::spawn(first.recv()), task::spawn(second.recv()));
    park(&mut one);
    park(&mut two);
    put(&channel, [1]);
    assert!(one.is_woken() && !two.is_woken());
    put(&channel, [2]);
    assert!(two.is_woken());
}

#[test]
fn a_member_that_is_dropped_passes_its_wake_on_to_a_mux() {
    let channel = channel(4);
    let (mut other, mut mux) = (channel.join("workers"), of_member(&channel));
    let mut receiving = task::spawn(other.recv());
    park(&mut receiving);
    let mut recv = task::spawn(mux.recv());
    park(&mut recv);
    put(&channel, [1]);
    assert!(receiving.is_woken());
    drop(receiving);
    assert_eq!(woken(&mut recv), Some(1));
}

#[test]
fn a_mux_that_goes_leaves_its_messages_to_its_groups() {
    let channel = channel(4);
    let (mut mux, mut other) = (of_member(&channel), channel.join("workers"));
    put(&channel, [1, 2, 3]);
    assert_eq!(mux.try_recv(), Ok(1));
    let mut recv = task::spawn(mux.recv());
    assert_eq!(recv.poll(), Poll::Ready(Some(2)));
    drop(recv);
    drop(mux);
    assert_eq!(take(&mut other), 3);
}

#[tokio::test]
async fn a_loop_over_a_mux_lets_siblings_run() {
    let channel = channel(1_000);
    put(&channel, 0..1_000);
    channel.close();
    let mut mux = Mux::new().add(channel.subscribe(), Priority::Normal, |it| it.0);
    let turns = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&turns);
    let sibling = tokio::spawn(async move {
        loop {
            counting.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    tokio::spawn(async move { while mux.recv().await.is_some() {} }).await.unwrap();
    sibling.abort();
    assert!(turns.load(Ordering::Relaxed) >= 5, "{turns:?} turns beside 1,000 messages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_between_a_mux_and_other_members() {
    const EACH: u64 = 5_000;
    let channels: Vec<_> = (0..4).map(|_| channel(3)).collect();
    let mut mux = Mux::new();
    for (at, channel) in channels.iter().enumerate() {
        let rank = [Priority::Critical, Priority::Normal][at % 2];
        mux = mux.add(channel.join("workers"), rank, |delivery| delivery.into_message().0);
    }
    let sum = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for channel in channels {
        let mut other = channel.join("workers");
        let sum = Arc::clone(&sum);
        tasks.push(tokio::spawn(async move {
            while let Some(delivery) = other.recv().await {
                sum.fetch_add(delivery.0, Ordering::Relaxed);
            }
        }));
        tasks.push(tokio::spawn(async move {
            for n in 1..=EACH {
                channel.send(Number(n)).await.unwrap();
            }
        }));
    }
    let taken = Arc::clone(&sum);
    tasks.push(tokio::spawn(async move {
        let mut given_up = 0;
        loop {
            // Every third wait is given up at once.
            given_up += 1;
            let next = if given_up % 3 == 0 {
                match mux.recv().now_or_never() {
                    Some(next) => next,
                    None => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                }
            } else {
                mux.recv().await
            };
            let Some(number) = next else { return };
            taken.fetch_add(number, Ordering::Relaxed);
        }
    }));
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(sum.load(Ordering::Relaxed), 4 * EACH * (EACH + 1) / 2);
}
