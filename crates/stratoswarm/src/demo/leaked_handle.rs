//! A worker is to end when all jobs are done, which is when the last sending handle is gone. It has one itself, to put jobs
//! back that failed: so the end never comes.

use std::{future::pending, time::Duration};

use stratoswarm_core::Fabric;
use tokio::{sync::mpsc, time::sleep};

use super::{Ending, Job, Pulse};

const PAUSE: Duration = Duration::from_millis(10);

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let jobs = fabric.channel::<Job>("jobs").ephemeral().open()?; // it ends with its last handle
    let mut inbox = jobs.join("workers");
    let own = fabric.clone();
    fabric.spawn("worker", async move {
        let Some(retries) = own.get::<Job>("jobs") else { return };
        while let Some(job) = inbox.recv().await {
            if matches!(*job, Job::Failed) {
                retries.send(Job::Plain).await.ok();
            }
        }
    });
    for number in 0..10 {
        jobs.send(if number == 7 { Job::Failed } else { Job::Plain }).await.ok();
        sleep(PAUSE).await;
    }
    drop(jobs);
    pending().await
}

pub(super) async fn twin(pulse: Pulse) {
    let (jobs, mut inbox) = mpsc::channel::<Job>(1000);
    pulse.tells_places("jobs", &jobs);
    let retries = jobs.clone();
    tokio::spawn(async move {
        while let Some(job) = inbox.recv().await {
            pulse.beat();
            if matches!(job, Job::Failed) {
                retries.send(Job::Plain).await.ok();
            }
        }
    });
    for number in 0..10 {
        jobs.send(if number == 7 { Job::Failed } else { Job::Plain }).await.ok();
        sleep(PAUSE).await;
    }
}
