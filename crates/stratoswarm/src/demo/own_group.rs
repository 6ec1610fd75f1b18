//! A worker adds numbers up: of a long row it has the halves added by the group it belongs to. It is the only member, so its
//! questions wait for itself. The default deadline of 30 s ends it, and each one after it.

use std::{future::pending, ops::Range};

use stratoswarm_core::{Channel, Delivery, Fabric, patterns::serve};
use tokio::sync::{mpsc, oneshot};

use super::{Ending, Job, Pulse};

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let sums = fabric.channel::<Job>("sums").open()?;
    let own = sums.clone();
    let handle = move |sum: Delivery<Job>| {
        let own = own.clone();
        async move {
            let (Job::Sum(row), reply) = sum.into_parts() else { return };
            let middle = row.start.midpoint(row.end);
            let sum = if row.end - row.start < 10 {
                row.sum()
            } else {
                part(&own, row.start..middle).await + part(&own, middle..row.end).await
            };
            reply.send(Ok(sum));
        }
    };
    fabric.spawn("adder", serve(sums.join("adders"), 1, handle));
    fabric.spawn("client", async move { part(&sums, 0..100).await });
    pending().await
}

/// What a part comes to, or nothing.
async fn part(sums: &Channel<Job>, row: Range<u64>) -> u64 {
    sums.request(Job::Sum(row)).await.ok().and_then(Result::ok).unwrap_or(0)
}

pub(super) async fn twin(pulse: Pulse) {
    let (sums, mut inbox) = mpsc::channel::<(Range<u64>, oneshot::Sender<u64>)>(1000);
    pulse.tells_places("sums", &sums);
    let own = sums.clone();
    tokio::spawn(async move {
        while let Some((row, reply)) = inbox.recv().await {
            pulse.beat();
            let middle = row.start.midpoint(row.end);
            let sum = if row.end - row.start < 10 {
                row.sum()
            } else {
                ask(&own, row.start..middle).await + ask(&own, middle..row.end).await
            };
            reply.send(sum).ok();
        }
    });
    ask(&sums, 0..100).await;
}

async fn ask(sums: &mpsc::Sender<(Range<u64>, oneshot::Sender<u64>)>, row: Range<u64>) -> u64 {
    let (reply, answer) = oneshot::channel();
    sums.send((row, reply)).await.ok();
    answer.await.unwrap_or(0)
}
