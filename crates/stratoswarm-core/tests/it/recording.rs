//! Recorders: the tape of what was admitted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures::{FutureExt, StreamExt, poll};
use proptest::prelude::*;
use stratoswarm_core::{
    Channel, Fabric, JoinError, Lagged, Message, NoReply, Priority, ReaderKind, Record, Recorder,
    TryRecvError,
};
use tokio::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Task(u64, Priority);

impl Message for Task {
    type Reply = u64;

    fn priority(&self) -> Priority {
        self.1
    }
}

fn task(number: u64) -> Task {
    Task(number, Priority::Normal)
}

fn channel(capacity: usize) -> Channel<Task> {
    Fabric::new().channel("tasks").capacity(capacity).open().unwrap()
}

fn missed(lagged: Lagged) -> u64 {
    lagged.missed
}

type Item = Result<Record<Task>, Lagged>;

fn drained(recorder: &mut Recorder<Task>) -> Vec<Item> {
    let mut items = Vec::new();
    recorder.drain(&mut items, usize::MAX);
    items
}

/// Sequence number, class and message of each, where none is missing.
fn whole(recorder: &mut Recorder<Task>) -> Vec<(u64, Priority, u64)> {
    let records = drained(recorder).into_iter().map(|item| item.expect("nothing is missing"));
    records.map(|record| (record.seq, record.class, record.message.0)).collect()
}

/// accepted, taken, missed and left of the only recorder.
fn account(channel: &Channel<Task>) -> (u64, u64, u64, u64) {
    let info = channel.info();
    let recorder = info.readers.iter().find(|reader| reader.kind == ReaderKind::Recorder).unwrap();
    assert_eq!(recorder.accepted, recorder.taken + recorder.skipped.total() + recorder.left, "{recorder:?}");
    (recorder.accepted, recorder.taken, recorder.skipped.total(), recorder.left)
}

#[tokio::test(start_paused = true)]
async fn whatever_way_a_message_comes_in_it_is_on_the_tape_once() {
    for lanes in [false, true] {
        let fabric = Fabric::new();
        let builder = fabric.channel::<Task>("tasks").capacity(32);
        let tasks = if lanes { builder.lane(Priority::Critical, 8).open() } else { builder.open() }.unwrap();
        let mut worker = tasks.join("workers");
        tasks.send(task(99)).await.unwrap(); // before it
        let mut recorder = tasks.record().open().unwrap();
        let due = Instant::now() + Duration::from_secs(5);

        tasks.try_send(task(0)).unwrap();
        tasks.send(task(1)).await.unwrap();
        tasks.send(task(2)).priority(Priority::Critical).ttl(Duration::from_secs(5)).await.unwrap();
        tasks.send_many(&mut vec![task(3), Task(4, Priority::Critical), task(5)]).await.unwrap();
        tasks.reserve().await.unwrap().send(task(6));
        let mut asking = tasks.request(task(7)).deadline(due);
        assert!(poll!(&mut asking).is_pending());
        let mut other = tasks.request(task(8));
        assert!(poll!(&mut other).is_pending());
        tasks.with_credit(2).send(task(9)).await.unwrap();
        let there = tasks.clone();
        std::thread::spawn(move || there.blocking_send(task(10))).join().unwrap().unwrap();

        let records: Vec<_> = drained(&mut recorder).into_iter().map(Result::unwrap).collect();
        let numbers: Vec<_> = records.iter().map(|record| record.message.0).collect();
        assert_eq!(numbers, (0..=10).collect::<Vec<_>>());
        for (at, record) in records.iter().enumerate() {
            assert_eq!(record.seq, 1 + at as u64, "by the order of admission");
            let urgent = lanes && [2, 4].contains(&record.message.0);
            assert_eq!(record.class == Priority::Critical, urgent, "{record:?}");
            assert_eq!(record.is_request, [7, 8].contains(&record.message.0), "{record:?}");
            match record.message.0 {
                2 | 7 => assert_eq!(record.deadline, Some(due)),
                8 => assert!(record.deadline.is_some(), "the channel's own time for requests"),
                _ => assert_eq!(record.deadline, None),
            }
        }
        assert_eq!(worker.try_iter().count(), numbers.len() + 1, "the group has them all the same");
        account(&tasks);
    }
}

