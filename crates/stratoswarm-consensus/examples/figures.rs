//! How fast a node decides, reads and catches up, on the log in memory: what the machinery costs, without any disk or network.
//!
//! `cargo run --release -p stratoswarm-consensus --example figures`

use std::{error::Error, io::Write, time::Duration};

use serde::{Deserialize, Serialize};
use stratoswarm_consensus::{At, Consensus, Local, Machine};
use tokio::{task::JoinSet, time::Instant};

#[derive(Default, Serialize, Deserialize)]
struct Counter(u64);

impl Machine for Counter {
    type Command = u64;
    type Response = u64;

    fn apply(&mut self, _at: At, add: &u64) -> u64 {
        self.0 += add;
        self.0
    }
}

/// How many proposals of a worker are measured.
const EACH: u64 = 2_000;

/// The median and the 99th percentile, in microseconds.
fn quantiles(mut times: Vec<Duration>) -> (u128, u128) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_micros();
    (at(50), at(99))
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut out = std::io::stdout();
    for (nodes, workers) in [(1_u64, 1_u64), (1, 256), (3, 256)] {
        let (log, mut opened) = (Local::new(), Vec::new());
        for _ in 0..nodes {
            opened.push(Consensus::<Counter>::open(log.clone()).await?);
        }
        let (began, mut tasks) = (Instant::now(), JoinSet::new());
        for worker in 0..workers {
            let node = opened[(worker % nodes) as usize].clone();
            tasks.spawn(async move {
                let mut times = Vec::new();
                for _ in 0..EACH {
                    let began = Instant::now();
                    node.propose(1).await.map_err(|error| error.to_string())?;
                    times.push(began.elapsed());
                }
                Ok::<_, String>(times)
            });
        }
        let mut times = Vec::new();
        while let Some(done) = tasks.join_next().await {
            times.extend(done??);
        }
        let rate = times.len() as f64 / began.elapsed().as_secs_f64();
        let (p50, p99) = quantiles(times);
        writeln!(
            out,
            "{nodes} nodes, {workers:3} proposals at a time: {rate:7.0} commits/s, p50 {p50} us, p99 {p99} us"
        )?;
        if workers == 1 {
            let mut times = Vec::new();
            for _ in 0..EACH {
                let began = Instant::now();
                opened[0].read(|counter| counter.0).await?;
                times.push(began.elapsed());
            }
            let (p50, p99) = quantiles(times);
            writeln!(out, "a read behind a barrier: p50 {p50} us, p99 {p99} us")?;
        }
        // The entries since the last snapshot, applied by a new node.
        let before = Instant::now();
        let new = Consensus::<Counter>::open(log.clone()).snapshot_every(u64::MAX).await?;
        let (entries, took) = (log.len(), before.elapsed());
        writeln!(
            out,
            "a new node is at index {} after {took:.1?}; {entries} entries are in the log",
            new.index()
        )?;
    }
    // Without snapshots: all of the log.
    let log = Local::new();
    let node = Consensus::<Counter>::open(log.clone()).snapshot_every(u64::MAX).await?;
    let mut tasks = JoinSet::new();
    for _ in 0..256 {
        let node = node.clone();
        tasks.spawn(async move {
            for _ in 0..EACH {
                node.propose(1).await.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let began = Instant::now();
    let new = Consensus::<Counter>::open(log).snapshot_every(u64::MAX).await?;
    let rate = new.index() as f64 / began.elapsed().as_secs_f64();
    writeln!(out, "catching up on {} entries: {rate:.0} entries/s", new.index())?;
    Ok(())
}
