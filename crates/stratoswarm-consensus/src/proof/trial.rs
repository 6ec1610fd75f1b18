use std::{future::Future, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{task::JoinSet, time::sleep};

use super::{
    ballot::Ballot,
    clients::{Client, Histories, Slot},
    history::History,
    ledger_spec::LedgerCall,
    register_spec::RegisterCall,
};
use crate::{
    Consensus, OpenError, Sim, SimFaults, Stopped,
    log::Dice,
    replica::{Digest, Fault},
};

pub(super) const NODES: usize = 5;

/// How many calls each client makes.
const CALLS: u64 = 24;

/// Five nodes, a client of each, and what befalls them, by one seed.
pub(super) struct Trial {
    seed: u64,
    pub(super) sim: Sim,
    fault: Option<Fault>,
    /// A snapshot is due every so many entries.
    snapshot_every: u64,
    nodes: Vec<Slot>,
    histories: Arc<Histories>,
}

/// What a trial saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) calls: usize,
    pub(super) answers: usize,
    pub(super) entries: u64,
    pub(super) purged: u64,
    pub(super) kills: u64,
    /// Of the state at the end, with all entries and their times.
    pub(super) state: Digest,
}

/// Runs this under a paused clock of its own.
pub(super) fn paused<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

/// A trial with every fault a log may have, and what is wrong with what came of it.
pub(super) fn run(seed: u64, fault: Option<Fault>) -> Result<Report, String> {
    run_every(seed, fault, 16)
}

/// With a snapshot every so many entries.
pub(super) fn run_every(seed: u64, fault: Option<Fault>, snapshot_every: u64) -> Result<Report, String> {
    paused(async {
        let trial = Trial::new(seed, fault, snapshot_every);
        trial.sim.set_faults(SimFaults::all());
        let kills = trial.bad_hours().await?;
        trial.sim.set_faults(SimFaults::none());
        trial.judge(kills).await
    })
}

impl Trial {
    pub(super) fn new(seed: u64, fault: Option<Fault>, snapshot_every: u64) -> Self {
        let histories = Histories { register: History::new(), ledger: History::new(), lease: History::new() };
        Self {
            seed,
            sim: Sim::new(seed),
            fault,
            snapshot_every,
            nodes: (0..NODES).map(|_| Arc::new(Mutex::new(None))).collect(),
            histories: Arc::new(histories),
        }
    }

    /// Opens a node, however often it takes: only what no other try mends is an error.
    pub(super) async fn open(&self, node: usize) -> Result<Consensus<Ballot>, String> {
        for _ in 0..20 {
            let opening =
                Consensus::open(self.sim.node(node)).snapshot_every(self.snapshot_every).plant(self.fault);
            match opening.await {
                Ok(opened) => return Ok(opened),
                Err(OpenError::TimedOut { .. }) => {}
                Err(OpenError::Stopped(why)) => return Err(format!("node {node} cannot be opened: {why}")),
            }
        }
        Err(format!("node {node} does not reach the head"))
    }

    /// Clients call, and nodes are cut off, killed and opened again: how many were killed.
    async fn bad_hours(&self) -> Result<u64, String> {
        for node in 0..NODES {
            *self.nodes[node].lock() = Some(self.open(node).await?);
        }
        let mut dice = Dice::new(self.seed ^ 0xbad);
        let mut clients = JoinSet::new();
        for (number, slot) in self.nodes.iter().enumerate() {
            let client = Client {
                slot: Arc::clone(slot),
                histories: Arc::clone(&self.histories),
                dice: Dice::new(dice.roll()),
                number: number as u64 + 1,
            };
            clients.spawn(client.run(CALLS));
        }
        let mut kills = 0;
        for _ in 0..6 {
            sleep(Duration::from_millis(1_000 + dice.below(5_000))).await;
            let node = dice.below(NODES as u64) as usize;
            if dice.in_thousand(500) {
                self.sim.cut(node, true);
                sleep(Duration::from_millis(dice.below(8_000))).await;
                self.sim.cut(node, false);
            } else {
                let killed = self.nodes[node].lock().take();
                if let Some(killed) = killed {
                    expected(killed.node().stopped_by())?;
                    killed.close();
                    kills += 1;
                }
                sleep(Duration::from_millis(dice.below(3_000))).await;
                *self.nodes[node].lock() = Some(self.open(node).await?);
            }
        }
        while let Some(client) = clients.join_next().await {
            client.map_err(|error| format!("a client: {error}"))?;
        }
        Ok(kills)
    }

    /// All that was on its way has landed: nodes agree, and one order explains all answers.
    async fn judge(&self, kills: u64) -> Result<Report, String> {
        sleep(Duration::from_secs(700)).await;
        let state = self.agree().await?;
        let report = Report {
            calls: self.histories.register.len() + self.histories.ledger.len() + self.histories.lease.len(),
            answers: self.histories.register.answers()
                + self.histories.ledger.answers()
                + self.histories.lease.answers(),
            entries: self.sim.next() - 1,
            purged: self.sim.first() - 1,
            kills,
            state,
        };
        self.histories.register.check()?;
        self.histories.ledger.check()?;
        self.histories.lease.check()?;
        Ok(report)
    }

    /// Every node, and a new one, has the same state, and none has stopped by itself.
    async fn agree(&self) -> Result<Digest, String> {
        let newest = self.open(NODES).await?;
        let mut nodes: Vec<_> = self.nodes.iter().filter_map(|slot| slot.lock().clone()).collect();
        nodes.push(newest);
        let mut states = Vec::new();
        for node in &nodes {
            let register = self.histories.register.call(RegisterCall::Read);
            let ledger = self.histories.ledger.call(LedgerCall::Read);
            let read = node.read(|ballot| (ballot.register, ballot.granted)).await;
            let (value, granted) = read.map_err(|error| format!("a read at the end: {error}"))?;
            self.histories.register.answer(register, value);
            self.histories.ledger.answer(ledger, Some(granted));
        }
        sleep(Duration::from_secs(20)).await;
        for (number, node) in nodes.iter().enumerate() {
            expected(node.node().stopped_by()).map_err(|why| format!("node {number}: {why}"))?;
            states.push(node.state());
        }
        let different = states.iter().position(|state| *state != states[0]);
        different.map_or(Ok(Digest::of(&[&states[0].1])), |node| {
            Err(format!("node {node} has another state than node 0"))
        })
    }
}

/// A node that its log and its machine gave no reason to must not have stopped.
fn expected(stopped: Option<Stopped>) -> Result<(), String> {
    stopped.map_or(Ok(()), |why| Err(format!("a node stopped by itself: {why}")))
}