#[test]
fn a_recorder_that_is_too_slow_is_told_how_many_it_missed_and_holds_nobody() {
    let tasks = channel(4);
    let mut worker = tasks.join("workers");
    let mut recorder = tasks.record().depth(3).open().unwrap();
    for number in 0..10 {
        tasks.try_send(task(number)).unwrap();
        drop(worker.try_recv().unwrap());
    }
    assert_eq!(account(&tasks), (10, 0, 7, 3));
    assert_eq!(recorder.len(), 3);
    assert_eq!(recorder.try_recv().unwrap().map_err(missed), Err(7));
    assert_eq!(recorder.try_recv().unwrap().unwrap().seq, 7);
    tasks.try_send(task(10)).unwrap();
    tasks.try_send(task(11)).unwrap();
    let items: Vec<_> =
        drained(&mut recorder).into_iter().map(|item| item.map(|it| it.seq).map_err(missed)).collect();
    assert_eq!(items, [Err(1), Ok(9), Ok(10), Ok(11)]);
    assert_eq!(account(&tasks), (12, 4, 8, 0));
    assert_eq!(recorder.try_recv(), Err(TryRecvError::Empty));
    drop(tasks);
    assert_eq!(recorder.try_recv(), Err(TryRecvError::Closed));
}

#[tokio::test]
async fn a_lossless_recorder_misses_nothing_and_holds_senders_when_it_is_so_many_behind() {
    for lanes in [false, true] {
        let fabric = Fabric::new();
        let builder = fabric.channel::<Task>("tasks").capacity(100);
        let tasks =
            if lanes { builder.lane(Priority::Critical, 100).open() } else { builder.open() }.unwrap();
        let mut worker = tasks.join("workers");
        let mut recorder = tasks.record().lossless(3).open().unwrap();
        tasks.try_send(task(0)).unwrap();
        tasks.try_send(Task(1, Priority::Critical)).unwrap();
        let permit = tasks.try_reserve().unwrap();
        assert!(tasks.try_send(Task(9, Priority::Critical)).is_err(), "the third place is promised");
        assert!(tasks.try_send(task(9)).is_err());
        let mut waiting = [tasks.send(task(3)), tasks.send(task(4))];
        for send in &mut waiting {
            assert!(poll!(send).is_pending());
        }
        assert_eq!(worker.try_iter().count(), 2, "the group has room, which changes nothing");
        assert!(poll!(&mut waiting[0]).is_pending());
        permit.send(task(2));
        assert_eq!(account(&tasks), (3, 0, 0, 3));
        assert_eq!(recorder.try_recv().unwrap().unwrap().seq, 0);
        assert!(poll!(&mut waiting[0]).is_ready() && poll!(&mut waiting[1]).is_pending());
        assert_eq!(whole(&mut recorder).iter().map(|it| it.2).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(poll!(&mut waiting[1]).is_ready());
        assert_eq!(tasks.info().high_water, 3, "of a lane no more waited at once");
        drop(recorder);
        for number in 0..50 {
            tasks.try_send(task(number)).unwrap(); // nobody is held any more
        }
    }
}

#[tokio::test]
async fn a_lossless_recorder_that_goes_lets_the_senders_go_on() {
    let tasks = channel(8);
    let _worker = tasks.join("workers");
    let recorder = tasks.record().lossless(1).open().unwrap();
    tasks.try_send(task(0)).unwrap();
    let mut send = tasks.send(task(1));
    assert!(poll!(&mut send).is_pending());
    drop(recorder);
    assert!(poll!(&mut send).is_ready());
}

#[tokio::test]
async fn it_is_woken_when_so_many_are_there_and_not_before() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let tasks = channel(8);
    let mut worker = tasks.join("workers");
    let mut recorder = tasks.record().depth(4).open().unwrap();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    assert!(recorder.poll_filled(&mut cx, 3).is_pending());
    for number in 0..2 {
        tasks.try_send(task(number)).unwrap();
        drop(worker.try_recv().unwrap());
    }
    assert_eq!(count.0.load(Ordering::SeqCst), 0, "two are not worth a look");
    tasks.try_send(task(2)).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    tasks.try_send(task(3)).unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 1, "once");
    assert_eq!(recorder.poll_filled(&mut cx, 3), Poll::Ready(4));
    assert_eq!(recorder.filled(usize::MAX).await, 4, "more than its depth never are");
    whole(&mut recorder);
    assert!(recorder.poll_filled(&mut cx, 2).is_pending());
    tasks.try_send(task(4)).unwrap();
    tasks.close();
    assert_eq!(count.0.load(Ordering::SeqCst), 2, "nothing more will come");
    assert_eq!(recorder.filled(2).await, 1);
    assert_eq!(whole(&mut recorder).len(), 1);
    assert_eq!(recorder.filled(2).await, 0);
}

