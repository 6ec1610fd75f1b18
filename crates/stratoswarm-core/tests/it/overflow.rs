//! Groups that hold no sender back.

use std::collections::VecDeque;

use futures::{FutureExt, poll};
use proptest::prelude::*;
use stratoswarm_core::{
    AckPolicy, Channel, Fabric, JoinError, Message, Priority, Receiver, RequestError, TryRecvError,
};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame(u64, Priority);

impl Message for Frame {
    type Reply = u64;

    fn priority(&self) -> Priority {
        self.1
    }
}

fn frame(number: u64) -> Frame {
    Frame(number, Priority::Normal)
}

fn channel(capacity: usize) -> Channel<Frame> {
    Fabric::new().channel("frames").capacity(capacity).open().unwrap()
}

fn dropping(channel: &Channel<Frame>) -> Receiver<Frame> {
    channel.group("screen").drop_oldest().join().unwrap()
}

fn all(receiver: &mut Receiver<Frame>) -> Vec<u64> {
    receiver.try_iter().map(|delivery| delivery.into_message().0).collect()
}

/// accepted, taken, missed and left of a group.
fn account(channel: &Channel<Frame>, group: &str) -> (u64, u64, u64, u64) {
    let info = channel.info();
    let reader = info.readers.iter().find(|reader| reader.name == group).unwrap();
    assert_eq!(reader.accepted, reader.taken + reader.skipped.total() + reader.left, "{reader:?}");
    (reader.accepted, reader.taken, reader.skipped.missed, reader.left)
}

#[test]
fn a_group_that_drops_its_oldest_holds_no_sender_back() {
    let frames = channel(3);
    let mut screen = dropping(&frames);
    for number in 0..10 {
        frames.try_send(frame(number)).unwrap();
        assert!(frames.len() <= 3, "no more than the capacity waits");
    }
    assert_eq!(account(&frames, "screen"), (10, 0, 7, 3));
    assert_eq!(all(&mut screen), [7, 8, 9]);
    assert_eq!(account(&frames, "screen"), (10, 3, 7, 0));
    let mut many: Vec<_> = (10..17).map(frame).collect();
    frames.send_many(&mut many).now_or_never().unwrap().unwrap();
    assert_eq!(all(&mut screen), [14, 15, 16]);
    assert_eq!(frames.info().high_water, 3);
}

#[test]
fn other_readers_hold_senders_back_as_ever_and_lose_nothing() {
    let frames = channel(3);
    let mut screen = dropping(&frames);
    let mut worker = frames.join("workers");
    (0..3).for_each(|number| frames.try_send(frame(number)).unwrap());
    assert!(frames.try_send(frame(3)).is_err(), "the workers are full");
    assert_eq!(worker.try_recv().unwrap().0, 0);
    frames.try_send(frame(3)).unwrap();
    assert_eq!(account(&frames, "screen"), (4, 0, 1, 3));
    assert_eq!(all(&mut worker), [1, 2, 3]);
    assert_eq!(all(&mut screen), [1, 2, 3]);
    assert_eq!(account(&frames, "workers"), (4, 4, 0, 0));
}

#[tokio::test]
async fn a_sender_that_waited_for_another_reader_drives_out_the_oldest_when_it_is_granted_a_place() {
    let frames = channel(2);
    let mut screen = dropping(&frames);
    let mut worker = frames.join("workers");
    frames.send(frame(0)).await.unwrap();
    frames.send(frame(1)).await.unwrap();
    let mut sending = Box::pin(frames.send(frame(2)));
    assert!(poll!(&mut sending).is_pending());
    assert!(poll!(&mut sending).is_pending());
    assert_eq!(worker.recv().await.unwrap().0, 0);
    sending.await.unwrap();
    assert_eq!(account(&frames, "screen"), (3, 0, 1, 2));
    assert_eq!((all(&mut worker), all(&mut screen)), (vec![1, 2], vec![1, 2]));
}

#[test]
fn a_permit_is_room_for_a_message_that_drives_out_the_oldest() {
    let frames = channel(2);
    let mut screen = dropping(&frames);
    let permit = frames.try_reserve().unwrap();
    (0..3).for_each(|number| frames.try_send(frame(number)).unwrap());
    permit.send(frame(3));
    assert!(frames.len() <= 2);
    let left = all(&mut screen);
    assert_eq!(left.last(), Some(&3));
    assert!(left.len() <= 2, "{left:?}");
}

