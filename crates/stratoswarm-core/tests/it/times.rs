//! How long messages wait, and are worked on, of those that are looked at.

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use stratoswarm_core::{
    AckPolicy, Channel, Delivery, Fabric, Message, NoReply, Priority, Receiver, Sampling, Times,
};
use tokio::time::{advance, sleep};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A message that knows its answer, its key and its class.
#[derive(Debug, Clone, PartialEq)]
struct Task {
    n: u64,
    class: Priority,
    body: Bytes,
}

impl Message for Task {
    type Reply = u64;

    fn priority(&self) -> Priority {
        self.class
    }

    fn weight(&self) -> usize {
        self.body.len()
    }
}

fn task(n: u64) -> Task {
    Task { n, class: Priority::Normal, body: Bytes::from_static(b"four") }
}

/// What is known of the only reader of the only channel.
fn only(sampling: &Sampling) -> (Times, Times) {
    let times = sampling.times();
    let [channel] = times.as_slice() else { panic!("one channel: {times:?}") };
    let [reader] = channel.readers.as_slice() else { panic!("one reader: {channel:?}") };
    (reader.waiting.clone(), reader.handling.clone())
}

/// One message waits 5 ms, and is worked on for 20 ms.
async fn one_is_timed(fabric: &Fabric, jobs: &Channel<Task>, worker: &mut Receiver<Task>) {
    let sampling = fabric.sample_times();
    jobs.send(task(1)).await.unwrap();
    advance(ms(5)).await;
    let job = worker.recv().await.unwrap();
    advance(ms(20)).await;
    assert_eq!((job.is_request(), job.attempt()), (false, 1));
    job.into_acked().1.ack();
    let (waiting, handling) = only(&sampling);
    assert_eq!((waiting.samples(), waiting.longest()), (1, ms(5)));
    assert_eq!((handling.samples(), handling.longest()), (1, ms(20)));
}

#[tokio::test(start_paused = true)]
async fn a_plain_channel_is_timed() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    one_is_timed(&fabric, &jobs, &mut worker).await;
}

#[tokio::test(start_paused = true)]
async fn lanes_are_timed() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").lane(Priority::Critical, 4).open().unwrap();
    let mut worker = jobs.join("workers");
    one_is_timed(&fabric, &jobs, &mut worker).await;
    // A lane of its own has samples of its own.
    let sampling = fabric.sample_times();
    jobs.send(Task { class: Priority::Critical, ..task(2) }).await.unwrap();
    advance(ms(7)).await;
    assert_eq!(worker.recv().await.unwrap().n, 2);
    let (waiting, _) = only(&sampling);
    assert_eq!((waiting.samples(), waiting.longest()), (2, ms(7)));
}

#[tokio::test(start_paused = true)]
async fn messages_that_expire_are_timed() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").ttl(ms(1_000)).open().unwrap();
    let mut worker = jobs.join("workers");
    one_is_timed(&fabric, &jobs, &mut worker).await;
}

#[tokio::test(start_paused = true)]
async fn messages_whose_bytes_are_bounded_are_timed() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").max_bytes(100).open().unwrap();
    let mut worker = jobs.join("workers");
    one_is_timed(&fabric, &jobs, &mut worker).await;
}

#[tokio::test(start_paused = true)]
async fn a_group_that_acknowledges_is_timed() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    one_is_timed(&fabric, &jobs, &mut worker).await;
}

#[tokio::test(start_paused = true)]
async fn groups_with_keys_are_timed() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    let mut worker = jobs.group("workers").ordered_by(|job: &Task| job.n).join().unwrap();
    one_is_timed(&fabric, &jobs, &mut worker).await;
    drop((jobs, worker));
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    let mut worker = jobs.group("workers").fair_by(|job: &Task| job.n).join().unwrap();
    one_is_timed(&fabric, &jobs, &mut worker).await;
}

