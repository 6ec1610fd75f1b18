//! Five nodes keep one ledger of 100 cores. One of them is killed while all ask for cores, and comes back. No core is granted twice.
//!
//! `cargo run -p stratoswarm-consensus --example ledger`

use std::{collections::BTreeMap, error::Error, io::Write, time::Duration};

use serde::{Deserialize, Serialize};
use stratoswarm_consensus::{At, Consensus, Local, Machine};
use tokio::{task::JoinSet, time::sleep};

/// Which task was granted how many of the 100 cores.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Ledger {
    granted: BTreeMap<u32, u64>,
}

#[derive(Serialize, Deserialize)]
struct Grant {
    task: u32,
    cores: u64,
}

impl Machine for Ledger {
    type Command = Grant;
    type Response = Result<u64, u64>; // how many are left: granted, or refused

    fn apply(&mut self, _at: At, grant: &Grant) -> Self::Response {
        let left = 100 - self.granted.values().sum::<u64>();
        if grant.cores > left {
            return Err(left);
        }
        *self.granted.entry(grant.task).or_default() += grant.cores;
        Ok(left - grant.cores)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (log, mut nodes) = (Local::new(), Vec::new());
    for _ in 0..5 {
        nodes.push(Consensus::<Ledger>::open(log.clone()).snapshot_every(20).await?);
    }
    let mut workers = JoinSet::new();
    for task in 0..60 {
        let node = nodes[task as usize % 5].clone();
        workers.spawn(async move {
            sleep(Duration::from_millis(u64::from(task))).await;
            let granted = node.propose(Grant { task, cores: 1 + u64::from(task % 4) }).await;
            granted.map(|committed| committed.response.is_ok())
        });
    }
    sleep(Duration::from_millis(20)).await;
    let killed = nodes.remove(3);
    killed.close(); // what it had proposed is in the log, or is not
    let (mut yes, mut no, mut died) = (0, 0, 0);
    while let Some(answer) = workers.join_next().await {
        match answer? {
            Ok(true) => yes += 1,
            Ok(false) => no += 1,
            Err(_) => died += 1,
        }
    }
    nodes.insert(3, Consensus::open(log.clone()).snapshot_every(20).await?); // back, from snapshot and log
    let mut out = std::io::stdout();
    writeln!(out, "granted {yes}, refused {no}, asked of the killed node {died}")?;
    for (number, node) in nodes.iter().enumerate() {
        let (tasks, cores) = node.read(|it| (it.granted.len(), it.granted.values().sum::<u64>())).await?;
        writeln!(
            out,
            "node {number}: {cores} cores of 100 granted to {tasks} tasks, log read up to {}",
            node.index()
        )?;
    }
    writeln!(out, "{} entries are left in the log", log.len())?;
    Ok(())
}
