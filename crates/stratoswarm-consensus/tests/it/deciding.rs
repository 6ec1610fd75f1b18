use std::time::Duration;

use stratoswarm_consensus::{Consensus, Event, Local, Log, ProposeError, Read, Stopped};
use stratoswarm_core::Start;
use tokio::time::Instant;

use crate::fixtures::{Ledger, grant, local, secs};

#[tokio::test(start_paused = true)]
async fn what_one_node_proposes_all_apply() {
    let (_, nodes) = local(3).await;
    assert_eq!(nodes[0].propose(grant(1, 4)).await.unwrap().response, 4);
    assert_eq!(nodes[1].propose(grant(1, 2)).await.unwrap().response, 6);
    for node in &nodes {
        assert_eq!(node.read(|ledger| ledger.granted[&1]).await.unwrap(), 6);
    }
}

#[tokio::test(start_paused = true)]
async fn subscribers_of_all_nodes_get_one_order() {
    let (_, nodes) = local(3).await;
    let mut early = nodes[0].subscribe(Start::Next).unwrap();
    for number in 0..20 {
        nodes[number % 3].propose(grant(number as u32 + 100, 1)).await.unwrap();
    }
    nodes[1].read(|_| ()).await.unwrap();
    let mut late = nodes[1].subscribe(Start::Oldest).unwrap();
    let mut before = 0;
    for number in 0..20 {
        let (one, two) = (early.recv().await.unwrap(), late.recv().await.unwrap());
        assert_eq!((one.at, &*one.command), (two.at, &*two.command));
        assert_eq!(one.command.task, number + 100);
        assert!(one.at.index > before);
        before = one.at.index;
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_is_applied_only_at_the_stated_index() {
    let (_, nodes) = local(2).await;
    let first = nodes[0].propose(grant(1, 1)).await.unwrap();
    nodes[1].read(|_| ()).await.unwrap(); // a barrier is no command
    let second = nodes[1].propose(grant(1, 1)).only_at(first.index).await.unwrap();
    let refused = nodes[0].propose(grant(1, 1)).only_at(first.index).await;
    assert!(matches!(refused, Err(ProposeError::Changed { last }) if last == second.index), "{refused:?}");
    assert_eq!(nodes[0].read(|ledger| ledger.granted[&1]).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn more_proposals_than_are_told_apart_are_each_applied_once() {
    let (_, nodes) = local(2).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3_000 {
        let node = nodes[0].clone();
        tasks.spawn(async move { node.propose(grant(1, 1)).await.unwrap().response });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_unstable();
    assert!(answers.iter().copied().eq(1..=3_000));
    assert_eq!(nodes[1].read(|ledger| ledger.grants).await.unwrap(), 3_000);
}

#[tokio::test(start_paused = true)]
async fn reads_that_wait_together_share_a_barrier() {
    let (log, nodes) = local(1).await;
    let before = log.len();
    let reads: Vec<_> = (0..100).map(|_| nodes[0].clone()).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for node in reads {
        tasks.spawn(async move { node.read(|ledger| ledger.grants).await.unwrap() });
    }
    tasks.join_all().await;
    assert!(log.len() - before <= 3, "{} entries", log.len() - before);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_proposal_is_applied_once_or_never() {
    let (_, nodes) = local(2).await;
    for task in 100..200 {
        let proposing = nodes[0].propose(grant(task, 1));
        // Polled so many times, and dropped.
        let _ = tokio::time::timeout(Duration::ZERO, proposing).await;
    }
    tokio::time::sleep(secs(20)).await;
    nodes[0].propose(grant(1, 1)).await.unwrap();
    let ledger = nodes[1].read(Ledger::clone).await.unwrap();
    assert!(ledger.granted.values().all(|&cores| cores == 1), "{ledger:?}");
    assert_eq!(nodes[0].read(Ledger::clone).await.unwrap(), ledger);
}

#[tokio::test(start_paused = true)]
async fn what_is_none_of_ours_is_skipped_by_all() {
    let (log, nodes) = local(2).await;
    let mut events = nodes[1].events();
    log.append(b"hello".as_slice().into()).await.unwrap();
    assert_eq!(nodes[0].propose(grant(1, 1)).await.unwrap().response, 1);
    assert_eq!(nodes[1].propose(grant(1, 1)).await.unwrap().response, 2);
    assert!(matches!(events.recv().await, Some(Ok(Event::Foreign { .. }))));
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_a_newer_version_stops_rather_than_being_skipped() {
    let (log, nodes) = local(1).await;
    log.append(b"SC\x02whatever".as_slice().into()).await.unwrap();
    let why = nodes[0].stopped().await;
    assert!(matches!(&why, Stopped::Undecodable { why, .. } if why.contains("format 2")), "{why}");
    assert_eq!(nodes[0].read_local(|_| ()).unwrap_err(), why);
    assert!(matches!(nodes[0].propose(grant(1, 1)).await, Err(ProposeError::Stopped(_))));
}

#[tokio::test(start_paused = true)]
async fn a_closed_node_answers_nothing() {
    let (_, nodes) = local(2).await;
    let mut decided = nodes[0].subscribe(Start::Next).unwrap();
    nodes[0].propose(grant(1, 1)).await.unwrap();
    nodes[0].close();
    assert_eq!(nodes[0].stopped().await, Stopped::Closed);
    assert!(nodes[0].read(|_| ()).await.is_err());
    assert_eq!(decided.recv().await.unwrap().command.task, 1);
    assert!(decided.recv().await.is_none());
    nodes[1].propose(grant(1, 1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_is_not_read_holds_its_own_node_up_only() {
    let log = Local::new();
    let slow = Consensus::<Ledger>::open(log.clone()).retain(2).await.unwrap();
    let other = Consensus::<Ledger>::open(log).await.unwrap();
    let mut decided = slow.subscribe(Start::Next).unwrap();
    for _ in 0..10 {
        other.propose(grant(1, 1)).await.unwrap();
    }
    let began = Instant::now();
    assert!(slow.read(|_| ()).timeout(secs(1)).await.is_err());
    assert_eq!(began.elapsed(), secs(1));
    for _ in 0..10 {
        decided.recv().await.unwrap();
    }
    assert_eq!(slow.read(|ledger| ledger.grants).await.unwrap(), 10);
}

#[tokio::test(start_paused = true)]
async fn stored_times_of_the_local_log_do_not_fall() {
    let (log, nodes) = local(1).await;
    for _ in 0..10 {
        nodes[0].propose(grant(1, 1)).await.unwrap();
    }
    let Ok(Read::Entries(entries)) = log.reader(1).next().await else { panic!("entries are there") };
    assert!(entries.len() > 10 && entries.windows(2).all(|pair| pair[0].time <= pair[1].time));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_every_grant_is_counted_once() {
    let (_, nodes) = local(5).await;
    let mut tasks = tokio::task::JoinSet::new();
    for node in &nodes {
        for _ in 0..20 {
            let node = node.clone();
            tasks.spawn(async move {
                let mut last = 0;
                for _ in 0..10 {
                    let granted = node.propose(grant(1, 1)).timeout(secs(60)).await.unwrap().response;
                    let read = node.read(|ledger| ledger.granted[&1]).timeout(secs(60)).await.unwrap();
                    assert!(granted > last && read >= granted, "{last} {granted} {read}");
                    last = read;
                }
            });
        }
    }
    tasks.join_all().await;
    for node in &nodes {
        assert_eq!(node.read(|ledger| ledger.granted[&1]).await.unwrap(), 1_000);
    }
}
