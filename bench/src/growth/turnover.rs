//! 1 to 10,000 subscribers of one channel: the cost of one that opens and of one that leaves. The first all leave with
//! a message they have not read; its place must be free after that, and the others get what comes then.

use std::time::Instant;

use anyhow::ensure;
use stratoswarm_core::Fabric;
use tokio::{runtime::Runtime, sync::broadcast};

use super::{Bound, Series, Side, lines_on, scattered};
use crate::{
    payload::{Msg, Payload as _},
    runtime::Flavor,
};

const SUBSCRIBERS: [u64; 5] = [1, 10, 100, 1_000, 10_000];
/// How often one opens and another leaves. No less than there are at most, so that none of the first is left.
const TURNS: usize = 10_000;
const CAPACITY: usize = 16;

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let sides = [Side::new("stratoswarm", ours), Side::new("tokio broadcast", tokios)];
    let lines = lines_on(&Flavor::CurrentThread.build()?, &sides, &SUBSCRIBERS, repetitions)?;
    Ok(Series {
        name: "turnover",
        over: "subscribers that open and leave",
        unit: "ns per subscriber opened and left",
        bound: Bound::Flat,
        lines,
    })
}

fn ours(runtime: &Runtime, subscribers: u64) -> anyhow::Result<f64> {
    let channel = Fabric::new().channel::<Msg>("turnover").capacity(CAPACITY).open()?;
    runtime.block_on(turnover(
        subscribers as usize,
        || channel.subscribe(),
        |message| channel.try_send(message).is_ok(),
        async |subscriber| subscriber.recv().await,
    ))
}

fn tokios(runtime: &Runtime, subscribers: u64) -> anyhow::Result<f64> {
    let (sender, _) = broadcast::channel::<Msg>(CAPACITY);
    runtime.block_on(turnover(
        subscribers as usize,
        || sender.subscribe(),
        |message| sender.send(message).is_ok(),
        async |subscriber| subscriber.recv().await.ok(),
    ))
}

async fn turnover<S>(
    n: usize,
    open: impl Fn() -> S,
    send: impl Fn(Msg) -> bool,
    next: impl AsyncFn(&mut S) -> Option<Msg>,
) -> anyhow::Result<f64> {
    let mut subscribers = Vec::with_capacity(n);
    let start = Instant::now();
    subscribers.extend((0..n).map(|_| open()));
    ensure!(send(Msg::numbered(0)), "a send was refused");
    for turn in 0..TURNS {
        subscribers[scattered(turn, n)] = open();
    }
    let opened = start.elapsed();

    let messages = 1..=CAPACITY as u64;
    for id in messages.clone() {
        ensure!(send(Msg::numbered(id)), "the place of a message is not free when its readers have left");
    }
    for subscriber in &mut subscribers {
        for id in messages.clone() {
            let got = next(subscriber).await.map(|message| message.id());
            ensure!(got == Some(id), "received {got:?} in place of {id}");
        }
    }

    let start = Instant::now();
    drop(subscribers);
    Ok((opened + start.elapsed()).as_nanos() as f64 / (n + TURNS) as f64)
}
