//! The only worker panics at a job that nobody had thought of. Its group is there, but has no member: the jobs stay for the next
//! one, and senders wait.

use std::{future::pending, sync::Arc};

use stratoswarm_core::Fabric;
use tokio::sync::{Mutex, mpsc};

use super::{Ending, Job, Pulse};

const PRICES: [u64; 3] = [3, 5, 8];

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let jobs = fabric.channel::<Job>("jobs").capacity(100).open()?;
    let mut worker = jobs.join("workers");
    fabric.spawn("worker", async move {
        let mut turnover = 0;
        while let Some(job) = worker.recv().await {
            if let Job::Tariff(tariff) = *job {
                turnover += PRICES[tariff]; // there is a fourth by now
            }
        }
        turnover
    });
    for name in ["source-1", "source-2", "source-3"] {
        let jobs = jobs.clone();
        fabric.spawn(name, async move {
            for tariff in (0..4).cycle() {
                jobs.send(Job::Tariff(tariff)).await.ok();
            }
        });
    }
    pending().await
}

/// tokio's receiver is shared by the workers, so it outlives one that panics.
pub(super) async fn twin(pulse: Pulse) {
    let (jobs, inbox) = mpsc::channel(100);
    pulse.tells_places("jobs", &jobs);
    let workers = Arc::new(Mutex::new(inbox));
    let inbox = Arc::clone(&workers);
    tokio::spawn(async move {
        let mut turnover = 0;
        while let Some(Job::Tariff(tariff)) = inbox.lock().await.recv().await {
            turnover += PRICES[tariff];
            pulse.beat();
        }
        turnover
    });
    for _ in 0..3 {
        let jobs = jobs.clone();
        tokio::spawn(async move {
            for tariff in (0..4).cycle() {
                jobs.send(Job::Tariff(tariff)).await.ok();
            }
        });
    }
    pending::<()>().await;
}
