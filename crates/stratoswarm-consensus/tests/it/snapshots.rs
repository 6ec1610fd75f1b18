use bytes::Bytes;
use stratoswarm_consensus::{Consensus, Event, Fate, Local, ProposeError, Sim, SimFaults};
use tokio::time::sleep;

use crate::fixtures::{Ledger, grant, secs, simulated};

#[tokio::test(start_paused = true)]
async fn a_purge_waits_for_a_second_node() {
    let (sim, nodes) = simulated(2, 8).await;
    sim.cut(1, true);
    for _ in 0..40 {
        nodes[0].propose(grant(1, 1)).await.unwrap();
    }
    sleep(secs(30)).await;
    assert_eq!(sim.first(), 1, "nobody has confirmed a snapshot");
    assert!(sim.snapshot(u64::MAX).is_some(), "but they are there");
    sim.cut(1, false);
    for _ in 0..40 {
        nodes[0].propose(grant(1, 1)).await.unwrap();
        sleep(secs(1)).await;
    }
    assert!(sim.first() > 8, "{}", sim.first());
    let (newest, _) = sim.snapshot(u64::MAX).unwrap();
    let (before, _) = sim.snapshot(newest - 1).unwrap();
    assert!(before + 1 >= sim.first(), "the one before still leads to the head");
}

#[tokio::test(start_paused = true)]
async fn the_only_node_confirms_its_own() {
    let log = Local::new();
    let node = Consensus::<Ledger>::open(log.clone()).snapshot_every(8).await.unwrap();
    let mut events = node.events();
    for _ in 0..40 {
        node.propose(grant(1, 1)).await.unwrap();
        sleep(secs(1)).await;
    }
    assert!(log.len() < 30, "{} entries are left", log.len());
    let mut purged = false;
    while let Ok(Ok(event)) = events.try_recv() {
        purged |= matches!(event, Event::Purged { .. });
    }
    assert!(purged);
    drop(node);
    let again = Consensus::<Ledger>::open(log).await.unwrap();
    assert_eq!(again.read(|ledger| ledger.grants).await.unwrap(), 40);
}

/// A log whose beginning is purged, with two snapshots.
async fn purged() -> (Sim, Vec<Consensus<Ledger>>) {
    let (sim, nodes) = simulated(2, 16).await;
    for task in 0..60 {
        let task = if task == 13 { 99 } else { task };
        nodes[task as usize % 2].propose(grant(task, 1)).await.unwrap();
        sleep(secs(1)).await;
    }
    assert!(sim.first() > 1);
    (sim, nodes)
}

#[tokio::test(start_paused = true)]
async fn a_damaged_snapshot_is_skipped() {
    let (sim, nodes) = purged().await;
    let ledger = nodes[0].read(Ledger::clone).await.unwrap();
    drop(nodes);
    let (at, whole) = sim.snapshot(u64::MAX).unwrap();
    let flipped = (0..whole.len()).map(|place| {
        let mut flipped = whole.to_vec();
        flipped[place] ^= 1 << (place % 8);
        Bytes::from(flipped)
    });
    let cut = (0..whole.len()).step_by(16).map(|place| whole.slice(..place));
    let damages = flipped.chain(cut);
    for (number, damaged) in damages.enumerate() {
        sim.put_snapshot(at, damaged);
        // Few proposals, so that no snapshot is due which mends it.
        let node = Consensus::<Ledger>::open(sim.node(7)).snapshot_every(u64::MAX).await.unwrap();
        let (found, _) = node.read_local(Ledger::clone).unwrap();
        assert_eq!(found, ledger, "damage {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_node_continues_from_a_snapshot() {
    let (sim, nodes) = purged().await;
    let new = Consensus::<Ledger>::open(sim.node(5)).await.unwrap();
    assert_eq!(new.read(Ledger::clone).await.unwrap(), nodes[0].read(Ledger::clone).await.unwrap());
    assert_eq!(new.propose(grant(1, 1)).await.unwrap().response, 2);
}

#[tokio::test(start_paused = true)]
async fn a_node_behind_a_purge_loads_the_snapshot() {
    let (sim, nodes) = simulated(3, 8).await;
    let mut events = nodes[2].events();
    let propose = |task| {
        let node = nodes[2].clone();
        tokio::spawn(async move {
            match node.propose(grant(task, 1)).timeout(secs(1_700)).await {
                Err(ProposeError::Unknown(pending)) => pending,
                other => panic!("{other:?}"),
            }
        })
    };
    // One is on its way when the node is cut off, and lands; another is lost.
    let mut faults = SimFaults::none();
    faults.late = 1_000;
    sim.set_faults(faults);
    let landed = propose(500);
    sleep(secs(1)).await;
    sim.set_faults(SimFaults::none());
    sim.cut(2, true);
    let lost = propose(501);
    sleep(secs(700)).await;
    for _ in 0..60 {
        nodes[0].propose(grant(1, 1)).await.unwrap();
        sleep(secs(1)).await;
    }
    assert!(sim.first() > nodes[2].index() + 1, "what it needs next is purged");
    let (landed, lost) = (landed.await.unwrap(), lost.await.unwrap());
    nodes[0].propose(grant(1, 1)).await.unwrap();
    sim.cut(2, false);
    let ledger = nodes[2].read(Ledger::clone).await.unwrap();
    assert_eq!(ledger, nodes[0].read(Ledger::clone).await.unwrap());
    assert_eq!(ledger.granted.get(&500), Some(&1));
    assert_eq!(landed.fate().await, Fate::CommittedUnseen);
    assert_eq!(lost.fate().await, Fate::Never);
    let mut loaded = false;
    while let Ok(Ok(event)) = events.try_recv() {
        loaded |= matches!(event, Event::Loaded { .. });
    }
    assert!(loaded);
}
