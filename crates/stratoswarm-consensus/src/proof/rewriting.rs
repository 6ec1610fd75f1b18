use std::time::Duration;

use tokio::time::sleep;

use super::{
    ballot::Move,
    trial::{NODES, Trial, paused},
};
use crate::{Stopped, log::Dice, replica::Fault};

/// The log loses what it has acknowledged, and other entries take its place. Nodes that still answer must have one state.
pub(super) fn run(seed: u64, fault: Option<Fault>) -> Result<u64, String> {
    paused(async {
        // No snapshot is due, by which it would be seen, too.
        let trial = Trial::new(seed, fault, 10_000);
        let mut dice = Dice::new(seed);
        let mut nodes = Vec::new();
        for node in 0..NODES {
            nodes.push(trial.open(node).await?);
        }
        for value in 0..dice.below(20) {
            let _ = nodes[dice.below(5) as usize].propose(Move::Swap(value)).await;
        }
        // Some have read what is lost, others not.
        let behind = dice.below(NODES as u64) as usize;
        trial.sim.cut(behind, true);
        let lost = 1 + dice.below(4);
        for value in 0..lost {
            let _ = nodes[(behind + 1) % NODES].propose(Move::Swap(100 + value)).await;
        }
        trial.sim.lose_tail(lost as usize);
        trial.sim.cut(behind, false);
        for round in 0..6 {
            for node in &nodes {
                let command = node.propose(Move::Swap(1_000 + round)).timeout(Duration::from_secs(3));
                let _ = command.await;
            }
        }
        sleep(Duration::from_secs(20)).await;
        let answering: Vec<_> = nodes.iter().filter(|node| node.read_local(|_| ()).is_ok()).collect();
        let stopped = nodes.iter().filter_map(|node| node.node().stopped_by());
        let rewritten = stopped.filter(|why| matches!(why, Stopped::Rewritten { .. })).count() as u64;
        let states: Vec<_> = answering.iter().map(|node| node.state()).collect();
        if states.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(format!("{} nodes answer, and have different states", answering.len()));
        }
        // A cluster that is opened anew follows the log that is left.
        drop(nodes);
        for node in 0..2 {
            let opened = trial.open(node).await?;
            opened.propose(Move::Swap(7)).await.map_err(|error| error.to_string())?;
        }
        Ok(rewritten)
    })
}

#[test]
fn a_rewritten_log_is_noticed() {
    for seed in 0..20 {
        match run(seed, None) {
            Ok(rewritten) => assert!(rewritten > 0, "seed {seed}: nobody noticed"),
            Err(why) => panic!("seed {seed}: {why}"),
        }
    }
}