#[tokio::test]
async fn a_message_that_waited_for_its_bytes_drives_out_the_oldest_too() {
    let fabric = Fabric::new();
    let budget = stratoswarm_core::Budget::new("memory", 3 * size_of::<Frame>());
    let frames = fabric.channel::<Frame>("frames").capacity(2).budget(&budget, 0).open().unwrap();
    let others = fabric.channel::<Frame>("others").capacity(2).budget(&budget, 0).open().unwrap();
    let (mut screen, mut worker) = (dropping(&frames), others.join("workers"));
    others.send(frame(9)).await.unwrap();
    frames.send(frame(0)).await.unwrap();
    frames.send(frame(1)).await.unwrap();
    let mut sending = Box::pin(frames.send(frame(2)));
    assert!(poll!(&mut sending).is_pending(), "there are no bytes");
    worker.recv().await.unwrap().into_message();
    sending.await.unwrap();
    assert_eq!((frames.len(), account(&frames, "screen")), (2, (3, 0, 1, 2)));
    assert_eq!(all(&mut screen), [1, 2]);
}

#[tokio::test]
async fn a_request_that_is_charged_is_evicted_too() {
    let frames = Fabric::new().channel::<Frame>("frames").capacity(1).max_bytes(1_000).open().unwrap();
    let mut screen = dropping(&frames);
    let mut asking = Box::pin(frames.request(frame(0)));
    assert!(poll!(&mut asking).is_pending());
    frames.send(frame(1)).await.unwrap();
    assert_eq!(asking.await, Err(RequestError::Evicted));
    let mut rows = frames.request_stream(frame(2));
    assert!(poll!(Box::pin(rows.recv())).is_pending());
    frames.send(frame(3)).await.unwrap();
    assert_eq!(rows.recv().await, Some(Err(RequestError::Evicted)));
    assert_eq!(all(&mut screen), [3]);
    assert_eq!(frames.info().bytes, 0);
}

#[test]
fn each_lane_drops_its_own_oldest() {
    let frames = Fabric::new()
        .channel::<Frame>("frames")
        .capacity(2)
        .lane(Priority::Critical, 1)
        .lane(Priority::Low, 3)
        .open()
        .unwrap();
    let mut screen = dropping(&frames);
    for number in 0..4 {
        frames.try_send(Frame(number, Priority::Low)).unwrap();
        frames.try_send(Frame(10 + number, Priority::Normal)).unwrap();
    }
    frames.try_send(Frame(20, Priority::Critical)).unwrap();
    assert_eq!(account(&frames, "screen"), (9, 0, 3, 6));
    assert_eq!(screen.try_recv().unwrap().0, 20);
    assert_eq!(screen.try_recv().unwrap().0, 12, "one of several that come one after another");
    (4..6).for_each(|number| frames.try_send(Frame(10 + number, Priority::Normal)).unwrap());
    assert_eq!(all(&mut screen), [14, 15, 1, 2, 3]);
}

#[test]
fn what_is_taken_stays_with_its_member() {
    let frames = channel(1);
    let mut screen = dropping(&frames);
    frames.try_send(frame(0)).unwrap();
    let first = screen.try_recv().unwrap();
    (1..4).for_each(|number| frames.try_send(frame(number)).unwrap());
    assert_eq!((first.0, screen.try_recv().unwrap().0), (0, 3));
}

#[tokio::test]
async fn a_request_that_is_lost_ends_as_evicted() {
    let frames = channel(1);
    let mut screen = dropping(&frames);
    let mut asking = Box::pin(frames.request(frame(0)));
    assert!(poll!(&mut asking).is_pending());
    frames.send(frame(1)).await.unwrap();
    assert_eq!(asking.await, Err(RequestError::Evicted));
    let mut rows = frames.request_stream(frame(2));
    assert!(poll!(Box::pin(rows.recv())).is_pending());
    frames.send(frame(3)).await.unwrap();
    assert_eq!(rows.recv().await, Some(Err(RequestError::Evicted)));
    assert_eq!(all(&mut screen), [3]);
    assert_eq!(account(&frames, "screen"), (4, 1, 3, 0));
}

