//! 1 to 64 lossless subscribers that all read each message before the next is sent: where a busy channel shares the
//! cost of a look at its readers among many messages, here every message bears its own.

use std::time::Instant;

use anyhow::ensure;
use stratoswarm_core::Fabric;
use tokio::{runtime::Runtime, sync::mpsc};

use super::{Series, lines, turn_about};
use crate::payload::{Msg, Payload as _};

const CAPACITY: usize = 1_000;
const DELIVERIES: u64 = 128_000;

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let lines = lines(["stratoswarm", "tokio mpsc each"], &[1, 2, 4, 8, 16, 32, 64], |runtime, readers| {
        turn_about(repetitions, || one_channel(runtime, readers), || one_each(runtime, readers))
    })?;
    Ok(Series {
        name: "sparse",
        over: "subscribers, one message at a time",
        unit: "ns per message sent",
        lines,
    })
}

fn one_channel(runtime: &Runtime, readers: u64) -> anyhow::Result<f64> {
    runtime.block_on(async {
        let channel = Fabric::new().channel::<Msg>("sparse").capacity(CAPACITY).open()?;
        let mut readers: Vec<_> = (0..readers).map(|_| channel.subscribe()).collect();
        let messages = DELIVERIES / readers.len() as u64;
        let start = Instant::now();
        for id in 0..messages {
            ensure!(channel.send(Msg::numbered(id)).await.is_ok(), "closed");
            for reader in &mut readers {
                ensure!(reader.recv().await.is_some_and(|message| message.id() == id), "not message {id}");
            }
        }
        Ok(start.elapsed().as_nanos() as f64 / messages as f64)
    })
}

fn one_each(runtime: &Runtime, readers: u64) -> anyhow::Result<f64> {
    runtime.block_on(async {
        let (senders, mut readers): (Vec<_>, Vec<_>) =
            (0..readers).map(|_| mpsc::channel::<Msg>(CAPACITY)).unzip();
        let messages = DELIVERIES / readers.len() as u64;
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
    })
}
