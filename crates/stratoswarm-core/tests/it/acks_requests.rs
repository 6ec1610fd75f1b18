//! Requests to groups that acknowledge, and `serve` there.

use crate::accounts::assert_balanced;
use crate::acks::{assert_empty, jobs, join, ms, next};
use crate::fixtures::{Number, park, put, reader, ready, woken};
use stratoswarm_core::{AckPolicy, Channel, ReaderKind, ReplyOutcome, RequestError, patterns::serve};
use tokio::time::advance;
use tokio_test::task;

// ---- requests

fn ask(jobs: &Channel<Number>, number: u64) -> stratoswarm_core::Requesting<'_, Number, Number> {
    jobs.request(Number(number))
}

#[tokio::test(start_paused = true)]
async fn a_reply_acknowledges_whatever_becomes_of_it() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    let mut asking = task::spawn(ask(&jobs, 1));
    park(&mut asking);
    let delivery = worker.try_recv().unwrap();
    assert!(delivery.is_request());
    assert_eq!(delivery.reply(10), ReplyOutcome::Received);
    assert_eq!(woken(&mut asking), Ok(10));
    let mut asking = task::spawn(ask(&jobs, 2));
    park(&mut asking);
    let (_, reply) = worker.try_recv().unwrap().into_parts();
    drop(asking);
    assert_eq!(reply.send(20), ReplyOutcome::TooLate(20));
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.taken, group.left), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_responder_redelivers_and_the_caller_waits_on() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().max_deliver(3));
    let mut asking = task::spawn(ask(&jobs, 1));
    park(&mut asking);
    drop(worker.try_recv().unwrap().into_parts());
    assert!(!asking.is_woken());
    drop(worker.try_recv().unwrap());
    assert!(!asking.is_woken());
    let last = worker.try_recv().unwrap();
    assert_eq!((last.attempt(), last.is_request()), (3, true));
    last.reply(7);
    assert_eq!(woken(&mut asking), Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_tells_its_caller() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().max_deliver(2));
    let mut asking = task::spawn(ask(&jobs, 1));
    park(&mut asking);
    drop(worker.try_recv().unwrap());
    drop(worker.try_recv().unwrap());
    assert_eq!(woken(&mut asking), Err(RequestError::DeadLettered { attempts: 2 }));
    let mut asking = task::spawn(ask(&jobs, 2));
    park(&mut asking);
    worker.try_recv().unwrap().into_acked().1.term("no");
    assert_eq!(woken(&mut asking), Err(RequestError::DeadLettered { attempts: 1 }));
    let mut asking = task::spawn(ask(&jobs, 3));
    park(&mut asking);
    worker.try_recv().unwrap().into_acked().1.ack();
    assert_eq!(woken(&mut asking), Err(RequestError::Unanswered), "done without an answer");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_one_group_gave_up_may_be_answered_by_another() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().max_deliver(1));
    let mut other = jobs.join("others");
    let mut asking = task::spawn(ask(&jobs, 1));
    park(&mut asking);
    drop(worker.try_recv().unwrap());
    assert!(!asking.is_woken());
    other.try_recv().unwrap().reply(5);
    assert_eq!(woken(&mut asking), Ok(5));
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_caller_has_gone_is_not_redelivered() {
    let jobs = jobs(1);
    let mut worker = join(&jobs, AckPolicy::explicit().backoff([ms(50)]));
    let mut asking = task::spawn(ask(&jobs, 1));
    park(&mut asking);
    let held = worker.try_recv().unwrap();
    drop(asking);
    drop(held);
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).skipped.abandoned, 1);
    assert_balanced(&jobs.info());
    // One that goes while its request is delayed.
    let mut asking = task::spawn(ask(&jobs, 2));
    park(&mut asking);
    drop(worker.try_recv().unwrap());
    drop(asking);
    put(&jobs, [3]); // its place is free
    advance(ms(51)).await;
    assert_eq!(next(&mut worker).0, 3);
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).skipped.abandoned, 2);
    assert_balanced(&jobs.info());
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_keeps_the_deadline() {
    let jobs = jobs(8);
    let mut worker = join(&jobs, AckPolicy::explicit().backoff([ms(80)]));
    let mut asking = task::spawn(ask(&jobs, 1).timeout(ms(100)));
    park(&mut asking);
    let deadline = worker.try_recv().unwrap().deadline();
    assert!(deadline.is_some());
    let again = worker.recv().await.unwrap();
    assert_eq!(again.deadline(), deadline);
    drop(again); // the next would be too late
    advance(ms(100)).await;
    assert_empty(&mut worker);
    assert!(matches!(ready(&mut asking), Err(RequestError::Expired { .. })));
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).skipped.expired, 1);
}

// ---- serve

#[tokio::test(start_paused = true)]
async fn serve_acknowledges_when_the_handler_returns_and_a_panic_redelivers() {
    let jobs = jobs(8);
    let worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, 0..4);
    jobs.close();
    let served = serve(worker, 2, |delivery| {
        assert!(delivery.seq() != 3 || delivery.attempt() > 1, "as the test wants it"); // before its future is made
        async move {
            let attempt = delivery.attempt();
            let (number, reply) = delivery.into_parts();
            assert!(number.0 != 1 || attempt > 2, "as the test wants it");
            drop(reply); // which settles nothing while the handler runs
        }
    })
    .await;
    assert_eq!((served.finished, served.panicked), (4, 3));
    let group = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((group.taken, group.redelivered, group.left), (4, 3, 0));
}
