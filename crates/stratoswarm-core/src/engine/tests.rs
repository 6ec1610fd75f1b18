//! The log as a state machine: what each call changes, and what it says is to be woken and dropped.

use std::{
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
};

use super::{
    Admission, Durability, Effects, Entry, Inbox, Log, Membership, Queue, SharedInbox, Start, Take, WaitId,
};
use crate::stats::{Caller, WaitKind};

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
    run(log, |log, effects| log.join(group, Durability::Durable, Start::Next, effects))
}

fn subscribe(log: &mut Log<u32>) -> SharedInbox<u32> {
    run(log, |log, effects| log.open_subscriber("", Start::Next, effects))
}

fn admit(log: &mut Log<u32>, wanted: usize) -> Admission {
    run(log, |log, effects| log.admit(0, wanted, Entry::Messages, false, None, effects))
}

/// Sends as a handle does: the short way if it may, else the long way.
fn push(log: &mut Log<u32>, message: u32) -> Admission {
    if log.admit_fast() {
        log.push(message);
        return Admission::Granted(1);
    }
    let admission = admit(log, 1);
    if admission == Admission::Granted(1) {
        log.push(message);
    }
    admission
}

fn wait(log: &mut Log<u32>, waker: &Waker) -> WaitId {
    run(log, |log, effects| {
        let id = log.enqueue(0, 1, waker, 0, Caller::here(WaitKind::Send, Location::caller()));
        log.request_grants(0, effects);
        id
    })
}

fn claim(log: &mut Log<u32>, id: WaitId, wanted: usize, waker: &Waker) -> Admission {
    run(log, |log, effects| log.claim(0, id, wanted, Entry::Messages, waker, effects))
}

fn take(log: &mut Log<u32>, inbox: &SharedInbox<u32>) -> Option<(u64, u32)> {
    let mut next = None;
    match run(log, |log, effects| log.take(inbox, &mut next, effects)) {
        Take::Message(_) => next.map(|taken| (taken.number, taken.message)),
        Take::Empty | Take::Closed => None,
    }
}

fn pop(inbox: &mut Inbox<u32>) -> Option<(u64, u32)> {
    inbox.pop(None).map(|taken| (taken.number, taken.message))
}

#[test]
fn what_a_lone_reader_took_in_one_go_still_counts_until_it_is_popped() {
    let mut log = log(3);
    let inbox = join(&mut log, "workers").inbox;
    for n in 0..3 {
        assert_eq!(push(&mut log, n), Admission::Granted(1));
    }
    assert_eq!(push(&mut log, 9), Admission::Full);
    assert_eq!(take(&mut log, &inbox), Some((0, 0)));
    assert_eq!(log.len(), 2, "1 and 2 are in the inbox, and not taken");
    assert_eq!(push(&mut log, 3), Admission::Granted(1));
    assert_eq!(push(&mut log, 9), Admission::Full);
    assert_eq!(pop(&mut inbox.lock()), Some((1, 1)));
    assert_eq!(push(&mut log, 4), Admission::Granted(1));
    assert_eq!(push(&mut log, 9), Admission::Full);
    let rest: Vec<_> = std::iter::from_fn(|| take(&mut log, &inbox)).collect();
    assert_eq!(rest, [(2, 2), (3, 3), (4, 4)]);
}

#[test]
fn an_inbox_is_to_serve_while_a_sender_waits_and_no_longer() {
    let mut log = log(3);
    let inbox = join(&mut log, "workers").inbox;
    (0..3).for_each(|n| assert_eq!(push(&mut log, n), Admission::Granted(1)));
    assert_eq!(take(&mut log, &inbox), Some((0, 0)));
    assert!(inbox.lock().pop_plain() == Some(1), "nobody waits");
    (3..5).for_each(|n| assert_eq!(push(&mut log, n), Admission::Granted(1)));
    let (woken, waker) = Count::new();
    assert_eq!(admit(&mut log, 1), Admission::Full);
    let id = wait(&mut log, &waker);
    assert!(inbox.lock().asks_for_service());
    assert_eq!(claim(&mut log, id, 1, &waker), Admission::Full);
    assert_eq!(pop(&mut inbox.lock()), Some((2, 2)));
    run(&mut log, Log::serve);
    assert_eq!(woken.get(), 1, "the one place was granted");
    assert_eq!(push(&mut log, 9), Admission::Full, "and is not free for others");
    assert!(!inbox.lock().asks_for_service());
    assert_eq!(claim(&mut log, id, 1, &waker), Admission::Granted(1));
}