#[tokio::test]
async fn it_waits_for_the_next_as_other_readers_do_and_gets_the_end() {
    let tasks = channel(8);
    let mut recorder = tasks.record().open().unwrap();
    let mut next = recorder.recv();
    assert!(poll!(&mut next).is_pending());
    tasks.try_send(task(0)).unwrap();
    assert_eq!(next.await.unwrap().unwrap().message, task(0));
    let dropped = recorder.recv().now_or_never();
    assert!(dropped.is_none());
    let sending = tokio::spawn(async move {
        for number in 1..=5 {
            tasks.send(task(number)).await.unwrap();
        }
    });
    let rest: Vec<_> = recorder.by_ref().map(|item| item.unwrap().seq).collect().await;
    assert_eq!(rest, [1, 2, 3, 4, 5]);
    assert_eq!(recorder.recv().await, None);
    sending.await.unwrap();
}

#[test]
fn what_is_sent_by_a_permit_after_the_close_is_on_the_tape() {
    let tasks = channel(8);
    let mut recorder = tasks.record().open().unwrap();
    let permit = tasks.try_reserve().unwrap();
    tasks.close();
    assert_eq!(recorder.try_recv(), Err(TryRecvError::Empty), "it may still come");
    permit.send(task(0));
    assert_eq!(recorder.try_recv().unwrap().unwrap().message, task(0));
    assert_eq!(recorder.try_recv(), Err(TryRecvError::Closed));
}

#[tokio::test]
async fn a_broadcast_is_recorded_whether_or_not_it_has_subscribers() {
    let news = Fabric::new().broadcast::<u32>("news").capacity(2).open().unwrap();
    let mut recorder = news.record().depth(10).open().unwrap();
    assert_eq!(news.send(0).unwrap(), 0, "a recorder is no subscriber");
    let mut reader = news.subscribe();
    for n in 1..=4 {
        assert_eq!(news.send(n).unwrap(), 1);
    }
    assert_eq!(reader.try_recv().unwrap().map_err(missed), Err(2));
    assert_eq!(reader.try_recv().unwrap(), Ok(3));
    drop(reader);
    news.send(5).unwrap();
    let mut items = Vec::new();
    recorder.drain(&mut items, 4);
    recorder.drain(&mut items, 4);
    let items: Vec<_> = items.into_iter().map(|item| item.map(|it| (it.seq, it.message))).collect();
    assert_eq!(items, (0..6).map(|n| Ok((u64::from(n), n))).collect::<Vec<_>>());
    assert_eq!(
        news.record().lossless(1).open().err(),
        Some(JoinError::Incompatible { option: "lossless", with: "a broadcast" }),
    );
    drop(recorder);
    assert_eq!(news.send(6).unwrap(), 0);
    assert!(news.info().readers.is_empty());
}

