//! `lossy/SUBSCRIBERS/CAPACITY`: a sender that never waits. With 1,024 places the readers keep up on one thread; with 16
//! they miss most of each burst of 64. Figures are per delivered message, so that a channel gains
//! nothing by losing more; the cost per send and the share missed stand beside them.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use tokio::{runtime::Runtime, task::yield_now, time::timeout};

use super::flow::PATIENCE;
use crate::{
    measure::{Case, Contender, Sample},
    payload::{Msg, Payload as _},
    rivals::{
        AsyncBroadcastOverflow, AsyncBroadcastOverflowDirect, BeforeLossy, Lossy, OursLossy, TokioBroadcast,
        before,
    },
};

/// After so many sends the sender lets others run. Readers spend tokio's budget of 128 in a turn: with less than that
/// nothing is lost on one thread, and the costs are of the same thing.
const BURST: u64 = 64;

pub(super) fn cases() -> Vec<Case> {
    [(1, 1_024), (3, 1_024), (8, 1_024), (3, 16)]
        .into_iter()
        .map(|(readers, capacity)| case(readers, capacity))
        .collect()
}

fn case(readers: usize, capacity: usize) -> Case {
    let mut rivals = vec![
        contender::<TokioBroadcast>(readers, capacity),
        contender::<AsyncBroadcastOverflow>(readers, capacity),
        contender::<AsyncBroadcastOverflowDirect>(readers, capacity),
    ];
    rivals.extend(before(|| contender::<BeforeLossy>(readers, capacity)));
    Case {
        name: format!("lossy/{readers}/{capacity}"),
        short: readers == 3 && capacity == 1_024,
        ours: contender::<OursLossy>(readers, capacity),
        rivals,
    }
}

fn contender<L: Lossy>(readers: usize, capacity: usize) -> Contender {
    let run = move |runtime: &Runtime| lossy::<L>(runtime, readers, capacity, 160_000 / readers as u64);
    Contender { name: L::NAME, package: L::PACKAGE, note: None, run: Box::new(run) }
}

fn lossy<L: Lossy>(
    runtime: &Runtime,
    readers: usize,
    capacity: usize,
    messages: u64,
) -> anyhow::Result<Sample> {
    let (took, tallies) = runtime.block_on(async {
        let (tx, rxs) = L::open(capacity, readers);
        let run = async {
            let start = Instant::now();
            let readers: Vec<_> = rxs.into_iter().map(|rx| tokio::spawn(L::consume(rx))).collect();
            let sender = tokio::spawn(async move {
                for id in 0..messages {
                    if !L::send(&tx, Msg::numbered(id)) {
                        return false;
                    }
                    if id % BURST == BURST - 1 {
                        yield_now().await;
                    }
                }
                true
            });
            ensure!(sender.await?, "a send was refused");
            let mut tallies = Vec::new();
            for reader in readers {
                tallies.push(reader.await?);
            }
            anyhow::Ok((start.elapsed(), tallies))
        };
        timeout(PATIENCE, run).await.context("hangs")?
    })?;

    for tally in &tallies {
        ensure!(
            tally.received + tally.missed == messages && tally.wrong == 0,
            "of {messages} sent a reader got {tally:?}"
        );
    }
    let delivered: u64 = tallies.iter().map(|tally| tally.received).sum();
    let missed: u64 = tallies.iter().map(|tally| tally.missed).sum();
    let took = took.as_nanos() as f64;
    Ok(Sample {
        ns: took / delivered.max(1) as f64,
        send_ns: Some(took / messages as f64),
        missed: Some(missed as f64 / (delivered + missed) as f64),
        ..Sample::default()
    })
}
