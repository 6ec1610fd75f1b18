//! The planner sends a whole round of jobs before it looks at results; the worker sends its results as they come. Both channels
//! are bounded. Small rounds go well; one that is larger than both channels makes each wait for the other to make room.

use std::future::pending;

use stratoswarm_core::Fabric;
use tokio::sync::mpsc;

use super::{Ending, Job, Pulse};

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let jobs = fabric.channel::<Job>("jobs").capacity(2).open()?;
    let results = fabric.channel::<Job>("results").capacity(2).open()?;
    let mut to_do = jobs.join("workers");
    let mut done = results.join("planners");
    fabric.spawn("planner", async move {
        for round in 1.. {
            for _ in 0..round {
                jobs.send(Job::Plain).await.ok();
            }
            for _ in 0..round {
                done.recv().await;
            }
        }
    });
    fabric.spawn("worker", async move {
        while let Some(_job) = to_do.recv().await {
            results.send(Job::Plain).await.ok();
        }
    });
    pending().await
}

pub(super) async fn twin(pulse: Pulse) {
    let (jobs, mut to_do) = mpsc::channel(2);
    let (results, mut done) = mpsc::channel(2);
    pulse.tells_places("jobs", &jobs);
    pulse.tells_places("results", &results);
    tokio::spawn(async move {
        for round in 1.. {
            for _ in 0..round {
                jobs.send(Job::Plain).await.ok();
            }
            for _ in 0..round {
                done.recv().await;
            }
        }
    });
    tokio::spawn(async move {
        while let Some(_job) = to_do.recv().await {
            pulse.beat();
            results.send(Job::Plain).await.ok();
        }
    });
    pending::<()>().await;
}
