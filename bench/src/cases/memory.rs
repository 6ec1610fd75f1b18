//! `memory/idle` and `memory/burst`: bytes held by an idle channel, and by one that has been full and is empty again,
//! its reader waiting.
//! The times beside them are those of opening a channel, and of one message of the burst.

use std::time::Instant;

use anyhow::ensure;
use futures::poll;
use stratoswarm_core::Fabric;
use tokio::{runtime::Runtime, sync::mpsc};

use crate::{
    measure::{Case, Contender, Sample},
    memory,
    payload::{Msg, Payload as _},
    rivals::{Flow, Ours, Steps, Tokio},
};

const CAPACITY: usize = 10_000;
/// Channels opened at once, for an average.
const CHANNELS: usize = 100;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "memory/idle".to_owned(),
            short: true,
            ours: contender::<Ours>(|_| Ok(idle_ours())),
            rivals: vec![contender::<Tokio>(|_| Ok(idle_tokio()))],
        },
        Case {
            name: "memory/burst".to_owned(),
            short: true,
            ours: contender::<Ours>(burst::<Ours>),
            rivals: vec![contender::<Tokio>(burst::<Tokio>)],
        },
    ]
}

fn contender<F: Flow<Msg>>(run: impl Fn(&Runtime) -> anyhow::Result<Sample> + 'static) -> Contender {
    Contender { name: F::NAME, package: F::PACKAGE, note: None, run: Box::new(run) }
}

/// Channels with one group of one member each, in a fabric that has others.
fn idle_ours() -> Sample {
    let fabric = Fabric::new();
    let first = fabric.channel::<Msg>("first").capacity(CAPACITY).open().expect("a new name");
    let sample = idle(|i| {
        let channel =
            fabric.channel::<Msg>(format!("idle {i}")).capacity(CAPACITY).open().expect("a new name");
        let member = channel.join("group");
        (channel, member)
    });
    drop(first);
    sample
}

fn idle_tokio() -> Sample {
    idle(|_| mpsc::channel::<Msg>(CAPACITY))
}

fn idle<T>(open: impl Fn(usize) -> T) -> Sample {
    let mut opened = Vec::with_capacity(CHANNELS);
    let mut ns = 0.0;
    let allocated = memory::measure(|| {
        let start = Instant::now();
        for i in 0..CHANNELS {
            opened.push(open(i));
        }
        ns = start.elapsed().as_nanos() as f64;
    });
    drop(opened);
    Sample { ns: ns / CHANNELS as f64, bytes: Some(allocated.held / CHANNELS as f64), ..Sample::default() }
}

/// Fills a channel to its capacity and drains it, all in one future, so that every allocation is on this thread.
fn burst<F: Steps>(runtime: &Runtime) -> anyhow::Result<Sample> {
    let mut handles = None;
    let mut ran = Ok(0.0);
    let allocated = memory::measure(|| {
        ran = runtime.block_on(async {
            let (mut txs, mut rxs) = F::open(CAPACITY, 1, 1);
            let start = Instant::now();
            for id in 0..CAPACITY as u64 {
                ensure!(F::send(&mut txs[0], Msg::numbered(id)).await, "a send was refused");
            }
            for id in 0..CAPACITY as u64 {
                let got = F::recv(&mut rxs[0]).await.map(|message| message.id());
                ensure!(got == Some(id), "received {got:?} in place of {id}");
            }
            let ns = start.elapsed().as_nanos() as f64 / CAPACITY as f64;
            // As a worker does after its last message: it waits for the next.
            ensure!(poll!(Box::pin(F::recv(&mut rxs[0]))).is_pending(), "received what was not sent");
            handles = Some((txs, rxs));
            Ok(ns)
        });
    });
    drop(handles);
    Ok(Sample { ns: ran?, bytes: Some(allocated.held), ..Sample::default() })
}
