use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use stratoswarm_consensus::{At, Consensus, Local, Machine, Sim};

/// Who was granted how much, of so much in all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) granted: BTreeMap<u32, u64>,
    pub(crate) grants: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) task: u32,
    pub(crate) cores: u64,
}

pub(crate) fn grant(task: u32, cores: u64) -> Grant {
    Grant { task, cores }
}

impl Machine for Ledger {
    type Command = Grant;
    type Response = u64;

    fn apply(&mut self, _at: At, grant: &Grant) -> u64 {
        assert_ne!(grant.task, 13, "no task has this number");
        self.grants += 1;
        let granted = self.granted.entry(grant.task).or_default();
        *granted += grant.cores;
        *granted
    }
}

pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Nodes on one log in memory.
pub(crate) async fn local(count: usize) -> (Local, Vec<Consensus<Ledger>>) {
    let (log, mut nodes) = (Local::new(), Vec::new());
    for _ in 0..count {
        nodes.push(Consensus::open(log.clone()).await.unwrap());
    }
    (log, nodes)
}

/// Nodes on one simulated log, with a snapshot every so many entries.
pub(crate) async fn simulated(count: usize, snapshot_every: u64) -> (Sim, Vec<Consensus<Ledger>>) {
    let (sim, mut nodes) = (Sim::new(1), Vec::new());
    for node in 0..count {
        nodes.push(Consensus::open(sim.node(node)).snapshot_every(snapshot_every).await.unwrap());
    }
    (sim, nodes)
}
