//! 1 to 64 lossless subscribers that all read each message before the next is sent: where a busy channel shares the
//! cost of a look at its readers among many messages, here every message bears its own.

use std::time::Instant;

use anyhow::ensure;
use tokio::sync::mpsc;

use super::{Bound, Series, Side, lines};
use crate::{
    payload::{Msg, Payload as _},
    rivals::{before_sparse, ours_sparse},
};

const CAPACITY: usize = 1_000;
const DELIVERIES: u64 = 128_000;

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let mut sides = vec![
        Side::new("stratoswarm", |runtime, readers| {
            runtime.block_on(ours_sparse(CAPACITY, readers, DELIVERIES / readers))
        }),
        Side::new("tokio mpsc each", |runtime, readers| {
            runtime.block_on(one_each(readers, DELIVERIES / readers))
        }),
    ];
    sides.extend(Side::before(|runtime, readers| {
        runtime.block_on(before_sparse(CAPACITY, readers, DELIVERIES / readers))
    }));
    let lines = lines(&sides, &[1, 2, 4, 8, 16, 32, 64], repetitions)?;
    Ok(Series {
        name: "sparse",
        over: "subscribers, one message at a time",
        unit: "ns per message sent",
        bound: Bound::Linear,
        lines,
    })
}

async fn one_each(readers: u64, messages: u64) -> anyhow::Result<f64> {
    let (senders, mut readers): (Vec<_>, Vec<_>) =
        (0..readers).map(|_| mpsc::channel::<Msg>(CAPACITY)).unzip();
    let start = Instant::now();
    for id in 0..messages {
        for sender in &senders {
            ensure!(sender.send(Msg::numbered(id)).await.is_ok(), "closed");
        }
        for reader in &mut readers {
            ensure!(reader.recv().await.is_some_and(|message| message.id() == id), "not message {id}");
        }
    }
    Ok(start.elapsed().as_nanos() as f64 / messages as f64)
}
