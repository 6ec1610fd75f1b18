//! What looks like trouble and is none: a worker that is slow, a source that gives up each send that takes too long, a task that
//! keeps the runtime for itself for a while, and then a pause in which nobody has anything to do.

use std::{future::pending, thread, time::Duration};

use stratoswarm_core::Fabric;
use tokio::{sync::mpsc, time::sleep};

use super::{Ending, Job, Pulse};

const WORK: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_millis(100);
const BURST: u32 = 15;
const STARVED: Duration = Duration::from_millis(400);
const PAUSE: Duration = Duration::from_millis(2500);

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let jobs = fabric.channel::<Job>("jobs").capacity(1).open()?;
    let mut worker = jobs.join("workers");
    fabric.spawn("worker", async move {
        while let Some(_job) = worker.recv().await {
            sleep(WORK).await;
        }
    });
    fabric.spawn("source", async move {
        loop {
            for _ in 0..BURST {
                tokio::select! {
                    _ = jobs.send(Job::Plain) => {}
                    () = sleep(PATIENCE) => {}
                }
            }
            sleep(PAUSE).await;
        }
    });
    fabric.spawn("glutton", starve());
    pending().await
}

pub(super) async fn twin(pulse: Pulse) {
    let (jobs, mut worker) = mpsc::channel(1);
    pulse.tells_places("jobs", &jobs);
    tokio::spawn(async move {
        while let Some(_job) = worker.recv().await {
            pulse.beat();
            sleep(WORK).await;
        }
    });
    tokio::spawn(starve());
    loop {
        for _ in 0..BURST {
            tokio::select! {
                _ = jobs.send(Job::Plain) => {}
                () = sleep(PATIENCE) => {}
            }
        }
        sleep(PAUSE).await;
    }
}

/// Keeps the runtime for itself now and then.
async fn starve() {
    loop {
        sleep(2 * STARVED).await;
        thread::sleep(STARVED);
    }
}
