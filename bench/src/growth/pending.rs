//! 1 to 8,192 requests with deadlines that wait for their replies at once: the handler replies when it has all of them.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use tokio::{
    runtime::Runtime,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::{Bound, Series, Side, lines};
use crate::{
    cases::PATIENCE,
    payload::Msg,
    rivals::{BeforeRequests, OursRequests, Requests, TokioRequests, before_holding, ours_holding},
};

const PENDING: [u64; 5] = [1, 8, 64, 512, 8_192];
/// A multiple of each of them.
const REQUESTS: u64 = 16_384;

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let mut sides = vec![
        Side::new("stratoswarm", |runtime, pending| run::<OursRequests>(runtime, pending, ours_holding)),
        Side::new("tokio", |runtime, pending| run::<TokioRequests>(runtime, pending, tokio_holding)),
    ];
    sides.extend(Side::before(|runtime, pending| run::<BeforeRequests>(runtime, pending, before_holding)));
    let lines = lines(&sides, &PENDING, repetitions)?;
    Ok(Series {
        name: "pending",
        over: "requests in flight",
        unit: "ns per request",
        bound: Bound::Flat,
        lines,
    })
}

/// As many callers as requests are to be in flight, each with one at a time.
fn run<R: Requests>(
    runtime: &Runtime,
    pending: u64,
    open: impl FnOnce(usize) -> (R::Caller, JoinHandle<()>),
) -> anyhow::Result<f64> {
    let share = REQUESTS / pending;
    runtime.block_on(async {
        let (caller, handler) = open(pending as usize);
        let run = async {
            let start = Instant::now();
            let calls: Vec<_> = (0..pending)
                .map(|i| tokio::spawn(R::calls(caller.clone(), i * share..(i + 1) * share)))
                .collect();
            let mut sum = 0_u64;
            for call in calls {
                sum = sum.wrapping_add(call.await?.context("a request failed, or got the reply of another")?);
            }
            let took = start.elapsed();
            ensure!(sum == (1..=REQUESTS).sum::<u64>(), "wrong replies: their sum is {sum}");
            drop(caller);
            handler.await?;
            anyhow::Ok(took.as_nanos() as f64 / REQUESTS as f64)
        };
        timeout(PATIENCE, run).await.context("hangs")?
    })
}

fn tokio_holding(pending: usize) -> (mpsc::Sender<(Msg, oneshot::Sender<u64>)>, JoinHandle<()>) {
    let (sender, mut receiver) = mpsc::channel::<(Msg, oneshot::Sender<u64>)>(pending);
    let handler = tokio::spawn(async move {
        let mut held = Vec::with_capacity(pending);
        while let Some(request) = receiver.recv().await {
            held.push(request);
            if held.len() == pending {
                for (message, reply) in held.drain(..) {
                    reply.send(message.id() + 1).ok();
                }
            }
        }
    });
    (sender, handler)
}