#[tokio::test(start_paused = true)]
async fn each_reader_has_times_of_its_own() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    let (mut quick, mut slow, mut audit) = (jobs.join("quick"), jobs.join("slow"), jobs.subscribe());
    let sampling = fabric.sample_times();
    jobs.send(task(1)).await.unwrap();
    advance(ms(1)).await;
    drop(quick.recv().await);
    advance(ms(1)).await;
    assert!(audit.recv().await.is_some());
    advance(ms(1)).await;
    drop(slow.recv().await);
    let times = sampling.times();
    let told: Vec<_> = times[0]
        .readers
        .iter()
        .map(|it| (it.name.as_str(), it.waiting.longest(), it.handling.samples()))
        .collect();
    assert_eq!(told, [("quick", ms(1), 1), ("slow", ms(3), 1), ("subscriber 2", ms(2), 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_timed_until_its_responder_is_gone() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    let sampling = fabric.sample_times();
    let asking = jobs.request(task(4));
    let handler = async {
        sleep(ms(5)).await;
        let (job, reply) = worker.recv().await.unwrap().into_parts();
        sleep(ms(20)).await;
        reply.send(job.n * 2);
    };
    let (answer, ()) = tokio::join!(asking, handler);
    assert_eq!(answer, Ok(8));
    let (waiting, handling) = only(&sampling);
    assert_eq!((waiting.longest(), handling.longest()), (ms(5), ms(20)));
}

#[tokio::test(start_paused = true)]
async fn senders_that_wait_for_room_are_sampled_too() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").capacity(1).open().unwrap();
    let mut worker = jobs.join("workers");
    let sampling = fabric.sample_times();
    let sender = async {
        for n in 0..20 {
            jobs.send(task(n)).await.unwrap();
        }
    };
    let reader = async {
        for _ in 0..20 {
            sleep(ms(200)).await;
            drop(worker.recv().await.unwrap());
        }
    };
    tokio::join!(sender, reader);
    let (waiting, _) = only(&sampling);
    assert_eq!((waiting.samples(), waiting.messages()), (20, 20), "so few a second are all looked at");
    assert_eq!(waiting.longest(), ms(200));
}

#[tokio::test(start_paused = true)]
async fn permits_and_batches_are_sampled_too() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").capacity(4).open().unwrap();
    let mut worker = jobs.join("workers");
    let sampling = fabric.sample_times();
    for n in 0..10 {
        jobs.reserve().await.unwrap().send(task(n));
        advance(ms(200)).await;
        let mut batch = Vec::new();
        assert_eq!(worker.recv_many(&mut batch, 4).await, 1);
        advance(ms(200)).await;
    }
    let (waiting, handling) = only(&sampling);
    assert_eq!((waiting.samples(), waiting.longest()), (10, ms(200)));
    assert_eq!((handling.samples(), handling.longest()), (10, ms(200)));
}

#[tokio::test(start_paused = true)]
async fn of_many_messages_few_are_looked_at_and_stand_for_all() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").capacity(64).open().unwrap();
    let mut worker = jobs.join("workers");
    let sampling = fabric.sample_times();
    // 100 messages each 10 ms for ten seconds: 10,000 a second.
    for round in 0..1_000 {
        for n in 0..50 {
            jobs.send(task(n)).await.unwrap();
            jobs.try_send(task(n)).unwrap();
            if n % 10 == round % 10 {
                while let Ok(job) = worker.try_recv() {
                    drop(job);
                }
            }
        }
        advance(ms(10)).await;
        let mut batch: Vec<Delivery<Task>> = Vec::new();
        while worker.recv_many(&mut batch, 7).now_or_never().is_some() {
            batch.clear();
        }
    }
    let (waiting, handling) = only(&sampling);
    assert!((100..=1_000).contains(&waiting.samples()), "10 to 100 a second: {waiting:?}");
    assert_eq!(handling.samples(), waiting.samples());
    let missing = 100_000 - waiting.messages();
    assert!(missing < 20_000, "what is since the last is not known yet: {waiting:?}");
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_becomes_slow_is_looked_at_again() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").capacity(100).open().unwrap();
    let mut worker = jobs.join("workers");
    let sampling = fabric.sample_times();
    for _ in 0..100_000 {
        jobs.send(task(1)).await.unwrap(); // all at one moment of the paused clock
        drop(worker.recv().await);
    }
    let before = only(&sampling).0.samples();
    assert!(before < 100, "the more come, the fewer are looked at: {before}");
    for _ in 0..10 {
        advance(ms(1_000)).await;
        let _ = sampling.times();
        jobs.send(task(2)).await.unwrap();
        advance(ms(3)).await;
        drop(worker.recv().await);
    }
    let (waiting, _) = only(&sampling);
    assert_eq!(waiting.samples(), before + 10, "each, as somebody looks once a second");
    assert_eq!(waiting.longest(), ms(3));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_looked_at_unless_somebody_wants_it() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    jobs.send(task(1)).await.unwrap();
    drop(worker.recv().await);
    let (first, second) = (fabric.sample_times(), fabric.sample_times());
    assert!(first.times().is_empty(), "what came before is not known");
    drop(first);
    let late = fabric.channel::<Task>("late").open().unwrap();
    let mut reader = late.join("workers");
    for (channel, worker) in [(&jobs, &mut worker), (&late, &mut reader)] {
        channel.send(task(2)).await.unwrap();
        drop(worker.recv().await);
    }
    let names: Vec<_> = second.times().into_iter().map(|channel| channel.name).collect();
    assert_eq!(names, ["jobs", "late"], "also of channels that are opened later");
    drop(second);
    jobs.send(task(3)).await.unwrap();
    drop(worker.recv().await);
    let third = fabric.sample_times();
    assert_eq!(third.times()[0].readers[0].waiting.samples(), 1, "and it went on growing for nobody");
}

