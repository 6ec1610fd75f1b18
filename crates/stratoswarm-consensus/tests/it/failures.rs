//! The rows of the README's table that need no server.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use stratoswarm_consensus::{
    AppendError, At, Consensus, Fate, Fence, Local, Log, Machine, ProposeError, ReadError, Sim, SimFaults,
    Stale, Stopped,
};
use tokio::time::{Instant, sleep, timeout};

use crate::fixtures::{Ledger, grant, local, secs, simulated};

/// Every entry comes up to ten minutes late, and nobody is told.
fn all_late() -> SimFaults {
    let mut faults = SimFaults::none();
    faults.late = 1_000;
    faults
}

#[tokio::test(start_paused = true)]
async fn a_late_entry_is_nobodys() {
    let mut nobodys = 0;
    for seed in 0..10 {
        let sim = Sim::new(seed);
        let one = Consensus::<Ledger>::open(sim.node(1)).await.unwrap();
        let two = Consensus::<Ledger>::open(sim.node(2)).await.unwrap();
        sim.set_faults(all_late());
        let pending = match one.propose(grant(1, 1)).timeout(secs(1)).await {
            Err(ProposeError::Unknown(pending)) => pending,
            // It came within its second.
            Ok(_) => continue,
            other => panic!("{other:?}"),
        };
        sim.set_faults(SimFaults::none());
        assert_eq!(pending.fate().await, Fate::Never);
        let before = sim.next();
        sleep(secs(700)).await;
        assert_eq!(two.read(|ledger| ledger.grants).await.unwrap(), 0);
        assert_eq!(one.read(|ledger| ledger.grants).await.unwrap(), 0);
        // Two barriers, and what had been told never to be.
        nobodys += u32::from(sim.next() == before + 3);
    }
    assert!(nobodys > 3, "{nobodys} entries came after their fate was told");
}

