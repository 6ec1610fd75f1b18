//! Limited handles: of each so many messages wait at most, whoever reads and however.

use crate::fixtures::{Number, channel, panics, park, put, read_all, ready, take, take_all, woken};
use proptest::prelude::*;
use std::{
    collections::{BTreeSet, VecDeque},
    task::{Poll, Wake, Waker},
    time::Duration,
};
use stratoswarm_core::{
    Channel, Fabric, Limited, LossySubscriber, Message, NoReply, Priority, Receiver, SendError, Subscriber,
    TrySendError, WaitKind,
};
use tokio_test::task;

fn fill(limited: &Limited<Number>, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        limited.try_send(Number(number)).unwrap_or_else(|_| panic!("{number} finds no room"));
    }
}

#[test]
fn of_a_limited_handle_so_many_messages_wait_and_no_more() {
    let numbers = channel(100);
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(2);
    fill(&limited, [1, 2]);
    assert_eq!(limited.try_send(Number(3)), Err(TrySendError::Full(Number(3))));
    assert_eq!((limited.waiting(), limited.credit(), numbers.len()), (2, 2, 2));
    put(&numbers, [4]); // others are not held up
    assert_eq!(take(&mut worker), 1);
    fill(&limited, [3]);
    assert!(limited.try_send(Number(5)).is_err());
    assert_eq!(take_all(&mut worker), [2, 4, 3]);
    assert_eq!(limited.waiting(), 0);
}

#[test]
fn a_delivery_in_hand_takes_no_credit() {
    let numbers = channel(100);
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(1);
    fill(&limited, [1]);
    let in_work = worker.try_recv().unwrap();
    assert!(!in_work.is_request() && in_work.deadline().is_none());
    fill(&limited, [2]);
    let (_, responder) = in_work.into_parts();
    assert_eq!(limited.waiting(), 1);
    drop(responder);
    assert_eq!(limited.waiting(), 1, "what was given back once is not given back again");
}

#[test]
fn the_slowest_group_or_subscriber_decides_and_no_tap() {
    let numbers = channel(100);
    let (mut worker, mut subscriber, tap) = (numbers.join("workers"), numbers.subscribe(), numbers.tap());
    let auditor = numbers.join("auditors");
    let limited = numbers.with_credit(2);
    fill(&limited, [1, 2]);
    assert_eq!(take_all(&mut worker), [1, 2]);
    assert_eq!(limited.waiting(), 2);
    assert_eq!(read_all(&mut subscriber), [1, 2]);
    assert_eq!(limited.waiting(), 2, "the auditors have not taken them");
    numbers.remove_group("auditors");
    assert_eq!(limited.waiting(), 0, "only a tap has not");
    fill(&limited, [3, 4]);
    assert_eq!((take(&mut worker), read_all(&mut subscriber)), (3, vec![3, 4]));
    assert_eq!(limited.waiting(), 1);
    drop((auditor, tap));
}

#[test]
fn what_is_kept_for_the_first_reader_to_come_waits() {
    let numbers = channel(100);
    let limited = numbers.with_credit(2);
    fill(&limited, [1, 2]);
    let mut worker = numbers.join("workers");
    assert!(limited.try_send(Number(3)).is_err());
    assert_eq!(take_all(&mut worker), [1, 2]);
    drop(worker);
    fill(&limited, [3, 4]);
    assert_eq!(limited.waiting(), 2, "the group is still there");
    numbers.remove_group("workers");
    assert_eq!(limited.waiting(), 0);
}