#[test]
fn a_message_whose_clone_panics_is_missing_and_told() {
    struct Bomb(u32);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            assert!(self.0 != 2, "this one is not to be cloned");
            Self(self.0)
        }
    }
    impl Message for Bomb {
        type Reply = NoReply;
    }
    for lanes in [false, true] {
        let fabric = Fabric::new();
        let builder = fabric.channel::<Bomb>("bombs").capacity(8);
        let bombs = if lanes { builder.lane(Priority::Critical, 1).open() } else { builder.open() }.unwrap();
        let mut worker = bombs.join("workers");
        let mut recorder = bombs.record().lossless(8).open().unwrap();
        (1..=3).for_each(|n| bombs.try_send(Bomb(n)).unwrap());
        let items: Vec<_> =
            recorder.try_iter().map(|item| item.map(|it| (it.seq, it.message.0)).map_err(missed)).collect();
        assert_eq!(items, [Ok((0, 1)), Err(1), Ok((2, 3))]);
        let info = bombs.info();
        let of = info.readers.iter().find(|reader| reader.kind == ReaderKind::Recorder).unwrap();
        assert_eq!((of.taken, of.skipped.panicked, of.skipped.missed), (2, 1, 0));
        assert_eq!(worker.try_iter().count(), 3);
        bombs.try_send(Bomb(2)).unwrap();
        assert_eq!(recorder.try_recv().unwrap().map(drop).map_err(missed), Err(1), "the last, too");
    }
}

#[test]
fn a_recorder_costs_one_clone_of_each_message() {
    static CLONES: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Clone for Counted {
        fn clone(&self) -> Self {
            CLONES.fetch_add(1, Ordering::SeqCst);
            Self
        }
    }
    impl Message for Counted {
        type Reply = NoReply;
    }
    for (lanes, readers) in [(false, 1), (true, 2)] {
        let fabric = Fabric::new();
        let builder = fabric.channel::<Counted>("counted").capacity(64);
        let counted =
            if lanes { builder.lane(Priority::Critical, 1).open() } else { builder.open() }.unwrap();
        let mut worker = counted.join("workers");
        let mut recorders: Vec<_> = (0..readers).map(|_| counted.record().open().unwrap()).collect();
        for _ in 0..50 {
            counted.try_send(Counted).unwrap();
        }
        assert_eq!(worker.try_iter().count(), 50);
        assert!(recorders.iter_mut().all(|recorder| recorder.try_iter().count() == 50));
        assert_eq!(CLONES.swap(0, Ordering::SeqCst), 50 * readers);
    }
}

