//! Traced channels: who sent a message, when it was admitted, and what became of it.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use proptest::prelude::*;
use stratoswarm_core::{
    AckPolicy, Channel, Fabric, JoinError, OpenError, Origin, Outcome, OutcomeKind, Outcomes, Receiver,
    Record, Recorder, Subscriber, examples::Ping,
};

use crate::fixtures::Number;

fn traced(fabric: &Fabric, name: &str, capacity: usize) -> Channel<Number> {
    fabric.channel(name).capacity(capacity).traced().open().unwrap()
}

fn origins<M: Clone + Send + 'static>(recorder: &mut Recorder<M>) -> Vec<Origin> {
    let mut tape = Vec::new();
    recorder.drain(&mut tape, usize::MAX);
    tape.into_iter().map(|item| item.unwrap().origin.unwrap()).collect()
}

fn told(outcomes: &mut Outcomes) -> Vec<Outcome> {
    let mut told = Vec::new();
    outcomes.drain(&mut told, usize::MAX);
    told.into_iter().map(|item| item.expect("nothing is missing")).collect()
}

/// Number, attempt and end of each.
fn short(outcomes: &mut Outcomes) -> Vec<(u64, u32, OutcomeKind)> {
    told(outcomes).into_iter().map(|outcome| (outcome.seq, outcome.attempt, outcome.how)).collect()
}

// ---- where messages come from

#[tokio::test]
async fn a_sender_is_a_name_or_the_place_of_its_handles() {
    let numbers = traced(&Fabric::new(), "numbers", 100);
    let mut recorder = numbers.record().open().unwrap();
    let _worker = numbers.join("workers");
    let clones: Vec<_> = (0..2).map(|_| numbers.clone()).collect();
    let named = numbers.named("planner");
    let elsewhere = numbers.named("planner");
    let of_named = named.clone();
    for handle in [&numbers, &clones[0], &clones[1], &named, &elsewhere, &of_named] {
        handle.try_send(Number(0)).unwrap();
    }
    let senders: Vec<_> = origins(&mut recorder).iter().map(|origin| origin.sender).collect();
    assert_eq!(senders, [0, 1, 1, 2, 2, 2], "where it was opened, where it was cloned, and the name");
    let labels: Vec<_> = numbers.senders().iter().map(stratoswarm_core::SenderInfo::label).collect();
    assert_eq!(labels.len(), 3);
    assert!(labels[..2].iter().all(|label| label.contains("traced.rs:")), "{labels:?}");
    assert_eq!(labels[2], "planner");
    drop((named, elsewhere, of_named, clones));
    numbers.named("planner").try_send(Number(0)).unwrap();
    assert_eq!(origins(&mut recorder)[0].sender, 2, "it is the same when all its handles had gone");
}

#[tokio::test]
async fn every_way_in_says_who_sends() {
    let fabric = Fabric::new();
    for bounded in [false, true] {
        let name = format!("numbers {bounded}");
        let builder = fabric.channel::<Number>(&*name).capacity(100).traced();
        let builder = if bounded { builder.max_bytes(10_000).ttl(Duration::from_secs(60)) } else { builder };
        let numbers = builder.open().unwrap();
        let mut recorder = numbers.record().open().unwrap();
        let _worker = numbers.join("workers");
        let me = numbers.named("me");
        me.send(Number(0)).await.unwrap();
        me.try_send(Number(1)).unwrap();
        me.send(Number(2)).ttl(Duration::from_secs(1)).await.unwrap();
        me.send_many(&mut vec![Number(3), Number(4)]).await.unwrap();
        me.reserve().await.unwrap().send(Number(5));
        let _ = me.clone().reserve_owned().await.unwrap().send(Number(6));
        assert!(me.request(Number(7)).now_or_never().is_none());
        me.with_credit(1).send(Number(8)).await.unwrap();
        assert_eq!(me.send(Number(9)).settled().await.unwrap(), stratoswarm_core::Settlement::Acked);
        let mut tape = Vec::new();
        recorder.drain(&mut tape, usize::MAX);
        let tape: Vec<Record<Number>> = tape.into_iter().map(Result::unwrap).collect();
        let planner = numbers.senders().iter().find(|it| it.name.as_deref() == Some("me")).unwrap().id;
        assert_eq!(tape.len(), 10);
        for (at, record) in tape.iter().enumerate() {
            assert_eq!((record.message.0, record.origin.unwrap().sender), (at as u64, planner), "{name}");
        }
    }
}