#[test]
fn batches_give_credit_back_and_wake_nobody_under_a_lock() {
    struct Looks(Channel<Number>);
    impl Wake for Looks {
        fn wake(self: std::sync::Arc<Self>) {
            let _ = (self.0.info(), self.0.try_send(Number(99))); // would deadlock
        }
    }
    crate::fixtures::without_deadlock(|| {
        let numbers = channel(100);
        let (mut worker, mut subscriber) = (numbers.join("workers"), numbers.subscribe());
        let limited = numbers.with_credit(2);
        for reader in 0..2 {
            fill(&limited, [1, 2]);
            let mut send = Box::pin(limited.send(Number(3)));
            let waker = Waker::from(std::sync::Arc::new(Looks(numbers.clone())));
            let mut cx = std::task::Context::from_waker(&waker);
            assert!(send.as_mut().poll(&mut cx).is_pending());
            let (mut deliveries, mut messages) = (Vec::new(), Vec::new());
            if reader == 0 {
                assert_eq!(read_all(&mut subscriber), [1, 2]);
                assert!(worker.poll_recv_many(&mut cx, &mut deliveries, 10).is_ready());
            } else {
                assert_eq!(take_all(&mut worker), [1, 2]);
                assert!(subscriber.poll_recv_many(&mut cx, &mut messages, 10).is_ready());
            }
            assert_eq!(deliveries.len() + messages.len(), 2);
            assert_eq!(send.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
            drop(send);
            let _ = (take_all(&mut worker), read_all(&mut subscriber));
            assert_eq!(limited.waiting(), 0);
        }
    });
}

#[test]
fn a_waker_that_panics_costs_no_reader_its_message() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: std::sync::Arc<Self>) {
            panic!("as the test wants it");
        }
    }
    panics(); // silences those that are wanted
    let numbers = channel(100);
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(1);
    fill(&limited, [1]);
    let waker = Waker::from(std::sync::Arc::new(Panics));
    let mut send = Box::pin(limited.send(Number(2)));
    assert!(send.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    assert_eq!(take(&mut worker), 1);
    assert!(ready(&mut task::spawn(send)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn senders_wait_for_credit_in_the_order_they_came() {
    let numbers = channel(100);
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(1);
    fill(&limited, [0]);
    let other = limited.clone();
    let (mut first, mut second) = (task::spawn(limited.send(Number(1))), task::spawn(other.send(Number(2))));
    park(&mut first);
    park(&mut second);
    assert_eq!(numbers.info().blocked_senders, 0, "they are in nobody's way");
    let waits: Vec<_> = numbers.info().waits.iter().map(|wait| wait.kind).collect();
    assert_eq!(waits, [WaitKind::Credit; 2]);
    assert_eq!(take(&mut worker), 0);
    assert!(limited.try_send(Number(9)).is_err(), "the credit is the first one's");
    assert!(!second.is_woken());
    assert_eq!(woken(&mut first), Ok(()));
    assert_eq!(take(&mut worker), 1);
    assert_eq!(woken(&mut second), Ok(()));
    assert_eq!(take_all(&mut worker), [2]);
    assert!(numbers.info().waits.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_send_passes_its_credit_on() {
    let numbers = channel(1);
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(1);
    fill(&limited, [0]);
    let mut first = task::spawn(limited.send(Number(1)));
    let mut second = task::spawn(limited.send(Number(2)));
    park(&mut first);
    park(&mut second);
    assert_eq!(take(&mut worker), 0);
    assert!(first.is_woken());
    drop(first);
    assert_eq!(woken(&mut second), Ok(()));
    assert_eq!(take_all(&mut worker), [2]);

    put(&numbers, [3]); // now there is credit, and no room
    let mut first = task::spawn(limited.send(Number(4)));
    park(&mut first);
    assert_eq!((limited.waiting(), numbers.info().blocked_senders), (1, 1));
    drop(first);
    assert_eq!((limited.waiting(), numbers.info().blocked_senders), (0, 0));
    drop(task::spawn(limited.send(Number(5)))); // never polled
    assert_eq!(take_all(&mut worker), [3]);
}

#[tokio::test(start_paused = true)]
async fn the_close_turns_away_who_waits_for_credit() {
    let numbers = channel(10);
    let _worker = numbers.join("workers");
    let limited = numbers.with_credit(1);
    fill(&limited, [0]);
    let mut send = task::spawn(limited.send(Number(1)));
    park(&mut send);
    numbers.close();
    assert_eq!(woken(&mut send), Err(SendError(Number(1))));
    assert_eq!(limited.send(Number(2)).await, Err(SendError(Number(2))));
    assert_eq!(limited.try_send(Number(3)), Err(TrySendError::Closed(Number(3))));

    let others = channel(10);
    let limited = others.with_credit(1);
    others.close();
    assert_eq!(limited.try_send(Number(3)), Err(TrySendError::Closed(Number(3))));
    assert_eq!(limited.send(Number(2)).await, Err(SendError(Number(2))));
    assert_eq!(limited.waiting(), 0, "what was refused waits nowhere");
}

#[tokio::test(start_paused = true)]
async fn a_full_channel_holds_a_limited_handle_like_any_other() {
    let numbers = channel(1);
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(5);
    put(&numbers, [0]);
    assert_eq!(limited.try_send(Number(1)), Err(TrySendError::Full(Number(1))));
    assert_eq!(limited.waiting(), 0);
    let mut send = task::spawn(limited.send(Number(1)));
    park(&mut send);
    assert_eq!(take(&mut worker), 0);
    assert_eq!(woken(&mut send), Ok(()));
    assert_eq!(take(&mut worker), 1);
}

#[test]
fn a_limited_handle_keeps_its_channel_open_and_works_on_plain_threads() {
    let numbers = channel(10);
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(1);
    assert_eq!(numbers.sender_count(), 2);
    drop(numbers);
    let sending = std::thread::spawn(move || (0..100).try_for_each(|n| limited.blocking_send(Number(n))));
    let mut taken = Vec::new();
    while let Some(number) = worker.blocking_recv() {
        assert!(worker.len() <= 1);
        taken.push(number.0);
    }
    assert_eq!(taken, (0..100).collect::<Vec<_>>());
    assert!(sending.join().unwrap().is_ok());
}

#[test]
fn a_handle_without_credit_sends_nothing() {
    let limited = channel(10).with_credit(0);
    assert_eq!(limited.try_send(Number(1)), Err(TrySendError::Full(Number(1))));
    assert_eq!(channel(10).with_credit(usize::MAX).try_send(Number(1)), Ok(()));
}

#[test]
fn messages_of_a_limited_handle_go_into_their_lanes() {
    #[derive(Debug, Clone, PartialEq)]
    struct Urgent(u32);
    impl Message for Urgent {
        type Reply = NoReply;
        fn priority(&self) -> Priority {
            if self.0.is_multiple_of(2) { Priority::Critical } else { Priority::Normal }
        }
    }
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Urgent>("jobs").lane(Priority::Critical, 2).open().unwrap();
    let (mut worker, _tap) = (jobs.join("workers"), jobs.tap());
    let limited = jobs.with_credit(3);
    for n in 1..=3 {
        limited.try_send(Urgent(n)).unwrap();
    }
    assert!(limited.try_send(Urgent(4)).is_err());
    assert_eq!(worker.try_recv().unwrap().0, 2);
    limited.try_send(Urgent(4)).unwrap();
    assert_eq!((limited.waiting(), worker.try_recv().unwrap().0), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_limited_handle_expire_and_give_their_credit_back() {
    let numbers: Channel<Number> =
        Fabric::new().channel("numbers").ttl(Duration::from_secs(1)).open().unwrap();
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(2);
    fill(&limited, [1]);
    tokio::time::advance(Duration::from_secs(1)).await;
    fill(&limited, [2]);
    let second = worker.try_recv().unwrap();
    assert_eq!((second.0, second.deadline().is_some()), (2, true));
    assert_eq!((limited.waiting(), numbers.info().readers[0].skipped.expired), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_limited_send_states_its_class_and_expiry() {
    let numbers: Channel<Number> = Fabric::new()
        .channel("numbers")
        .lane(Priority::Critical, 2)
        .ttl(Duration::from_secs(9))
        .open()
        .unwrap();
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(3);
    limited.send(Number(1)).ttl(Duration::from_secs(1)).await.unwrap();
    limited.send(Number(2)).priority(Priority::Critical).await.unwrap();
    let second = worker.try_recv().unwrap();
    assert_eq!((second.0, limited.waiting()), (2, 1));
    limited.send(Number(3)).within(&second).ttl(Duration::from_secs(60)).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    let third = worker.try_recv().unwrap();
    assert_eq!((third.0, third.deadline(), limited.waiting()), (3, second.deadline(), 0));
    assert_eq!(numbers.info().readers[0].skipped.expired, 1);

    fill(&limited, [4, 5, 6]);
    let mut waiting =
        task::spawn(limited.send(Number(7)).priority(Priority::Critical).ttl(Duration::from_secs(1)));
    park(&mut waiting);
    assert_eq!(take(&mut worker), 4);
    assert_eq!(woken(&mut waiting), Ok(()));
    assert_eq!((take(&mut worker), limited.waiting()), (7, 2), "it waited for credit first");
}

#[test]
fn a_limited_send_with_options_blocks_a_plain_thread() {
    let numbers = channel(10);
    let mut worker = numbers.join("workers");
    let limited = numbers.with_credit(1);
    assert!(limited.send(Number(1)).priority(Priority::Low).blocking().is_ok());
    assert_eq!(take(&mut worker), 1);
}

// ---- beside a model

#[derive(Debug, Clone, Copy)]
enum Op {
    Send,
    SendOther,
    SendMany(usize),
    Take(usize),
    TakeMany(usize, usize),
    LetGo,
    Join { oldest: bool },
    JoinAgain(usize),
    Subscribe { oldest: bool },
    Leave(usize),
    Remove(usize),
    Tap,
    Hear,
    Untap,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => Just(Op::Send),
        2 => Just(Op::SendOther),
        1 => (1..4usize).prop_map(Op::SendMany),
        6 => (0..4usize).prop_map(Op::Take),
        2 => (0..4usize, 1..5usize).prop_map(|(reader, most)| Op::TakeMany(reader, most)),
        2 => Just(Op::LetGo),
        1 => any::<bool>().prop_map(|oldest| Op::Join { oldest }),
        1 => (0..4usize).prop_map(Op::JoinAgain),
        1 => any::<bool>().prop_map(|oldest| Op::Subscribe { oldest }),
        1 => (0..4usize).prop_map(Op::Leave),
        1 => (0..4usize).prop_map(Op::Remove),
        1 => Just(Op::Tap),
        1 => Just(Op::Hear),
        1 => Just(Op::Untap),
    ]
}

enum Reads {
    Group(String, Vec<Receiver<Number>>),
    Subscriber(Box<Subscriber<Number>>),
}

/// What each lossless reader has yet to take; what is kept for the first, while there is none.
#[derive(Default)]
struct Model {
    left: Vec<VecDeque<u64>>,
    kept: VecDeque<u64>,
    charged: BTreeSet<u64>,
    sent: u64,
}

impl Model {
    fn waits(&self) -> usize {
        let all: BTreeSet<u64> = self.left.iter().chain([&self.kept]).flatten().copied().collect();
        all.intersection(&self.charged).count()
    }

    fn accept(&mut self, charged: bool) -> u64 {
        let number = self.sent;
        self.sent += 1;
        if charged {
            self.charged.insert(number);
        }
        if self.left.is_empty() {
            self.kept.push_back(number);
        }
        self.left.iter_mut().for_each(|left| left.push_back(number));
        number
    }

    fn depth(&self) -> usize {
        self.left.iter().map(VecDeque::len).max().unwrap_or(self.kept.len())
    }

    fn join(&mut self, oldest: bool) {
        let left = match self.left.iter().max_by_key(|left| left.len()) {
            None => std::mem::take(&mut self.kept),
            Some(longest) if oldest => longest.clone(),
            Some(_) => VecDeque::new(),
        };
        self.left.push(left);
    }
}

const CREDIT: usize = 3;
const CAPACITY: usize = 6;

proptest! {
    #[test]
    fn what_is_charged_is_what_waits(ops in prop::collection::vec(op(), 1..120), lanes in any::<bool>()) {
        let fabric = Fabric::new();
        let builder = fabric.channel::<Number>("numbers").capacity(CAPACITY);
        let numbers = if lanes { builder.lane(Priority::Critical, 1) } else { builder }.open().unwrap();
        let limited = numbers.with_credit(CREDIT);
        let (mut model, mut readers, mut held) = (Model::default(), Vec::<Reads>::new(), Vec::new());
        let (mut taps, mut names) = (Vec::<LossySubscriber<Number>>::new(), 0);
        for op in ops {
            let room = model.depth() < CAPACITY;
            match op {
                Op::Send => {
                    let admitted = room && model.waits() < CREDIT;
                    prop_assert_eq!(limited.try_send(Number(model.sent)).is_ok(), admitted);
                    if admitted {
                        model.accept(true);
                    }
                }
                Op::SendOther => {
                    prop_assert_eq!(numbers.try_send(Number(model.sent)).is_ok(), room);
                    if room {
                        model.accept(false);
                    }
                }
                Op::SendMany(count) => {
                    let count = count.min(CAPACITY - model.depth());
                    let mut batch: Vec<_> = (0..count as u64).map(|n| Number(model.sent + n)).collect();
                    let sent = ready(&mut task::spawn(numbers.send_many(&mut batch)));
                    prop_assert!(sent.is_ok());
                    for _ in 0..count {
                        model.accept(false);
                    }
                }
                Op::Take(at) if at < readers.len() => {
                    let expected = model.left[at].pop_front();
                    let taken = match &mut readers[at] {
                        Reads::Group(_, members) => {
                            let delivery = members.last_mut().and_then(|member| member.try_recv().ok());
                            let number = delivery.as_ref().map(|delivery| delivery.0);
                            held.extend(delivery);
                            if members.is_empty() {
                                model.left[at].extend(expected);
                                model.left[at].rotate_right(usize::from(expected.is_some()));
                                continue;
                            }
                            number
                        }
                        Reads::Subscriber(subscriber) => subscriber.try_recv().ok().map(|number| number.0),
                    };
                    prop_assert_eq!(taken, expected);
                }
                Op::TakeMany(at, most) if at < readers.len() => {
                    let mut cx = std::task::Context::from_waker(Waker::noop());
                    let (mut deliveries, mut messages) = (Vec::new(), Vec::new());
                    match &mut readers[at] {
                        Reads::Group(_, members) => {
                            let Some(member) = members.first_mut() else { continue };
                            let _ = member.poll_recv_many(&mut cx, &mut deliveries, most);
                        }
                        Reads::Subscriber(subscriber) => {
                            let _ = subscriber.poll_recv_many(&mut cx, &mut messages, most);
                        }
                    }
                    let taken: Vec<_> = deliveries.iter().map(|it| it.0).chain(messages.iter().map(|it| it.0)).collect();
                    let most = most.min(model.left[at].len());
                    let expected: Vec<_> = model.left[at].drain(..most).collect();
                    prop_assert_eq!(taken, expected);
                    held.extend(deliveries);
                }
                Op::LetGo => held.clear(),
                Op::Join { oldest } if readers.len() < 4 => {
                    names += 1;
                    let name = format!("group {names}");
                    let options = numbers.group(&name);
                    let member = if oldest { options.from_oldest() } else { options }.join().unwrap();
                    readers.push(Reads::Group(name, vec![member]));
                    model.join(oldest);
                }
                Op::JoinAgain(at) => {
                    if let Some(Reads::Group(name, members)) = readers.get_mut(at) {
                        members.push(numbers.join(name));
                    }
                }
                Op::Subscribe { oldest } if readers.len() < 4 => {
                    let subscriber = numbers.subscribe();
                    let subscriber = if oldest { subscriber.from_oldest() } else { subscriber };
                    readers.push(Reads::Subscriber(Box::new(subscriber)));
                    model.join(oldest);
                }
                Op::Leave(at) => match readers.get_mut(at) {
                    Some(Reads::Group(_, members)) => drop(members.pop()),
                    Some(Reads::Subscriber(_)) => {
                        readers.remove(at);
                        model.left.remove(at);
                    }
                    None => {}
                },
                Op::Remove(at) => {
                    if let Some(Reads::Group(name, _)) = readers.get(at) {
                        numbers.remove_group(name);
                        readers.remove(at);
                        model.left.remove(at);
                    }
                }
                Op::Tap if taps.len() < 2 => taps.push(numbers.tap()),
                Op::Hear => drop(taps.first_mut().and_then(|tap| tap.try_recv().ok())),
                Op::Untap => drop(taps.pop()),
                _ => {}
            }
            prop_assert!(model.waits() <= CREDIT);
            prop_assert_eq!(limited.waiting(), model.waits(), "after {:?}", op);
        }
        drop((readers, taps, held, numbers));
        prop_assert!(model.waits() <= CREDIT);
    }
}
