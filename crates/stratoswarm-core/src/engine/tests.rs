//! The log as a state machine: what each call changes, and what it says is to be woken and dropped.

use std::{
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
};

use super::{Admission, Durability, Effects, Log, Membership, Queue, Stash, Take};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::<Self>::default();
        (Arc::clone(&count), Waker::from(count))
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn log(capacity: usize) -> Log<u32> {
    Log::new(capacity, true)
}

fn run<T>(log: &mut Log<u32>, call: impl FnOnce(&mut Log<u32>, &mut Effects<u32>) -> T) -> T {
    let mut effects = Effects::new();
    let result = call(log, &mut effects);
    let _ = effects.run();
    result
}

fn join(log: &mut Log<u32>, group: &str) -> Membership<u32> {
    run(log, |log, effects| log.join(group, Durability::Durable, false, effects))
}

/// Sends as a handle does: the short way if it may, else the long way.
fn push(log: &mut Log<u32>, message: u32) -> Admission {
    if log.admits() {
        log.push(message);
        return Admission::Granted;
    }
    let admission = run(log, Log::admit);
    if admission == Admission::Granted {
        log.push(message);
        log.note_depth();
    }
    admission
}

fn take(log: &mut Log<u32>, me: usize) -> Option<(u64, u32)> {
    match run(log, |log, effects| log.take(me, effects)) {
        Take::Message(taken, _) => Some((taken.position, taken.message)),
        Take::Empty | Take::Closed => None,
    }
}

fn pop(stash: &mut Stash<u32>) -> Option<(u64, u32)> {
    stash.pop(None).map(|taken| (taken.position, taken.message))
}

#[test]
fn what_a_lone_reader_took_in_one_go_still_counts_until_it_is_popped() {
    let mut log = log(3);
    let member = join(&mut log, "workers");
    for n in 0..3 {
        assert_eq!(push(&mut log, n), Admission::Granted);
    }
    assert_eq!(push(&mut log, 9), Admission::Full);
    assert_eq!(take(&mut log, member.me), Some((0, 0)));
    assert_eq!(log.len(), 2, "1 and 2 are in the stash, and not taken");
    assert_eq!(push(&mut log, 3), Admission::Granted);
    assert_eq!(push(&mut log, 9), Admission::Full);
    assert_eq!(pop(&mut member.stash.lock()), Some((1, 1)));
    assert_eq!(push(&mut log, 4), Admission::Granted);
    assert_eq!(push(&mut log, 9), Admission::Full);
    let rest: Vec<_> = std::iter::from_fn(|| take(&mut log, member.me)).collect();
    assert_eq!(rest, [(2, 2), (3, 3), (4, 4)]);
}

#[test]
fn a_stash_asks_while_a_sender_waits_and_no_longer() {
    let mut log = log(2);
    let member = join(&mut log, "workers");
    push(&mut log, 0);
    push(&mut log, 1);
    assert_eq!(take(&mut log, member.me), Some((0, 0)));
    push(&mut log, 2);
    assert!(member.stash.lock().pop_plain() == Some(1), "nobody asks");
    push(&mut log, 3);
    assert_eq!(take(&mut log, member.me), Some((2, 2)));
    push(&mut log, 4); // 3 in the stash or the ring, 4 behind it
    let (woken, waker) = Count::new();
    assert_eq!(run(&mut log, Log::admit), Admission::Full);
    let id = run(&mut log, |log, effects| log.wait(&waker, Location::caller(), effects));
    assert_eq!(run(&mut log, |log, effects| log.claim(id, &waker, effects)), Admission::Full);
    assert_eq!(take(&mut log, member.me), Some((3, 3)));
    assert_eq!(woken.get(), 1, "the one place was granted");
    assert_eq!(push(&mut log, 9), Admission::Full, "and is not free for others");
    assert_eq!(run(&mut log, |log, effects| log.claim(id, &waker, effects)), Admission::Granted);
    assert!(!member.stash.lock().asks());
}

#[test]
fn places_are_granted_in_the_order_of_waiting() {
    let mut log = log(1);
    let member = join(&mut log, "workers");
    push(&mut log, 0);
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let (woken, waker) = Count::new();
            assert_eq!(run(&mut log, Log::admit), Admission::Full);
            let id = run(&mut log, |log, effects| log.wait(&waker, Location::caller(), effects));
            (id, woken, waker)
        })
        .collect();
    let woken = |at: usize| waiting[at].1.get();
    take(&mut log, member.me);
    assert_eq!((woken(0), woken(1), woken(2)), (1, 0, 0));
    // The first gives up with its grant: it goes to the second.
    run(&mut log, |log, effects| log.cancel_send(waiting[0].0, effects));
    assert_eq!((woken(0), woken(1), woken(2)), (1, 1, 0));
    // The third gives up waiting; nothing changes for the second.
    run(&mut log, |log, effects| log.cancel_send(waiting[2].0, effects));
    let claim = run(&mut log, |log, effects| log.claim(waiting[1].0, &waiting[1].2, effects));
    assert_eq!((claim, woken(2)), (Admission::Granted, 0));
}

