//! A sender may wait until its message is settled.

use crate::{
    acks::{join, next},
    fixtures::{Number, channel, park, put, ready, woken},
};
use std::time::Duration;
use stratoswarm_core::{AckPolicy, DeadReason, Fabric, Message, NoReply, SendError, Settlement};
use tokio_test::task;

fn dead(group: &str, reason: DeadReason) -> Settlement {
    Settlement::Dead { group: group.to_owned(), reason }
}

#[test]
fn it_is_ready_when_every_group_that_acknowledges_has_settled_the_message() {
    let jobs = channel(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    let mut clerk = jobs.group("clerks").ack(AckPolicy::explicit()).join().unwrap();
    let _other = jobs.join("others"); // does not count
    let mut sending = task::spawn(jobs.send(Number(1)).settled());
    park(&mut sending);
    next(&mut worker).2.nak();
    next(&mut worker).2.ack();
    assert!(!sending.is_woken());
    clerk.try_recv().unwrap().into_message();
    assert_eq!(woken(&mut sending), Ok(Settlement::Acked));
    assert!(sending.poll().is_pending(), "polled after it was ready");
}

#[test]
fn without_a_group_that_acknowledges_it_is_ready_at_once() {
    let jobs = channel(8);
    let _other = jobs.join("others");
    assert_eq!(ready(&mut task::spawn(jobs.send(Number(1)).settled())), Ok(Settlement::Acked));
    assert_eq!(jobs.len(), 1);
    jobs.close();
    assert_eq!(ready(&mut task::spawn(jobs.send(Number(2)).settled())), Err(SendError(Number(2))));
}

#[test]
fn a_group_that_comes_later_does_not_count() {
    let jobs = channel(8);
    let mut worker = join(&jobs, AckPolicy::explicit());
    let mut sending = task::spawn(jobs.send(Number(1)).settled());
    park(&mut sending);
    let mut late = jobs.group("late").ack(AckPolicy::explicit()).from_oldest().join().unwrap();
    late.try_recv().unwrap().into_acked().1.term("no");
    assert!(!sending.is_woken());
    next(&mut worker).2.ack();
    assert_eq!(woken(&mut sending), Ok(Settlement::Acked));
}

#[test]
fn it_says_which_group_gave_the_message_up_and_why() {
    let jobs = channel(8);
    let mut worker = join(&jobs, AckPolicy::explicit().max_deliver(1));
    let mut sending = task::spawn(jobs.send(Number(1)).settled());
    park(&mut sending);
    drop(worker.try_recv().unwrap());
    assert_eq!(woken(&mut sending), Ok(dead("workers", DeadReason::MaxDeliver)));

    let mut sending = task::spawn(jobs.send(Number(2)).settled());
    park(&mut sending);
    next(&mut worker).2.term("no");
    assert_eq!(woken(&mut sending), Ok(dead("workers", DeadReason::Terminated("no".to_owned()))));

    let mut sending = task::spawn(jobs.send(Number(3)).settled());
    park(&mut sending);
    jobs.remove_group("workers");
    assert_eq!(woken(&mut sending), Ok(dead("workers", DeadReason::Removed)));
}

#[test]
fn it_waits_for_room_first_and_dropped_it_changes_nothing() {
    let jobs = channel(1);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, [0]);
    let mut given_up = task::spawn(jobs.send(Number(1)).settled());
    park(&mut given_up);
    let mut sending = task::spawn(jobs.send(Number(2)).settled());
    park(&mut sending);
    drop(given_up); // was not sent
    next(&mut worker).2.ack();
    assert!(sending.is_woken());
    park(&mut sending); // sent now
    drop(sending);
    let (number, _, ack) = next(&mut worker);
    assert_eq!(number, 2);
    ack.ack();
    assert!(jobs.is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_a_shutdown() {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Number>("jobs").open().unwrap();
    let mut worker = join(&jobs, AckPolicy::explicit());
    let mut sending = task::spawn(jobs.send(Number(1)).settled());
    park(&mut sending);
    let _held = worker.try_recv().unwrap();
    fabric.shutdown(Duration::from_secs(1)).await;
    assert_eq!(woken(&mut sending), Ok(dead("workers", DeadReason::Removed)));
}

#[test]
fn a_message_that_cannot_be_cloned_for_a_group_is_told() {
    #[derive(Debug)]
    struct Fragile;
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            panic!("as the test wants it");
        }
    }
    impl Message for Fragile {
        type Reply = NoReply;
    }
    crate::fixtures::panics();
    for beside_others in [false, true] {
        let jobs = Fabric::new().channel::<Fragile>("fragile").open().unwrap();
        let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
        let _other = beside_others.then(|| jobs.subscribe());
        let mut sending = task::spawn(jobs.send(Fragile).settled());
        park(&mut sending);
        assert!(worker.try_recv().is_err());
        let settled = ready(&mut sending).unwrap();
        assert_eq!(settled, dead("workers", DeadReason::Panicked));
    }
}
