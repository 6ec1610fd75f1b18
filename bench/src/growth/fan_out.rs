//! 1 to 8,000 lossy readers, of a broadcast and as taps of a channel, that all wait when a message comes: the cost of
//! a delivery. The next message is sent when all have the last, so none may be missed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::{Context as _, ensure};
use tokio::{runtime::Runtime, sync::Notify, time::timeout};

use super::{Bound, Series, Side, lines};
use crate::{
    cases::PATIENCE,
    payload::{Msg, Payload as _},
    rivals::{BeforeLossy, BeforeTaps, Lossy, OursLossy, OursTaps, TokioBroadcast},
};

const READERS: [u64; 5] = [1, 10, 100, 1_000, 8_000];
const DELIVERIES: u64 = 32_000;
const CAPACITY: usize = 16;

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Vec<Series>> {
    let rival = || Side::new("tokio broadcast", fan_out::<TokioBroadcast>);
    let mut broadcast = vec![Side::new("stratoswarm", fan_out::<OursLossy>), rival()];
    broadcast.extend(Side::before(fan_out::<BeforeLossy>));
    let mut taps = vec![Side::new("stratoswarm", fan_out::<OursTaps>), rival()];
    taps.extend(Side::before(fan_out::<BeforeTaps>));

    let series = |name, over, sides: &[Side]| -> anyhow::Result<Series> {
        Ok(Series {
            name,
            over,
            unit: "ns per delivery",
            bound: Bound::Flat,
            lines: lines(sides, &READERS, repetitions)?,
        })
    };
    Ok(vec![
        series("readers", "lossy readers that wait", &broadcast)?,
        series("taps", "taps that wait", &taps)?,
    ])
}

/// What the sender waits for: that so many readers more have what they are to have.
#[derive(Default)]
struct Round {
    left: AtomicU64,
    over: Notify,
}

impl Round {
    fn begin(&self, readers: u64) {
        self.left.store(readers, Ordering::Release);
    }

    fn arrive(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.over.notify_one();
        }
    }
}

fn fan_out<L: Lossy>(runtime: &Runtime, readers: u64) -> anyhow::Result<f64> {
    let messages = DELIVERIES / readers;
    runtime.block_on(async {
        let (sender, receivers) = L::open(CAPACITY, readers as usize);
        let round = Arc::new(Round::default());
        round.begin(readers);
        let tasks: Vec<_> = receivers
            .into_iter()
            .map(|rx| tokio::spawn(read::<L>(rx, messages, Arc::clone(&round))))
            .collect();
        let sending = tokio::spawn(async move {
            round.over.notified().await; // all are about to wait
            let start = Instant::now();
            for id in 0..messages {
                round.begin(readers);
                ensure!(L::send(&sender, Msg::numbered(id)), "a send was refused");
                round.over.notified().await;
            }
            anyhow::Ok(start.elapsed().as_nanos() as f64 / (messages * readers) as f64)
        });
        let run = async {
            let ns = sending.await??;
            for task in tasks {
                task.await??;
            }
            anyhow::Ok(ns)
        };
        timeout(PATIENCE, run).await.context("hangs, or a reader missed a message")?
    })
}

async fn read<L: Lossy>(mut receiver: L::Rx, messages: u64, round: Arc<Round>) -> anyhow::Result<()> {
    round.arrive();
    for id in 0..messages {
        let got = L::recv(&mut receiver).await.map(|got| got.map(|message| message.id()));
        ensure!(got == Some(Ok(id)), "received {got:?} in place of {id}");
        round.arrive();
    }
    ensure!(L::recv(&mut receiver).await.is_none(), "received what was not sent");
    Ok(())
}
