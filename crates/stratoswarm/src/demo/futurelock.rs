//! A send that waits for room is put aside when a timer comes first, and another send takes its turn: behind the first one, which
//! nobody polls. The place that becomes free is the first one's, so the channel is empty and its sender waits for ever.

use std::{future::pending, time::Duration};

use stratoswarm_core::Fabric;
use tokio::{sync::mpsc, time::sleep};

use super::{Ending, Job, Pulse};

const PATIENCE: Duration = Duration::from_millis(20);
const WORK: Duration = Duration::from_millis(50);

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let jobs = fabric.channel::<Job>("jobs").capacity(1).open()?;
    let mut worker = jobs.join("workers");
    fabric.spawn("source", async move {
        jobs.send(Job::Plain).await.ok();
        let mut first = jobs.send(Job::Plain);
        tokio::select! {
            _ = &mut first => {}
            () = sleep(PATIENCE) => {
                jobs.send(Job::Plain).await.ok(); // `first` is still in the line before it
            }
        }
    });
    fabric.spawn("worker", async move {
        loop {
            sleep(WORK).await;
            worker.recv().await;
        }
    });
    pending().await
}

pub(super) async fn twin(pulse: Pulse) {
    let (jobs, mut worker) = mpsc::channel(1);
    pulse.tells_places("jobs", &jobs);
    let alive = pulse.clone();
    tokio::spawn(async move {
        jobs.send(Job::Plain).await.ok();
        let first = jobs.send(Job::Plain);
        tokio::pin!(first);
        tokio::select! {
            _ = &mut first => {}
            () = sleep(PATIENCE) => {
                jobs.send(Job::Plain).await.ok();
            }
        }
        alive.beat();
    });
    tokio::spawn(async move {
        loop {
            sleep(WORK).await;
            worker.recv().await;
            pulse.beat();
        }
    });
    pending::<()>().await;
}
