//! 1 to 50,000 handles of one channel: the cost of a clone and of the drop of one of them. The last must still send,
//! and close the channel when it goes.

use std::time::Instant;

use anyhow::ensure;
use tokio::runtime::Runtime;

use super::{Bound, Series, Side, lines_on, scattered};
use crate::{
    payload::{Msg, Payload as _},
    rivals::{Before, Flow, Ours, Steps, Tokio},
    runtime::Flavor,
};

const HANDLES: [u64; 6] = [1, 10, 100, 1_000, 10_000, 50_000];
/// How often one is cloned and another dropped.
const TURNS: usize = 50_000;

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let mut sides = vec![Side::new("stratoswarm", handles::<Ours>), Side::new("tokio", handles::<Tokio>)];
    sides.extend(Side::before(handles::<Before>));
    let lines = lines_on(&Flavor::CurrentThread.build()?, &sides, &HANDLES, repetitions)?;
    Ok(Series {
        name: "handles",
        over: "handles of one channel",
        unit: "ns per handle cloned and dropped",
        bound: Bound::Flat,
        lines,
    })
}

fn handles<S: Steps>(runtime: &Runtime, handles: u64) -> anyhow::Result<f64>
where
    <S as Flow<Msg>>::Tx: Clone,
{
    let n = handles as usize;
    let (mut handles, mut readers) = S::open(1, 1, 1);
    handles.reserve(n);

    let start = Instant::now();
    for i in 1..n {
        handles.push(handles[i - 1].clone());
    }
    for turn in 0..TURNS {
        let i = scattered(turn, n);
        handles[i] = handles[(i + 1) % n].clone();
    }
    handles.truncate(1);
    let took = start.elapsed();

    runtime.block_on(async {
        ensure!(S::send(&mut handles[0], Msg::numbered(1)).await, "a send was refused");
        drop(handles);
        for expected in [Some(1), None] {
            let got = S::recv(&mut readers[0]).await.map(|message| message.id());
            ensure!(got == expected, "received {got:?} in place of {expected:?}");
        }
        Ok(took.as_nanos() as f64 / (n - 1 + TURNS) as f64)
    })
}