#[tokio::test]
async fn a_request_that_another_group_has_is_not_lost() {
    let frames = channel(2);
    let mut screen = dropping(&frames);
    let mut worker = frames.join("workers");
    let mut asking = Box::pin(frames.request(frame(7)));
    assert!(poll!(&mut asking).is_pending());
    let (_, reply) = worker.recv().await.unwrap().into_parts();
    frames.send(frame(1)).await.unwrap();
    frames.send(frame(2)).await.unwrap();
    assert_eq!(account(&frames, "screen"), (3, 0, 1, 2));
    assert!(asking.as_mut().now_or_never().is_none(), "it may be answered still");
    reply.send(70);
    assert_eq!(asking.await, Ok(70));
    assert_eq!(all(&mut screen), [1, 2]);
}

#[tokio::test]
async fn a_question_to_all_that_is_lost_leaves_its_group_out_at_once() {
    let frames = channel(2);
    let _screen = dropping(&frames);
    let mut latest = frames.group("latest").latest_by(|_: &Frame| 0).join().unwrap();
    let mut asking = Box::pin(frames.request_all(frame(0)));
    assert!(poll!(&mut asking).is_pending());
    frames.send(frame(1)).await.unwrap();
    frames.send(frame(2)).await.unwrap();
    assert_eq!(all(&mut latest), [2]);
    let ended = asking.now_or_never().expect("both have lost it");
    assert!(
        matches!(ended, Err(RequestError::NoQuorum { got: 0, .. }))
            || ended.is_ok_and(|it| it.replies.is_empty() && it.missing.len() == 2)
    );
}

#[tokio::test(start_paused = true)]
async fn what_expired_before_counts_as_that() {
    let frames = channel(2);
    let screen = dropping(&frames);
    let mut worker = frames.join("workers");
    frames.send(frame(0)).ttl(std::time::Duration::from_secs(1)).await.unwrap();
    frames.send(frame(1)).await.unwrap();
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    frames.try_send(frame(2)).unwrap(); // in the place of the one that expired
    frames.try_send(frame(3)).unwrap_err();
    assert_eq!(worker.recv().await.unwrap().0, 1);
    frames.try_send(frame(3)).unwrap();
    let info = frames.info();
    let skipped = info.readers.iter().find(|reader| reader.name == "screen").unwrap().skipped;
    assert_eq!((skipped.expired, skipped.missed), (1, 1));
    drop(screen);
}

#[test]
fn what_it_does_not_go_with_is_refused() {
    let frames = channel(2);
    let refused = |joined: Result<Receiver<Frame>, JoinError>| match joined.err() {
        Some(JoinError::Incompatible { option, .. }) => option,
        other => panic!("{other:?}"),
    };
    let screen = || frames.group("screen").drop_oldest();
    assert_eq!(refused(screen().ack(AckPolicy::explicit()).join()), "drop_oldest");
    assert_eq!(refused(screen().ordered_by(|frame| frame.0).join()), "drop_oldest");
    assert_eq!(refused(screen().fair_by(|frame| frame.0).join()), "drop_oldest");
    let _workers = frames.join("workers");
    assert_eq!(frames.group("workers").drop_oldest().join().err(), Some(JoinError::Conflict));
    let (_first, _second) = (screen().join().unwrap(), frames.join("screen"));
    assert!(screen().join().is_ok());
}

#[test]
fn a_group_without_members_drops_its_oldest_too() {
    let frames = channel(2);
    drop(dropping(&frames));
    (0..5).for_each(|number| frames.try_send(frame(number)).unwrap());
    let mut screen = frames.join("screen");
    assert_eq!(all(&mut screen), [3, 4]);
    assert_eq!(screen.try_recv().err(), Some(TryRecvError::Empty));
}

#[derive(Debug, Clone)]
enum Step {
    Send(usize),
    Screen,
    Worker,
    /// A second group that drops its oldest comes or goes.
    Another,
    Permit,
    UsePermit,
    Close,
}

/// What each reader should have: the numbers, oldest first.
struct Model {
    capacity: usize,
    worker: VecDeque<u64>,
    screens: [Option<VecDeque<u64>>; 2],
    permits: usize,
}

impl Model {
    fn room(&self) -> bool {
        self.worker.len() + self.permits < self.capacity
    }