#[test]
fn only_the_fullest_inboxes_are_to_serve() {
    let mut log = log(4);
    let inboxes: Vec<_> = (0..3).map(|_| subscribe(&mut log)).collect();
    (0..4).for_each(|n| assert_eq!(push(&mut log, n), Admission::Granted(1)));
    for inbox in &inboxes {
        assert_eq!(take(&mut log, inbox), Some((0, 0)));
    }
    assert_eq!(push(&mut log, 4), Admission::Granted(1));
    assert_eq!(take(&mut log, &inboxes[1]), Some((1, 1)));
    assert_eq!(push(&mut log, 9), Admission::Full, "two have four to take");
    let (woken, waker) = Count::new();
    let id = wait(&mut log, &waker);
    let serves = || inboxes.iter().map(|inbox| inbox.lock().asks_for_service()).collect::<Vec<_>>();
    assert_eq!(serves(), [true, false, true]);
    assert_eq!(pop(&mut inboxes[0].lock()), Some((1, 1)));
    run(&mut log, Log::serve);
    assert_eq!((serves(), woken.get()), (vec![false, false, true], 0));
    assert_eq!(pop(&mut inboxes[2].lock()), Some((1, 1)));
    run(&mut log, Log::serve);
    assert_eq!((serves(), woken.get()), (vec![false; 3], 1));
    assert_eq!(claim(&mut log, id, 1, &waker), Admission::Granted(1));
}

#[test]
fn places_are_granted_in_the_order_of_waiting() {
    let mut log = log(1);
    let inbox = join(&mut log, "workers").inbox;
    push(&mut log, 0);
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let (woken, waker) = Count::new();
            assert_eq!(admit(&mut log, 1), Admission::Full);
            (wait(&mut log, &waker), woken, waker)
        })
        .collect();
    let woken = |at: usize| waiting[at].1.get();
    take(&mut log, &inbox);
    assert_eq!((woken(0), woken(1), woken(2)), (1, 0, 0));
    // The first gives up with its grant: it goes to the second.
    run(&mut log, |log, effects| log.cancel_send(0, waiting[0].0, effects));
    assert_eq!((woken(0), woken(1), woken(2)), (1, 1, 0));
    // The third gives up waiting; nothing changes for the second.
    run(&mut log, |log, effects| log.cancel_send(0, waiting[2].0, effects));
    assert_eq!(claim(&mut log, waiting[1].0, 1, &waiting[1].2), Admission::Granted(1));
    assert_eq!(woken(2), 0);
}

#[test]
fn no_batch_is_too_large_to_be_refused() {
    let mut log = log(4);
    let inbox = join(&mut log, "workers").inbox;
    push(&mut log, 0);
    take(&mut log, &inbox);
    assert!(!log.admit_many_fast(usize::MAX)); // of messages without a size there can be as many
    assert_eq!(admit(&mut log, usize::MAX), Admission::Granted(4));
}

