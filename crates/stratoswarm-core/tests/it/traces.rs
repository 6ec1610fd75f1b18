//! Where messages belong in a trace: what a fabric's tracer is told, and what goes with a message.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::poll;
use stratoswarm_core::{
    AckPolicy, Budget, Fabric, Message, NoReply, Priority, RequestError, TraceContext, TraceSpan, TraceStep,
    Tracer, patterns::serve,
};
use tokio::time::advance;

#[derive(Clone, Debug, PartialEq)]
struct Job(u64);

impl Message for Job {
    type Reply = u64;
}

/// What a tracer was told, in the order of that.
#[derive(Clone, Default)]
struct Told {
    lines: Arc<std::sync::Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
    unsampled: bool,
    /// Looked at in each call: it would hang if a lock of it were held.
    fabric: Arc<std::sync::OnceLock<stratoswarm_core::WeakFabric>>,
}

struct Begun {
    told: Told,
    number: u64,
    failed: Option<&'static str>,
}

impl Told {
    /// A fabric that it is told of.
    fn fabric(&self) -> Fabric {
        let fabric = Fabric::builder().tracer(self.clone()).build();
        let _ = self.fabric.set(fabric.downgrade());
        fabric
    }

    fn say(&self, line: String) {
        if let Some(fabric) = self.fabric.get().and_then(stratoswarm_core::WeakFabric::upgrade) {
            let _ = fabric.channels();
        }
        self.lines.lock().unwrap().push(line);
    }

    /// What was told since this was asked for the last time.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

impl Tracer for Told {
    fn begin(&self, step: &TraceStep<'_>) -> Option<Box<dyn TraceSpan>> {
        let number = self.spans.fetch_add(1, Ordering::Relaxed) + 1;
        let parent = step.parent.map_or(0, |parent| u64::from_be_bytes(parent.span_id()));
        let by = step.group.map_or_else(String::new, |group| {
            format!(" by {group}, seq {}, attempt {}", step.seq.unwrap(), step.attempt)
        });
        self.say(format!("{number}: {:?} {} within {parent}{by}", step.kind, step.channel));
        Some(Box::new(Begun { told: self.clone(), number, failed: None }))
    }
}

impl TraceSpan for Begun {
    fn context(&self) -> TraceContext {
        TraceContext::new([9; 16], self.number.to_be_bytes(), u8::from(!self.told.unsampled))
    }