#[tokio::test(start_paused = true)]
async fn what_is_skipped_is_not_worked_on() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Task>("jobs").ttl(ms(10)).open().unwrap();
    let mut worker = jobs.join("workers");
    let sampling = fabric.sample_times();
    jobs.send(task(1)).await.unwrap();
    advance(ms(20)).await;
    assert!(worker.try_recv().is_err());
    let (waiting, handling) = only(&sampling);
    assert_eq!((waiting.longest(), handling.samples()), (ms(20), 0));
}

#[tokio::test(start_paused = true)]
async fn it_does_not_keep_the_fabric_alive() {
    let fabric = Fabric::new();
    let sampling = fabric.sample_times();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    drop(fabric);
    assert!(sampling.times().is_empty());
    drop(jobs);
}

/// Times are told apart to 1 %, and merge.
#[tokio::test(start_paused = true)]
async fn parts_are_exact_to_a_hundredth() {
    let fabric = Fabric::new();
    let sampling = fabric.sample_times();
    let jobs = fabric.channel::<Task>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    for n in 1..=100 {
        jobs.send(task(n)).await.unwrap();
        advance(ms(n)).await;
        drop(worker.recv().await);
        advance(ms(200)).await;
    }
    let (waiting, _) = only(&sampling);
    assert_eq!((waiting.samples(), waiting.messages()), (100, 100));
    for (part, expected) in [(0.5, ms(50)), (0.9, ms(90)), (0.99, ms(99)), (1.0, ms(100))] {
        let told = waiting.quantile(part).unwrap();
        assert!(told.abs_diff(expected) <= expected / 100, "{part}: {told:?}");
    }
    assert_eq!((waiting.quantile(f64::NAN), waiting.quantile(7.0)), (None, Some(ms(100))));
    assert_eq!(waiting.within(ms(49)), 49);
    assert_eq!((waiting.within(ms(0)), waiting.within(ms(5_000))), (0, 100));
    let total = waiting.total().as_secs_f64();
    assert!((total - 5.05).abs() < 0.06, "{total}");
    let mut both = waiting.clone();
    both.merge(&waiting);
    assert_eq!((both.messages(), both.quantile(0.5), both.longest()), (200, waiting.quantile(0.5), ms(100)));
}

#[derive(Debug, Clone)]
struct Plain;

impl Message for Plain {
    type Reply = NoReply;
}

/// Taken by several members at once, each sample is told once, and for its own time.
#[tokio::test(start_paused = true)]
async fn deliveries_in_hand_do_not_disturb_one_another() {
    let fabric = Fabric::new();
    let sampling = fabric.sample_times();
    let jobs = fabric.channel::<Plain>("jobs").capacity(200).open().unwrap();
    let mut worker = jobs.join("workers");
    let mut held = Vec::new();
    for _ in 0..200 {
        jobs.send(Plain).await.unwrap();
        advance(ms(100)).await; // each is looked at
        held.push(worker.recv().await.unwrap());
    }
    drop(held);
    let times = sampling.times();
    let handling = &times[0].readers[0].handling;
    assert_eq!(handling.samples(), 64, "so many have a mark of their own");
    assert_eq!((handling.longest(), times[0].readers[0].waiting.samples()), (ms(100) * 199, 200));
}