#[test]
fn with_its_granted_place_a_batch_gets_those_that_nobody_waits_for() {
    let mut log = log(4);
    let inbox = join(&mut log, "workers").inbox;
    (0..4).for_each(|number| assert_eq!(push(&mut log, number), Admission::Granted(1)));
    let (_, waker) = Count::new();
    let (batch, other) = (wait(&mut log, &waker), wait(&mut log, &waker));
    assert_eq!(claim(&mut log, batch, 8, &waker), Admission::Full);
    take(&mut log, &inbox);
    assert_eq!(claim(&mut log, batch, 8, &waker), Admission::Granted(1), "the next place is the other's");
    log.push(4);
    take(&mut log, &inbox);
    assert_eq!(claim(&mut log, other, 8, &waker), Admission::Granted(1));
    log.push(5);
    let again = wait(&mut log, &waker);
    (2..6).for_each(|number| assert_eq!(take(&mut log, &inbox), Some((number, number as u32))));
    assert_eq!(claim(&mut log, again, 8, &waker), Admission::Granted(4), "one granted, three free");
}

#[test]
fn the_reader_that_asks_gets_the_originals_and_the_others_clones() {
    let mut log: Log<Arc<()>> = Log::new(8, true);
    let mut effects = Effects::new();
    let first = log.open_subscriber("", Start::Next, &mut effects);
    let second = log.open_subscriber("", Start::Next, &mut effects);
    let message = Arc::new(());
    let alive = Arc::downgrade(&message);
    assert_eq!(log.admit(0, 1, Entry::Messages, false, None, &mut effects), Admission::Granted(1));
    log.push(message);
    let mut next = None;
    log.take(&first, &mut next, &mut effects);
    let one = next.expect("there is one");
    assert_eq!(alive.strong_count(), 2);
    let mut next = None;
    log.take(&second, &mut next, &mut effects);
    let two = next.expect("there is one");
    assert_eq!(alive.strong_count(), 2, "moved");
    drop((one, two));
    assert_eq!(alive.strong_count(), 0, "nothing kept in the log");
    let _ = effects.run();
}

#[test]
fn the_high_water_is_exact() {
    let mut log = log(100);
    let inbox = join(&mut log, "workers").inbox;
    let mut most = 0;
    for round in 1..=20 {
        for n in 0..round {
            push(&mut log, n);
            most = most.max(log.len());
        }
        assert_eq!(log.figures().high_water, most);
        while take(&mut log, &inbox).is_some() {}
    }
    assert_eq!(most, 20);
}

#[test]
fn a_log_without_readers_keeps_for_the_first_and_frees_when_the_last_leaves() {
    let mut log = log(2);
    push(&mut log, 0);
    push(&mut log, 1);
    assert_eq!(push(&mut log, 9), Admission::Full);
    let first = subscribe(&mut log);
    assert_eq!(take(&mut log, &first), Some((0, 0)));
    run(&mut log, |log, effects| log.leave(&first, effects));
    assert_eq!(log.len(), 0);
    push(&mut log, 2);
    let second = subscribe(&mut log);
    assert_eq!(take(&mut log, &second), Some((2, 2)));
}

#[test]
fn a_place_that_moves_when_a_reader_leaves_is_still_that_readers() {
    let mut log = log(8);
    let inboxes: Vec<_> = (0..4).map(|_| subscribe(&mut log)).collect();
    push(&mut log, 0);
    run(&mut log, |log, effects| log.leave(&inboxes[1], effects)); // the last takes its place
    run(&mut log, |log, effects| log.leave(&inboxes[0], effects));
    push(&mut log, 1);
    for inbox in &inboxes[2..] {
        assert_eq!((take(&mut log, inbox), take(&mut log, inbox)), (Some((0, 0)), Some((1, 1))));
    }
    assert_eq!(take(&mut log, &inboxes[1]), None, "gone");
}

#[test]
fn storage_beyond_what_is_kept_is_given_back_once_drained() {
    let mut log = log(usize::MAX);
    let inbox = join(&mut log, "workers").inbox;
    for n in 0..100_000 {
        assert_eq!(push(&mut log, n), Admission::Granted(1));
    }
    while take(&mut log, &inbox).is_some() {}
    assert!(log.lanes.main.intake.storage() + inbox.lock().queues.main.storage() <= 2 * Queue::<u32>::KEPT);
}