#[test]
fn two_recorders_and_a_tap_do_not_know_of_each_other() {
    let tasks = channel(4);
    let mut worker = tasks.join("workers");
    let (mut first, mut tap) = (tasks.record().depth(8).open().unwrap(), tasks.tap());
    tasks.try_send(task(0)).unwrap();
    let mut second = tasks.record().lossless(8).open().unwrap();
    tasks.try_send(task(1)).unwrap();
    assert_eq!(worker.try_iter().count(), 2);
    assert_eq!(whole(&mut first).len(), 2);
    assert_eq!(whole(&mut second), [(1, Priority::Normal, 1)]);
    assert_eq!(tap.try_iter().count(), 2);
    drop(first);
    tasks.try_send(task(2)).unwrap();
    assert_eq!(whole(&mut second), [(2, Priority::Normal, 2)]);
    drop(second);
    assert_eq!(worker.try_iter().count(), 1);
    assert_eq!(tap.try_iter().count(), 1);
    assert_eq!(tasks.info().readers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_recorder_which_can_still_be_drained() {
    let fabric = Fabric::new();
    let tasks = fabric.channel::<Task>("tasks").open().unwrap();
    let mut recorder = tasks.record().open().unwrap();
    let mut worker = tasks.join("workers");
    tasks.send(task(0)).await.unwrap();
    drop(worker.recv().await.unwrap());
    let report = fabric.shutdown(Duration::from_secs(1)).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(whole(&mut recorder), [(0, Priority::Normal, 0)]);
    assert_eq!(recorder.recv().await, None);
}

/// What happens to a channel that is recorded.
#[derive(Clone, Debug)]
enum Step {
    Send(Priority),
    SendMany(usize),
    Reserve,
    UsePermit,
    Ask,
    Take(usize),
    Tap(bool),
    Drain(usize),
    Resize(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = prop_oneof![Just(Priority::Critical), Just(Priority::Normal), Just(Priority::Low)];
    let step = prop_oneof![
        4 => class.prop_map(Step::Send),
        2 => (1..5usize).prop_map(Step::SendMany),
        1 => Just(Step::Reserve),
        1 => Just(Step::UsePermit),
        1 => Just(Step::Ask),
        3 => (1..4usize).prop_map(Step::Take),
        1 => any::<bool>().prop_map(Step::Tap),
        2 => (1..6usize).prop_map(Step::Drain),
        1 => (1..6usize).prop_map(Step::Resize),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What comes from the recorder is the tape of what the channel admitted, whatever readers do meanwhile: whole, or with
    /// the gaps that it is told of.
    #[test]
    fn a_recorder_is_the_tape_of_what_was_admitted(
        steps in steps(), lanes in any::<bool>(), lossless in any::<bool>(), depth in 1..6usize,
    ) {
        let fabric = Fabric::new();
        let builder = fabric.channel::<Task>("tasks").capacity(4);
        let tasks = if lanes {
            builder.lane(Priority::Critical, 2).lane(Priority::Low, 2).open().unwrap()
        } else {
            builder.open().unwrap()
        };
        let options = tasks.record();
        let mut recorder =
            if lossless { options.lossless(depth) } else { options.depth(depth) }.open().unwrap();
        let mut worker = tasks.join("workers");
        let (mut tap, mut permits, mut asking) = (None, Vec::new(), Vec::new());
        let (mut admitted, mut next, mut behind) = (Vec::new(), 0u64, 0usize);
        let mut got: Vec<(u64, Task)> = Vec::new();
        let mut missed = 0;
        for step in steps {
            let number = admitted.len() as u64;
            match step {
                Step::Send(class) => {
                    let message = Task(number, class);
                    if tasks.try_send(message.clone()).is_ok() {
                        admitted.push(message);
                    }
                }
                Step::SendMany(count) => {
                    let mut messages: Vec<_> = (0..count as u64).map(|more| task(number + more)).collect();
                    let all = messages.clone();
                    let _ = tasks.send_many(&mut messages).now_or_never();
                    admitted.extend_from_slice(&all[..count - messages.len()]);
                }
                Step::Reserve => permits.extend(tasks.try_reserve()),
                Step::UsePermit => {
                    if let Some(permit) = permits.pop() {
                        permit.send(task(number));
                        admitted.push(task(number));
                    }
                }
                Step::Ask => {
                    let before = tasks.info().sent;
                    let mut request = Box::pin(tasks.request(task(number)).into_future());
                    let _ = (&mut request).now_or_never();
                    if tasks.info().sent > before {
                        admitted.push(task(number));
                        asking.push(request);
                    }
                }
                Step::Take(count) => drop(worker.try_iter().take(count).collect::<Vec<_>>()),
                Step::Tap(open) => tap = open.then(|| tasks.tap()),
                Step::Drain(most) => {
                    let mut items = Vec::new();
                    prop_assert_eq!(recorder.drain(&mut items, most), items.len());
                    for item in items {
                        match item {
                            Ok(record) => {
                                prop_assert_eq!(record.seq, next);
                                next += 1;
                                got.push((record.seq, record.message));
                            }
                            Err(lagged) => {
                                next += lagged.missed;
                                missed += lagged.missed;
                            }
                        }
                    }
                }
                Step::Resize(capacity) => tasks.set_capacity(Priority::Normal, capacity).unwrap(),
            }
            let (accepted, taken, skipped, left) = account(&tasks);
            prop_assert_eq!(accepted, admitted.len() as u64);
            prop_assert_eq!(taken, got.len() as u64);
            prop_assert!(skipped >= missed && left <= depth as u64);
            behind = behind.max(left as usize);
            if lossless {
                prop_assert_eq!(skipped, 0);
                prop_assert!(left as usize + permits.len() <= depth, "permits have their places on the tape");
            }
        }
        for (seq, message) in &got {
            prop_assert_eq!(message, &admitted[*seq as usize]);
        }
        drop(tap);
    }
}