#[test]
fn no_batch_is_too_large_to_be_refused() {
    let mut log = log(4);
    let member = join(&mut log, "workers");
    push(&mut log, 0);
    take(&mut log, member.me);
    assert!(!log.admits_many(usize::MAX)); // of messages without a size there can be as many
    assert_eq!(run(&mut log, |log, effects| log.admit_many(usize::MAX, effects)), Ok(4));
}

#[test]
fn with_its_granted_place_a_batch_gets_those_that_nobody_waits_for() {
    let mut log = log(4);
    let member = join(&mut log, "workers");
    (0..4).for_each(|number| assert_eq!(push(&mut log, number), Admission::Granted));
    let (_, waker) = Count::new();
    let wait = |log: &mut Log<u32>| run(log, |log, effects| log.wait(&waker, Location::caller(), effects));
    let (batch, other) = (wait(&mut log), wait(&mut log));
    let claim = |log: &mut Log<u32>, id| run(log, |log, effects| log.claim_many(id, 8, &waker, effects));
    assert_eq!(claim(&mut log, batch), Err(Admission::Full));
    take(&mut log, member.me);
    assert_eq!(claim(&mut log, batch), Ok(1), "the next place is the other's");
    log.push(4);
    take(&mut log, member.me);
    assert_eq!(claim(&mut log, other), Ok(1));
    let again = wait(&mut log);
    (2..5).for_each(|number| assert_eq!(take(&mut log, member.me), Some((number, number as u32))));
    assert_eq!(claim(&mut log, again), Ok(4), "one granted, three free");
}

#[test]
fn the_last_reader_moves_and_the_others_clone() {
    let mut log: Log<Arc<()>> = Log::new(8, true);
    let mut effects = Effects::new();
    let (first, _) = log.open_subscriber(false, &mut effects);
    let (second, _) = log.open_subscriber(false, &mut effects);
    let message = Arc::new(());
    let alive = Arc::downgrade(&message);
    assert_eq!(log.admit(&mut effects), Admission::Granted);
    log.push(message);
    let Take::Message(one, _) = log.take(first, &mut effects) else { panic!("there is one") };
    assert_eq!(alive.strong_count(), 2);
    let Take::Message(two, _) = log.take(second, &mut effects) else { panic!("there is one") };
    assert_eq!(alive.strong_count(), 2, "moved");
    drop((one, two));
    assert_eq!(alive.strong_count(), 0, "nothing kept in the log");
    let _ = effects.run();
}

#[test]
fn the_high_water_is_exact() {
    let mut log = log(100);
    let member = join(&mut log, "workers");
    let mut most = 0;
    for round in 1..=20 {
        for n in 0..round {
            push(&mut log, n);
            most = most.max(log.len());
        }
        assert_eq!(log.figures().high_water, most);
        while take(&mut log, member.me).is_some() {}
    }
    assert_eq!(most, 20);
}

#[test]
fn a_log_without_readers_keeps_for_the_first_and_frees_when_the_last_leaves() {
    let mut log = log(2);
    push(&mut log, 0);
    push(&mut log, 1);
    assert_eq!(push(&mut log, 9), Admission::Full);
    let (first, _) = run(&mut log, |log, effects| log.open_subscriber(false, effects));
    assert_eq!(take(&mut log, first), Some((0, 0)));
    run(&mut log, |log, effects| log.leave(first, None, effects));
    assert_eq!(log.len(), 0);
    push(&mut log, 2);
    let (second, _) = run(&mut log, |log, effects| log.open_subscriber(false, effects));
    assert_eq!(take(&mut log, second), Some((2, 2)));
}

#[test]
fn storage_beyond_what_is_kept_is_given_back_once_drained() {
    let mut log = log(usize::MAX);
    let member = join(&mut log, "workers");
    for n in 0..100_000 {
        assert_eq!(push(&mut log, n), Admission::Granted);
    }
    while take(&mut log, member.me).is_some() {}
    let stash = member.stash.lock();
    assert!(log.ring.storage() + stash.queue.storage() <= 2 * Queue::<u32>::KEPT);
}
