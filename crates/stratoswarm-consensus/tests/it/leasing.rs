use std::time::Duration;

use stratoswarm_consensus::{AcquireError, Event};
use tokio::time::{Instant, sleep, timeout};

use crate::fixtures::{local, secs, simulated};

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_for_hours() {
    let (_, nodes) = local(2).await;
    let lease = nodes[0].leases().acquire("leader").await.unwrap();
    assert!(timeout(secs(3 * 3_600), lease.lost()).await.is_err());
    assert!(lease.is_held());
    nodes[1].read(|_| ()).await.unwrap();
    assert_eq!(nodes[1].leases().holder("leader").unwrap(), Some(lease.token()));
    let refused = nodes[1].leases().acquire("leader").timeout(Duration::ZERO).await;
    assert_eq!(refused.err(), Some(AcquireError::Taken { token: lease.token() }));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_lease_is_given_back_and_its_successor_told() {
    let (_, nodes) = local(2).await;
    let mut events = nodes[1].events();
    let lease = nodes[0].leases().acquire("leader").await.unwrap();
    let waiting = nodes[1].leases().acquire("leader").timeout(secs(600));
    let waiting = tokio::spawn(async move { waiting.await });
    sleep(secs(1)).await;
    let (began, first) = (Instant::now(), lease.token());
    drop(lease);
    let second = waiting.await.unwrap().unwrap();
    assert!(began.elapsed() < secs(1) && second.token() > first);
    let mut told = Vec::new();
    while let Ok(Ok(event)) = events.try_recv() {
        told.push(event);
    }
    let name = || "leader".to_owned();
    let turns = [Some(first), None, Some(second.token())];
    assert_eq!(told, turns.map(|token| Event::Lease { name: name(), token }));
}

#[tokio::test(start_paused = true)]
async fn what_runs_under_a_lease_ends_with_it() {
    let (sim, nodes) = simulated(2, 1_000).await;
    let lease = nodes[0].leases().acquire("leader").ttl(secs(10)).await.unwrap();
    assert_eq!(lease.run(async |token| token).await, Ok(lease.token()));
    sim.cut(0, true);
    let began = Instant::now();
    assert!(lease.run(async |_| std::future::pending::<()>().await).await.is_err());
    assert!(began.elapsed() <= secs(9), "before the log can give it away: {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_any_pause_would_end_is_refused() {
    let (_, nodes) = local(1).await;
    let refused = nodes[0].leases().acquire("leader").ttl(secs(2)).await;
    assert_eq!(refused.err(), Some(AcquireError::TooShort { ttl: secs(2), least: secs(10) }));
}

#[tokio::test(start_paused = true)]
async fn a_lease_survives_a_pause_of_the_log() {
    let (sim, nodes) = simulated(1, 1_000).await;
    let lease = nodes[0].leases().acquire("leader").await.unwrap();
    for _ in 0..20 {
        sleep(secs(13)).await;
        sim.stall(secs(6));
    }
    assert!(lease.is_held());
}

#[tokio::test(start_paused = true)]
async fn without_the_log_acquiring_ends_by_its_time() {
    let (sim, nodes) = simulated(2, 1_000).await;
    sim.cut(1, true);
    let began = Instant::now();
    let refused = nodes[1].leases().acquire("leader").timeout(secs(5)).await;
    assert_eq!(refused.err(), Some(AcquireError::TimedOut));
    assert!(began.elapsed() <= secs(15));
}