    fn fail(&mut self, reason: &'static str) {
        self.failed = Some(reason);
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.told.say(format!(
            "{} ends{}",
            self.number,
            self.failed.map_or(String::new(), |why| format!(": {why}"))
        ));
    }
}

/// The number of the span in which a delivery is handled.
fn number(trace: Option<TraceContext>) -> u64 {
    trace.map_or(0, |trace| u64::from_be_bytes(trace.span_id()))
}

#[tokio::test]
async fn a_send_and_its_handling_are_told_of() {
    let told = Told::default();
    let jobs = told.fabric().channel::<Job>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    jobs.send(Job(1)).await.unwrap();
    jobs.try_send(Job(2)).unwrap();
    let sent = ["1: Send jobs within 0", "1 ends", "2: Send jobs within 0", "2 ends"];
    assert_eq!(told.take(), sent, "nothing is processed that is only fetched");

    let first = worker.recv().await.unwrap();
    assert_eq!(told.take(), ["3: Process jobs within 1 by workers, seq 0, attempt 1"]);
    assert_eq!(number(first.trace()), 3);
    let (_, reply) = first.into_parts();
    assert!(told.take().is_empty(), "the responder goes on with it");
    drop(reply);
    assert_eq!(told.take(), ["3 ends"]);
    assert_eq!(worker.try_recv().unwrap().into_message(), Job(2));
    assert_eq!(told.take(), ["4: Process jobs within 2 by workers, seq 1, attempt 1", "4 ends"]);
}

#[tokio::test]
async fn a_wait_for_room_is_part_of_the_send() {
    let told = Told::default();
    let jobs = told.fabric().channel::<Job>("jobs").capacity(1).open().unwrap();
    let mut worker = jobs.join("workers");
    jobs.try_send(Job(1)).unwrap();
    told.take();
    let mut waiting = jobs.send(Job(2));
    let mut dropped = jobs.send(Job(3));
    assert!(poll!(&mut waiting).is_pending() && poll!(&mut dropped).is_pending());
    assert!(poll!(&mut waiting).is_pending(), "told once");
    assert_eq!(told.take(), ["2: Send jobs within 0", "3: Send jobs within 0"]);
    drop(dropped);
    assert_eq!(told.take(), ["3 ends: cancelled"]);
    assert!(jobs.try_send(Job(4)).is_err());
    assert_eq!(told.take(), ["4: Send jobs within 0", "4 ends: full"]);
    assert_eq!(worker.try_recv().unwrap().into_message(), Job(1));
    told.take();
    waiting.await.unwrap();
    assert_eq!(told.take(), ["2 ends"]);
    let mut late = jobs.send(Job(5));
    assert!(poll!(&mut late).is_pending());
    jobs.close();
    assert!(late.await.is_err());
    assert_eq!(told.take(), ["6: Send jobs within 0", "6 ends: closed"]);
    assert_eq!(number(worker.try_recv().unwrap().trace()), 7, "what was accepted is there");
}

#[tokio::test]
async fn a_request_is_told_of_until_its_reply() {
    let told = Told::default();
    let jobs = told.fabric().channel::<Job>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    let mut asking = jobs.request(Job(21));
    assert!(poll!(&mut asking).is_pending());
    let delivery = worker.recv().await.unwrap();
    assert!(delivery.is_request());
    assert_eq!(number(delivery.trace()), 2);
    delivery.reply(42);
    assert_eq!(asking.await, Ok(42));
    let lines = [
        "1: Request jobs within 0",
        "2: Process jobs within 1 by workers, seq 0, attempt 1",
        "2 ends",
        "1 ends",
    ];
    assert_eq!(told.take(), lines);

    let asking = jobs.request(Job(1));
    let (answer, ()) = tokio::join!(asking, async { drop(worker.recv().await) });
    assert_eq!(answer, Err(RequestError::Unanswered));
    let lines = [
        "3: Request jobs within 0",
        "4: Process jobs within 3 by workers, seq 1, attempt 1",
        "4 ends",
        "3 ends: unanswered",
    ];
    assert_eq!(told.take(), lines);

    let mut gone = jobs.request(Job(2));
    assert!(poll!(&mut gone).is_pending());
    drop(gone);
    assert_eq!(told.take(), ["5: Request jobs within 0", "5 ends: cancelled"]);
    assert!(worker.try_recv().is_err());
    assert!(told.take().is_empty(), "nobody handles what nobody waits for");
}

#[tokio::test(start_paused = true)]
async fn why_a_request_failed_is_told() {
    let told = Told::default();
    let jobs = told.fabric().channel::<Job>("jobs").open().unwrap();
    assert_eq!(jobs.try_request(Job(1)).await, Err(RequestError::Unserved));
    assert_eq!(told.take(), ["1: Request jobs within 0", "1 ends: unserved"]);
    let _worker = jobs.join("workers");
    assert!(jobs.request(Job(1)).timeout(Duration::from_secs(1)).await.is_err());
    assert_eq!(told.take(), ["2: Request jobs within 0", "2 ends: expired"]);
    jobs.close();
    assert_eq!(jobs.request(Job(1)).await, Err(RequestError::Closed));
    assert_eq!(told.take(), ["3: Request jobs within 0", "3 ends: closed"]);
}

#[tokio::test]
async fn within_hands_the_place_on() {
    let told = Told::default();
    let fabric = told.fabric();
    let (jobs, steps) =
        (fabric.channel::<Job>("jobs").open().unwrap(), fabric.channel::<Job>("steps").open().unwrap());
    let (mut worker, mut helper) = (jobs.join("workers"), steps.join("helpers"));
    jobs.send(Job(1)).await.unwrap();
    let job = worker.recv().await.unwrap();
    told.take();
    steps.send(Job(2)).within(&job).await.unwrap();
    let mut asking = steps.request(Job(3)).within(&job);
    assert!(poll!(&mut asking).is_pending());
    assert_eq!(told.take(), ["3: Send steps within 2", "3 ends", "4: Request steps within 2"]);
    let credit = steps.with_credit(1);
    credit.send(Job(4)).within(&job).await.unwrap();
    assert_eq!(told.take(), ["5: Send steps within 2", "5 ends"]);
    let traces: Vec<_> = helper.try_iter().map(|step| number(step.trace())).collect();
    assert_eq!(traces, [6, 7, 8]);
}

#[tokio::test]
async fn each_group_has_a_handling_of_its_own() {
    let told = Told::default();
    let jobs = told.fabric().channel::<Job>("jobs").open().unwrap();
    let (mut one, mut two) = (jobs.join("one"), jobs.join("two"));
    let mut asking = jobs.request(Job(1));
    assert!(poll!(&mut asking).is_pending());
    told.take();
    let (first, second) = (one.recv().await.unwrap(), two.recv().await.unwrap());
    let begun = [
        "2: Process jobs within 1 by one, seq 0, attempt 1",
        "3: Process jobs within 1 by two, seq 0, attempt 1",
    ];
    assert_eq!(told.take(), begun);
    drop(first);
    assert_eq!(told.take(), ["2 ends"]);
    assert!(poll!(&mut asking).is_pending(), "the other may answer");
    second.reply(7);
    assert_eq!(asking.await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_group_that_acknowledges_handles_each_attempt() {
    let told = Told::default();
    let jobs = told.fabric().channel::<Job>("jobs").open().unwrap();
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    jobs.send(Job(1)).await.unwrap();
    told.take();
    drop(worker.recv().await.unwrap());
    let (_, ack) = worker.recv().await.unwrap().into_acked();
    let lines = [
        "2: Process jobs within 1 by workers, seq 0, attempt 1",
        "2 ends",
        "3: Process jobs within 1 by workers, seq 0, attempt 2",
    ];
    assert_eq!(told.take(), lines);
    ack.ack();
    assert_eq!(told.take(), ["3 ends"]);
    assert_eq!(jobs.info().readers[0].unsettled, 0);

    let mut asking = jobs.request(Job(2));
    assert!(poll!(&mut asking).is_pending());
    let mut batch = Vec::new();
    assert_eq!(worker.recv_many(&mut batch, 8).await, 1);
    assert_eq!(number(batch[0].trace()), 5, "told after the batch");
    let (_, reply) = batch.remove(0).into_parts();
    reply.send(9);
    assert_eq!(asking.await, Ok(9));
    assert_eq!(jobs.info().readers[0].unsettled, 0, "a reply acknowledges");
}

#[tokio::test]
async fn what_is_served_is_told_of_until_its_handler_is_done_with_it() {
    let told = Told::default();
    let fabric = told.fabric();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let serving = tokio::spawn(serve(jobs.join("workers"), 2, async |job| {
        let double = 2 * job.0;
        job.reply(double);
    }));
    assert_eq!(jobs.request(Job(4)).await, Ok(8));
    drop((jobs, fabric));
    assert_eq!(serving.await.unwrap().finished, 1);
    let lines = told.take();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.contains(&"2 ends".to_owned()), "{lines:?}");
}

/// A responder that is dropped tells the caller at once, also in `serve`, whose handler goes on.
#[tokio::test]
async fn a_caller_is_not_held_by_what_is_traced() {
    let told = Told::default();
    let jobs = told.fabric().channel::<Job>("jobs").open().unwrap();
    let serving = tokio::spawn(serve(jobs.join("workers"), 1, async |job| {
        drop(job);
        std::future::pending::<()>().await;
    }));
    assert_eq!(jobs.request(Job(4)).await, Err(RequestError::Unanswered));
    serving.abort();
}

#[tokio::test]
async fn what_is_not_sampled_takes_nothing_along_unless_it_is_asked() {
    let told = Told { unsampled: true, ..Told::default() };
    let jobs = told.fabric().channel::<Job>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    jobs.send(Job(1)).await.unwrap();
    assert_eq!(worker.try_recv().unwrap().trace(), None);
    assert_eq!(told.take(), ["1: Send jobs within 0", "1 ends"]);
    let mut asking = jobs.request(Job(2));
    assert!(poll!(&mut asking).is_pending());
    let trace = worker.try_recv().unwrap().trace().unwrap();
    assert!(!trace.is_sampled(), "what is asked for it is not sampled either");
}

/// With lanes, expiry, bytes and turns beside it.
#[tokio::test(start_paused = true)]
async fn a_place_in_a_trace_goes_with_all_that_lies_beside_a_message() {
    let told = Told::default();
    let fabric = told.fabric();
    let budget = Budget::new("memory", 1 << 20);
    let open = fabric.channel::<Job>("jobs").capacity(4).lane(Priority::Critical, 1).fair_senders();
    let jobs = open.ttl(Duration::from_secs(5)).budget(&budget, 100).open().unwrap();
    let mut worker = jobs.join("workers");
    let mut reader = jobs.subscribe();
    jobs.send(Job(1)).await.unwrap();
    jobs.send(Job(2)).ttl(Duration::from_secs(60)).priority(Priority::Critical).await.unwrap();
    jobs.try_send(Job(3)).unwrap();
    let mut asking = jobs.request(Job(4));
    assert!(poll!(&mut asking).is_pending());
    let mut waiting = jobs.send(Job(5)).ttl(Duration::from_secs(1)).priority(Priority::Critical);
    assert!(poll!(&mut waiting).is_pending());
    assert!(budget.info().used > 0);
    told.take();
    let urgent = worker.recv().await.unwrap();
    assert_eq!((urgent.0, urgent.trace().is_some(), urgent.deadline().is_some()), (2, true, true));
    assert_eq!(told.take().len(), 1);
    let mut rest = Vec::new();
    assert_eq!(worker.recv_many(&mut rest, 8).await, 3);
    assert!(rest.iter().all(|job| job.trace().is_some() && job.deadline().is_some()));
    assert_eq!(told.take().len(), 3);
    let request = rest.pop().unwrap();
    assert!(request.is_request());
    request.reply(8);
    assert_eq!(asking.await, Ok(8));
    drop((rest, urgent));
    let read: Vec<_> = reader.try_iter().map(|job| job.0).collect();
    assert_eq!(read, [2, 1, 3, 4], "who handles nothing gets the messages alone");
    assert_eq!(told.take().iter().filter(|line| line.contains("Process")).count(), 0);
    waiting.await.unwrap();
    advance(Duration::from_secs(2)).await;
    assert!(worker.try_recv().is_err(), "it has expired");
    drop(reader);
    assert_eq!(budget.info().used, 0, "all charges are given back");
}

#[tokio::test]
async fn what_retains_and_what_broadcasts_is_not_traced() {
    let told = Told::default();
    let fabric = told.fabric();
    let jobs = fabric.channel::<Job>("jobs").retain(2).open().unwrap();
    let mut worker = jobs.join("workers");
    jobs.send(Job(1)).await.unwrap();
    assert_eq!(worker.try_recv().unwrap().trace(), None);
    fabric.broadcast::<u32>("news").open().unwrap().send(1).unwrap();
    assert!(told.take().is_empty());
}

/// A type without a reply is handled the same way.
#[tokio::test]
async fn a_message_without_reply_is_traced() {
    #[derive(Clone)]
    struct Tick;
    impl Message for Tick {
        type Reply = NoReply;
    }
    let told = Told::default();
    let ticks = told.fabric().channel::<Tick>("ticks").open().unwrap();
    let mut worker = ticks.join("workers");
    ticks.send(Tick).await.unwrap();
    let (_, raw) = worker.recv().await.unwrap().into_raw_parts();
    told.take();
    raw.ack();
    assert_eq!(told.take(), ["2 ends"]);
}