#[tokio::test]
async fn one_count_of_turns_for_all_traced_channels_of_a_fabric() {
    let fabric = Fabric::new();
    let (first, second) = (traced(&fabric, "first", 10), traced(&fabric, "second", 10));
    let news = fabric.broadcast::<u32>("news").traced().open().unwrap();
    let mut of_first = first.record().open().unwrap();
    let (mut of_second, mut of_news) = (second.record().open().unwrap(), news.record().open().unwrap());
    let mut outcomes = first.outcomes().open().unwrap();
    let (mut worker, _other) = (first.join("workers"), second.join("workers"));
    first.try_send(Number(1)).unwrap();
    worker.try_recv().unwrap().into_message();
    second.try_send(Number(2)).unwrap();
    news.send(3).unwrap();
    let taken = told(&mut outcomes)[0].turn;
    let all = [
        origins(&mut of_first)[0].turn,
        taken,
        origins(&mut of_second)[0].turn,
        origins(&mut of_news)[0].turn,
    ];
    assert!(all.is_sorted_by(|one, next| one < next), "{all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_follow_the_order_of_admission_and_what_was_received_before() {
    let fabric = Fabric::new();
    let (there, back) = (traced(&fabric, "there", 8), traced(&fabric, "back", 8));
    let mut tapes = (there.record().depth(5_000).open().unwrap(), back.record().depth(5_000).open().unwrap());
    let mut worker = there.join("workers");
    let _reader = back.subscribe().tap_all();
    let relaying = tokio::spawn({
        let back = back.clone();
        async move {
            while let Some(delivery) = worker.recv().await {
                back.send(delivery.into_message()).await.unwrap();
            }
        }
    });
    let senders: Vec<_> = (0..2)
        .map(|half| {
            let there = there.clone();
            tokio::spawn(async move {
                for n in 0..1_000 {
                    there.send(Number(2 * n + half)).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    there.close();
    relaying.await.unwrap();
    let turns = |recorder: &mut Recorder<Number>| -> Vec<(u64, u64)> {
        let mut tape = Vec::new();
        recorder.drain(&mut tape, usize::MAX);
        let tape = tape.into_iter().map(Result::unwrap);
        tape.map(|record| (record.message.0, record.origin.unwrap().turn)).collect()
    };
    let (there, back) = (turns(&mut tapes.0), turns(&mut tapes.1));
    assert_eq!((there.len(), back.len()), (2_000, 2_000));
    for tape in [&there, &back] {
        assert!(tape.is_sorted_by(|one, next| one.1 < next.1), "by the order of admission");
    }
    for ((one, sent), (other, relayed)) in there.iter().zip(&back) {
        assert!(one == other && sent < relayed, "what was received came before what is sent then");
    }
}

/// A reader that holds nobody back.
trait TapAll {
    fn tap_all(self) -> tokio::task::JoinHandle<()>;
}

impl TapAll for Subscriber<Number> {
    fn tap_all(mut self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move { while self.recv().await.is_some() {} })
    }
}

#[test]
fn what_does_not_go_with_it_is_refused_and_what_was_not_asked_for_is_found() {
    let fabric = Fabric::new();
    let refused = fabric.channel::<Number>("kept").retain(8).traced().open();
    assert_eq!(refused.err(), Some(OpenError::Incompatible { option: "retain", with: "traced" }));
    let plain = fabric.channel::<Number>("plain").open().unwrap();
    assert!(plain.senders().is_empty());
    assert!(matches!(plain.outcomes().open(), Err(JoinError::Incompatible { option: "outcomes", .. })));
    assert!(matches!(fabric.channel::<Number>("plain").traced().open(), Err(OpenError::Conflict { .. })));
    traced(&fabric, "traced", 8);
    assert!(fabric.channel::<Number>("traced").open().is_ok(), "what states nothing finds it");
    let news = fabric.broadcast::<u32>("news").open().unwrap();
    assert!(news.senders().is_empty());
    assert!(matches!(fabric.broadcast::<u32>("news").traced().open(), Err(OpenError::Conflict { .. })));
}

#[tokio::test]
async fn an_untraced_channel_tells_of_no_origin() {
    let numbers = Fabric::new().channel::<Number>("numbers").open().unwrap();
    let mut recorder = numbers.record().open().unwrap();
    numbers.try_send(Number(1)).unwrap();
    assert_eq!(recorder.try_recv().unwrap().unwrap().origin, None);
}

// ---- what becomes of them

#[tokio::test]
async fn each_hand_over_and_each_end_is_told() {
    use OutcomeKind::{Acked, Dead, Nacked, Taken, Termed};
    let numbers = traced(&Fabric::new(), "numbers", 10);
    let mut outcomes = numbers.outcomes().open().unwrap();
    let policy = AckPolicy::explicit().max_deliver(2);
    let mut worker = numbers.group("workers").ack(policy).join().unwrap();
    for n in 0..3 {
        numbers.try_send(Number(n)).unwrap();
    }
    worker.try_recv().unwrap().into_acked().1.ack();
    worker.try_recv().unwrap().into_acked().1.term("unfit");
    drop(worker.try_recv().unwrap());
    drop(worker.try_recv().unwrap());
    let told = told(&mut outcomes);
    let all: Vec<_> = told.iter().map(|it| (it.seq, it.attempt, it.how)).collect();
    assert_eq!(
        all,
        [
            (0, 1, Taken),
            (0, 1, Acked),
            (1, 1, Taken),
            (1, 1, Termed),
            (2, 1, Taken),
            (2, 1, Nacked),
            (2, 2, Taken),
            (2, 2, Nacked),
            (2, 2, Dead)
        ]
    );
    assert!(told.iter().all(|it| it.group.as_deref() == Some("workers")));
    assert!(
        told.iter().filter(|it| it.how != Dead).all(|it| it.member == told[0].member && it.member.is_some())
    );
    assert!(told.is_sorted_by(|one, next| one.turn < next.turn));
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_late_lapses_or_is_driven_out_is_told() {
    use OutcomeKind::{Abandoned, Acked, Evicted, Expired, Lapsed, Taken};
    let numbers = traced(&Fabric::new(), "numbers", 2);
    let mut outcomes = numbers.outcomes().open().unwrap();
    let mut worker = numbers.join("workers");
    numbers.send(Number(0)).ttl(Duration::from_secs(1)).await.unwrap();
    let mut asking = Box::pin(numbers.request(Number(1)));
    assert!(futures::poll!(&mut asking).is_pending());
    tokio::time::advance(Duration::from_secs(2)).await;
    drop(asking);
    assert!(worker.try_recv().is_err());
    assert_eq!(short(&mut outcomes), [(0, 0, Expired), (1, 0, Abandoned)]);
    drop(worker);
    numbers.remove_group("workers");

    let mut latest = numbers.group("latest").drop_oldest().join().unwrap();
    for n in 2..5 {
        numbers.try_send(Number(n)).unwrap();
    }
    latest.try_recv().unwrap().into_message();
    assert_eq!(short(&mut outcomes), [(2, 0, Evicted), (3, 1, Taken)]);
    drop(latest);
    numbers.remove_group("latest");

    let policy = AckPolicy::explicit().ack_wait(Duration::from_secs(5));
    let mut slow = numbers.group("slow").ack(policy).join().unwrap();
    numbers.try_send(Number(5)).unwrap();
    let late = slow.try_recv().unwrap();
    tokio::time::advance(Duration::from_secs(6)).await;
    slow.try_recv().unwrap().into_message();
    drop(late);
    assert_eq!(short(&mut outcomes), [(5, 1, Taken), (5, 1, Lapsed), (5, 2, Taken), (5, 2, Acked)]);

    drop(slow);
    numbers.remove_group("slow");
    let mut newest = numbers.group("newest").latest_by(|number: &Number| number.0 % 2).join().unwrap();
    for n in [6, 8] {
        numbers.try_send(Number(n)).unwrap();
    }
    newest.try_recv().unwrap().into_message();
    assert_eq!(short(&mut outcomes), [(6, 0, Evicted), (7, 1, Taken)]);
}

#[tokio::test]
async fn a_reply_is_told_with_its_value_where_it_can_be_encoded() {
    for acks in [false, true] {
        let numbers = traced(&Fabric::new(), "numbers", 10);
        let encoded = |_: &Number| -> Option<stratoswarm_core::ReplyEncoder> {
            Some(|reply| reply.downcast_ref::<u64>().map(|n| n.to_le_bytes().to_vec()))
        };
        let mut outcomes = numbers.outcomes().replies(encoded).open().unwrap();
        let group = numbers.group("workers");
        let mut worker = if acks { group.ack(AckPolicy::explicit()) } else { group }.join().unwrap();
        let asking = tokio::spawn({
            let numbers = numbers.clone();
            async move { (numbers.request(Number(4)).await, numbers.request(Number(5)).await) }
        });
        worker.recv().await.unwrap().reply(16);
        let delivery = worker.recv().await.unwrap();
        assert!(delivery.is_request() && delivery.deadline().is_some());
        let (_, raw) = delivery.into_raw_parts();
        let responder = raw.typed::<u64>();
        assert!(responder.is_wanted());
        if acks {
            drop(responder);
            worker.recv().await.unwrap().into_message(); // given back; now it is done without a reply
        } else {
            drop(responder);
        }
        let (first, second) = asking.await.unwrap();
        assert_eq!((first, second), (Ok(16), Err(stratoswarm_core::RequestError::Unanswered)));
        let told = told(&mut outcomes);
        let of_first: Vec<_> =
            told.iter().filter(|it| it.seq == 0).map(|it| (it.how, it.reply.clone())).collect();
        let value = Some(16u64.to_le_bytes().to_vec());
        let mut expected = vec![(OutcomeKind::Taken, None), (OutcomeKind::Replied, value)];
        expected.extend(acks.then_some((OutcomeKind::Acked, None)));
        assert_eq!(of_first, expected, "{acks}");
        let of_second: Vec<_> = told.iter().filter(|it| it.seq == 1).map(|it| it.how).collect();
        let expected: &[_] = if acks {
            &[OutcomeKind::Taken, OutcomeKind::Nacked, OutcomeKind::Taken, OutcomeKind::Acked]
        } else {
            &[OutcomeKind::Taken, OutcomeKind::Unanswered]
        };
        assert_eq!(of_second, expected);
    }
}

#[tokio::test]
async fn of_a_reply_stream_only_that_it_was_taken_is_told() {
    let numbers = traced(&Fabric::new(), "numbers", 10);
    let mut outcomes = numbers.outcomes().open().unwrap();
    let mut worker = numbers.join("workers");
    let asking = tokio::spawn({
        let numbers = numbers.clone();
        async move { numbers.request_stream(Number(2)).collect::<Vec<_>>().await }
    });
    let (_, responder) = worker.recv().await.unwrap().into_parts();
    let mut rows = responder.into_stream();
    for row in 0..2 {
        rows.send(row).await.unwrap();
    }
    drop(rows);
    assert_eq!(asking.await.unwrap().len(), 2);
    assert_eq!(short(&mut outcomes), [(0, 1, OutcomeKind::Taken)]);
}

#[tokio::test]
async fn a_subscriber_is_told_of_without_a_group() {
    let numbers = traced(&Fabric::new(), "numbers", 10);
    let mut outcomes = numbers.outcomes().open().unwrap();
    let mut subscriber = numbers.subscribe();
    let mut buffer = Vec::new();
    for n in 0..4 {
        numbers.try_send(Number(n)).unwrap();
    }
    subscriber.try_recv().unwrap();
    subscriber.recv().await.unwrap();
    subscriber.recv_many(&mut buffer, 8).await;
    let told = told(&mut outcomes);
    assert_eq!(told.iter().map(|it| it.seq).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(told.iter().all(|it| it.group.is_none() && it.how == OutcomeKind::Taken));
}

/// A request is one message more to a subscriber, whoever answers it, and whether it takes it before the group or after.
#[tokio::test]
async fn a_subscriber_is_told_of_with_requests_too() {
    let pings = Fabric::new().channel::<Ping>("pings").traced().open().unwrap();
    let mut outcomes = pings.outcomes().open().unwrap();
    let (mut subscriber, mut worker) = (pings.subscribe(), pings.join("workers"));
    let mut seen = 0;
    for first in [true, false, true] {
        let mut asking = pings.request(Ping);
        assert!(futures::poll!(&mut asking).is_pending());
        pings.try_send(Ping).unwrap();
        let mut look = || {
            let mut buffer = Vec::new();
            assert!(subscriber.try_recv().is_ok());
            assert_eq!(subscriber.recv_many(&mut buffer, 8).now_or_never(), Some(1));
            seen += 2;
        };
        if first {
            look();
        }
        worker.try_recv().unwrap().reply(());
        drop(worker.try_recv().unwrap());
        if !first {
            look();
        }
        asking.await.unwrap();
    }
    let mut late = pings.subscriber().from_oldest().open().unwrap();
    assert!(late.try_recv().is_err());
    let told = told(&mut outcomes);
    let of_subscriber: Vec<_> = told.iter().filter(|it| it.group.is_none()).map(|it| it.seq).collect();
    assert_eq!(of_subscriber, [0, 1, 2, 3, 4, 5]);
    assert_eq!(seen, 6);
}

#[test]
fn beyond_its_depth_it_is_told_how_many_it_missed() {
    let numbers = traced(&Fabric::new(), "numbers", 100);
    let (mut small, mut large) =
        (numbers.outcomes().depth(3).open().unwrap(), numbers.outcomes().depth(100).open().unwrap());
    let mut worker = numbers.join("workers");
    for n in 0..10 {
        numbers.try_send(Number(n)).unwrap();
        worker.try_recv().unwrap().into_message();
    }
    let mut items = Vec::new();
    assert_eq!(small.drain(&mut items, 1), 1, "no more than was asked for");
    assert_eq!(items.pop().unwrap().unwrap_err().missed, 7);
    assert_eq!(small.drain(&mut items, 8), 3);
    assert!(items.iter().map(|it| it.as_ref().unwrap().seq).eq(7..10));
    assert_eq!(small.drain(&mut items, 8), 0);
    assert_eq!(told(&mut large).len(), 10, "each has its own");
    drop(large);
    numbers.try_send(Number(10)).unwrap();
    worker.try_recv().unwrap().into_message();
    assert_eq!(told(&mut small).len(), 1);
}

// ---- all else is as it was

#[derive(Debug, Clone)]
enum Step {
    Send(u64),
    Ask(u64),
    GiveUp,
    Take,
    TakeMany(usize),
    TakeKept(bool),
    Drop,
    Read,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..9u64).prop_map(Step::Send),
        2 => (0..9u64).prop_map(Step::Ask),
        1 => Just(Step::GiveUp),
        2 => Just(Step::Take),
        1 => (1..4usize).prop_map(Step::TakeMany),
        3 => any::<bool>().prop_map(Step::TakeKept),
        1 => Just(Step::Drop),
        2 => Just(Step::Read),
    ];
    prop::collection::vec(step, 0..80)
}

struct World {
    numbers: Channel<Number>,
    workers: Receiver<Number>,
    kept: Receiver<Number>,
    latest: Receiver<Number>,
    reader: Subscriber<Number>,
}

impl World {
    fn new(traced: bool) -> Self {
        let fabric = Fabric::new();
        let builder = fabric.channel("numbers").capacity(4).ttl(Duration::from_secs(3600));
        let numbers: Channel<Number> = if traced { builder.traced() } else { builder }.open().unwrap();
        Self {
            workers: numbers.join("workers"),
            kept: numbers.group("kept").ack(AckPolicy::explicit().max_deliver(2)).join().unwrap(),
            latest: numbers.group("latest").drop_oldest().join().unwrap(),
            reader: numbers.subscribe(),
            numbers,
        }
    }
}

/// What a list of steps comes to.
fn run(world: &mut World, steps: &[Step]) -> Vec<String> {
    let World { numbers, workers, kept, latest, reader } = world;
    let numbers = &*numbers;
    let mut asking = Vec::new();
    let mut seen = Vec::new();
    let took = |receiver: &mut Receiver<Number>| {
        receiver.try_recv().map(|it| (it.seq(), it.attempt(), it.is_request(), it.into_message()))
    };
    for step in steps {
        seen.push(match step {
            Step::Send(n) => format!("{:?}", numbers.try_send(Number(*n))),
            Step::Ask(n) => {
                let mut request = Box::pin(numbers.request(Number(*n)));
                let polled = (&mut request).now_or_never();
                asking.push(request);
                format!("{polled:?}")
            }
            Step::GiveUp => format!("{}", asking.pop().is_some()),
            Step::Take => format!("{:?}", took(workers)),
            Step::TakeMany(limit) => {
                let mut buffer = Vec::new();
                let polled = workers.recv_many(&mut buffer, *limit).now_or_never();
                let buffer: Vec<_> = buffer.iter().map(|it| (it.seq(), it.is_request(), it.0)).collect();
                format!("{polled:?} {buffer:?}")
            }
            Step::TakeKept(ack) => match kept.try_recv() {
                Ok(delivery) => {
                    let text = format!("{:?} {}", *delivery, delivery.attempt());
                    if *ack {
                        delivery.into_acked().1.ack();
                    }
                    text
                }
                Err(error) => error.to_string(),
            },
            Step::Drop => format!("{:?}", took(latest)),
            Step::Read => format!("{:?}", reader.try_recv()),
        });
        if let Some(request) = asking.last_mut() {
            seen.push(format!("{:?}", request.now_or_never()));
            if seen.last().is_some_and(|it| it != "None") {
                asking.pop();
            }
        }
    }
    drop(asking);
    let info = numbers.info();
    seen.extend(info.readers.iter().map(|reader| format!("{reader:?}")));
    seen.push(format!("{} {} {:?}", info.len, info.sent, info.requests));
    seen
}

proptest! {
    #[test]
    fn all_else_is_as_on_a_channel_that_is_not_traced(steps in steps()) {
        let (mut plain, mut traced) = (World::new(false), World::new(true));
        let mut outcomes = traced.numbers.outcomes().open().unwrap();
        prop_assert_eq!(run(&mut plain, &steps), run(&mut traced, &steps));
        let told = told(&mut outcomes);
        prop_assert!(told.is_sorted_by(|one, next| one.turn < next.turn));
        // Each message of a group is taken for the first time, or ends before; never both, and what is left is neither.
        for reader in traced.numbers.info().readers {
            let of_group = told.iter().filter(|it| it.group.as_deref().unwrap_or_default() == reader.name);
            let first = of_group.filter(|it| it.attempt <= 1 && match it.how {
                OutcomeKind::Taken => it.attempt == 1,
                OutcomeKind::Expired | OutcomeKind::Abandoned | OutcomeKind::Evicted => it.attempt == 0,
                _ => false,
            });
            let mut seqs: Vec<_> = first.map(|it| it.seq).collect();
            let count = seqs.len();
            seqs.sort_unstable();
            seqs.dedup();
            prop_assert_eq!(seqs.len(), count, "{:?}", told);
        }
    }
}