#[tokio::test(start_paused = true)]
async fn a_killed_node_rejoins() {
    let (log, mut nodes) = local(5).await;
    let victim = nodes.remove(2);
    for round in 0..50 {
        nodes[0].propose(grant(1, 1)).await.unwrap();
        if round == 20 {
            // While it is proposing.
            let _ = timeout(std::time::Duration::ZERO, victim.propose(grant(7, 1))).await;
            victim.close();
        }
    }
    let back = Consensus::<Ledger>::open(log).await.unwrap();
    let ledger = back.read(Ledger::clone).await.unwrap();
    assert_eq!(ledger.granted[&1], 50);
    assert!(ledger.granted.get(&7).is_none_or(|&cores| cores == 1));
    assert_eq!(back.propose(grant(1, 1)).await.unwrap().response, 51);
    nodes.push(back);
    let ledger = nodes[0].read(Ledger::clone).await.unwrap();
    for node in &nodes {
        assert_eq!(node.read(Ledger::clone).await.unwrap(), ledger);
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_leader_pauses_only() {
    let (sim, nodes) = simulated(3, 1_000).await;
    let began = Instant::now();
    sim.stall(secs(6));
    assert_eq!(nodes[0].propose(grant(1, 1)).await.unwrap().response, 1);
    assert!(began.elapsed() >= secs(6) && began.elapsed() < secs(8), "{:?}", began.elapsed());
    assert_eq!(nodes[1].read(|ledger| ledger.grants).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_minority_decides_nothing() {
    let (sim, nodes) = simulated(5, 1_000).await;
    nodes[0].propose(grant(1, 1)).await.unwrap();
    nodes[4].read(|_| ()).await.unwrap();
    let known = nodes[4].index();
    sim.cut(3, true);
    sim.cut(4, true);
    let began = Instant::now();
    let pending = match nodes[4].propose(grant(1, 1)).timeout(secs(3)).await {
        Err(ProposeError::Unknown(pending)) => pending,
        other => panic!("{other:?}"),
    };
    assert_eq!(began.elapsed(), secs(3));
    assert_eq!(nodes[3].read(|_| ()).timeout(secs(2)).await, Err(ReadError::TimedOut));
    assert_eq!(nodes[4].read_local(|ledger| ledger.grants).unwrap(), (1, known));
    assert_eq!(nodes[0].propose(grant(1, 1)).await.unwrap().response, 2, "the others go on");
    sim.cut(3, false);
    sim.cut(4, false);
    assert_eq!(pending.fate().await, Fate::Never);
    assert_eq!(nodes[4].read(|ledger| ledger.grants).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_holder_is_fenced() {
    let (sim, nodes) = simulated(2, 1_000).await;
    let fence = Fence::new();
    let lease = nodes[0].leases().acquire("gpu-0").await.unwrap();
    let old = lease.token();
    fence.admit(old).unwrap();
    // It hears and says nothing, as one that is stopped.
    sim.cut(0, true);
    let began = Instant::now();
    let next = nodes[1].leases().acquire("gpu-0").await.unwrap();
    assert!(began.elapsed() >= secs(10) && began.elapsed() <= secs(16), "{:?}", began.elapsed());
    assert!(next.token() > old);
    fence.admit(next.token()).unwrap();
    lease.lost().await;
    assert!(!lease.is_held());
    assert_eq!(fence.admit(old), Err(Stale { seen: next.token() }), "what it does late is refused");
    assert!(lease.run(async |_| std::future::pending::<()>().await).await.is_err());
    sim.cut(0, false);
    sleep(secs(60)).await;
    assert!(!lease.is_held() && next.is_held());
}

#[tokio::test(start_paused = true)]
async fn a_rewritten_log_is_noticed() {
    let (sim, nodes) = simulated(3, 1_000).await;
    nodes[1].propose(grant(1, 1)).await.unwrap();
    nodes[0].read(|_| ()).await.unwrap();
    sim.cut(2, true);
    let lost = nodes[0].propose(grant(1, 10)).await.unwrap();
    sim.lose_tail(1);
    sim.cut(2, false);
    // Another takes its place: node 2 has never read the one that was lost.
    let other = nodes[2].propose(grant(1, 100)).await.unwrap();
    assert_eq!((other.index, other.response), (lost.index, 101));
    nodes[2].propose(grant(1, 100)).await.unwrap();
    let Stopped::Rewritten { agreed, index } = nodes[0].stopped().await else { panic!("it was rewritten") };
    assert!(agreed < lost.index && index >= lost.index, "{agreed}, {index}");
    assert!(nodes[0].read_local(|_| ()).is_err(), "it answers nothing any more");
    let anew = Consensus::<Ledger>::open(sim.node(0)).await.unwrap();
    assert_eq!(anew.read(|ledger| ledger.granted[&1]).await.unwrap(), 201);
    assert_eq!(anew.propose(grant(1, 1)).await.unwrap().response, 202);
}

/// A machine that asks a clock.
#[derive(Default, Serialize, Deserialize)]
struct Impure(u64);

impl Machine for Impure {
    type Command = ();
    type Response = ();

    fn apply(&mut self, _at: At, _command: &()) {
        static TICKS: AtomicU64 = AtomicU64::new(0);
        self.0 = TICKS.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn divergence_is_found() {
    let log = Local::new();
    let one = Consensus::<Impure>::open(log.clone()).snapshot_every(8).await.unwrap();
    let two = Consensus::<Impure>::open(log).snapshot_every(8).await.unwrap();
    for _ in 0..10 {
        if one.propose(()).await.is_err() {
            break;
        }
    }
    assert_eq!(two.stopped().await, Stopped::Diverged { at: 8 });
    assert!(two.propose(()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_full_log_says_so() {
    let log = Local::new().limit(4);
    let node = Consensus::<Ledger>::open(log.clone()).await.unwrap();
    for _ in 0..3 {
        node.propose(grant(1, 1)).await.unwrap();
    }
    assert!(matches!(node.propose(grant(1, 1)).await, Err(ProposeError::Full)));
    assert_eq!(log.append(b"x".as_slice().into()).await, Err(AppendError::Full));
    assert_eq!(node.read_local(|ledger| ledger.grants).unwrap().0, 3);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_machine_stops() {
    let (log, nodes) = local(2).await;
    nodes[0].propose(grant(1, 1)).await.unwrap();
    let refused = nodes[0].propose(grant(13, 1)).await;
    let Err(ProposeError::Stopped(Stopped::Panicked { index, message })) = refused else {
        panic!("{refused:?}")
    };
    assert!(message.contains("no task has this number"), "{message}");
    // All nodes stop at the same entry: nothing is skipped silently.
    assert_eq!(nodes[1].stopped().await, Stopped::Panicked { index, message });
    let opening = Consensus::<Ledger>::open(log).await;
    assert!(opening.is_err(), "a new one stops there, too");
}
