//! A worker computes without a break, on a runtime of one thread: nothing else runs there, no timer either. Whoever is to tell
//! of it has to do so from another thread.

use std::{future::pending, hint::spin_loop};

use stratoswarm_core::Fabric;
use tokio::sync::mpsc;

use super::{Ending, Job, Pulse};

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let jobs = fabric.channel::<Job>("jobs").capacity(10).open()?;
    let mut worker = jobs.join("workers");
    for name in ["source-1", "source-2", "source-3"] {
        let jobs = jobs.clone();
        fabric.spawn(name, async move { while jobs.send(Job::Plain).await.is_ok() {} });
    }
    fabric.spawn("worker", async move {
        while let Some(_job) = worker.recv().await {
            compute();
        }
    });
    pending().await
}

pub(super) async fn twin(pulse: Pulse) {
    let (jobs, mut worker) = mpsc::channel(10);
    pulse.tells_places("jobs", &jobs);
    for _ in 0..3 {
        let jobs = jobs.clone();
        tokio::spawn(async move { while jobs.send(Job::Plain).await.is_ok() {} });
    }
    tokio::spawn(async move {
        while let Some(_job) = worker.recv().await {
            pulse.beat();
            compute();
        }
    });
    pending::<()>().await;
}

/// Looks for a number that there is not.
fn compute() {
    loop {
        spin_loop();
    }
}