    fn push(&mut self, number: u64) {
        self.worker.push_back(number);
        for screen in self.screens.iter_mut().flatten() {
            screen.push_back(number);
            while screen.len() > self.capacity {
                screen.pop_front();
            }
        }
    }
}

proptest! {
    #[test]
    fn a_group_that_drops_its_oldest_has_the_newest(
        capacity in 1_usize..5,
        steps in prop::collection::vec(
            prop_oneof![
                6 => (1_usize..4).prop_map(Step::Send),
                2 => Just(Step::Screen),
                4 => Just(Step::Worker),
                1 => Just(Step::Another),
                1 => Just(Step::Permit),
                1 => Just(Step::UsePermit),
                1 => (0..20_u8).prop_map(|n| if n == 0 { Step::Close } else { Step::Worker }),
            ],
            0..120,
        ),
    ) {
        let frames = channel(capacity);
        let mut readers = [Some(dropping(&frames)), None];
        let mut worker = frames.join("workers");
        let mut permits = Vec::new();
        let screens = [Some(VecDeque::new()), None];
        let mut model = Model { capacity, worker: VecDeque::new(), screens, permits: 0 };
        let (mut next, mut closed) = (0, false);
        for step in steps {
            match step {
                Step::Send(count) => {
                    for _ in 0..count {
                        let room = model.room() && !closed;
                        prop_assert_eq!(frames.try_send(frame(next)).is_ok(), room);
                        if room {
                            model.push(next);
                            next += 1;
                        }
                    }
                }
                Step::Screen => {
                    for (reader, model) in readers.iter_mut().zip(&mut model.screens) {
                        let taken = reader.as_mut().and_then(|reader| reader.try_recv().ok()).map(|it| it.0);
                        prop_assert_eq!(taken, model.as_mut().and_then(VecDeque::pop_front));
                    }
                }
                Step::Worker => {
                    prop_assert_eq!(worker.try_recv().ok().map(|it| it.0), model.worker.pop_front());
                }
                Step::Another => {
                    if readers[1].take().is_none() {
                        readers[1] = Some(frames.group("other").drop_oldest().ephemeral().join().unwrap());
                        model.screens[1] = Some(VecDeque::new());
                    } else {
                        model.screens[1] = None;
                    }
                }
                Step::Permit => {
                    let room = model.room() && !closed;
                    let permit = frames.clone().try_reserve_owned();
                    prop_assert_eq!(permit.is_ok(), room);
                    permits.extend(permit.ok());
                    model.permits += usize::from(room);
                }
                Step::UsePermit => {
                    if let Some(permit) = permits.pop() {
                        permit.send(frame(next));
                        model.permits -= 1;
                        model.push(next);
                        next += 1;
                    }
                }
                Step::Close => {
                    frames.close();
                    closed = true;
                }
            }
            let (accepted, taken, missed, left) = account(&frames, "screen");
            prop_assert_eq!(left as usize, model.screens[0].as_ref().unwrap().len());
            prop_assert_eq!(accepted, taken + missed + left);
            prop_assert_eq!(account(&frames, "workers").3 as usize, model.worker.len());
            prop_assert!(frames.len() <= capacity);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_threads_lose_only_what_is_counted() {
    let frames = channel(8);
    let mut screen = dropping(&frames);
    let mut worker = frames.join("workers");
    let working = tokio::spawn(async move {
        let mut seen = 0_u64;
        while worker.recv().await.is_some() {
            seen += 1;
        }
        seen
    });
    let looking = tokio::spawn(async move {
        let mut seen = 0_u64;
        while screen.recv().await.is_some() {
            seen += 1;
            tokio::task::yield_now().await;
        }
        seen
    });
    let sending: Vec<_> = (0..4)
        .map(|sender| {
            let frames = frames.clone();
            tokio::spawn(async move {
                for number in 0..2_000 {
                    frames.send(frame(10_000 * sender + number)).await.unwrap();
                }
            })
        })
        .collect();
    for sender in sending {
        sender.await.unwrap();
    }
    frames.close();
    let (worked, looked) = (working.await.unwrap(), looking.await.unwrap());
    let missed = frames.info().readers.iter().find(|it| it.name == "screen").map(|it| it.skipped.missed);
    assert_eq!((worked, Some(8_000 - looked)), (8_000, missed));
}
