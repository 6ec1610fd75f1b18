//! 1,000 to 100,000 messages in one batch that goes out one by one, and as many waits that end in no order.

use std::{
    future::{Future, poll_fn},
    task::Poll,
    time::Instant,
};

use anyhow::ensure;
use stratoswarm_core::channel;
use tokio::runtime::Runtime;

use super::{Bound, Series, Side, lines, scattered};
use crate::payload::{Msg, Payload as _};

const QUANTITIES: [u64; 3] = [1_000, 10_000, 100_000];

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Vec<Series>> {
    let series = |name, over, unit, bound, sides: &[Side]| {
        Ok::<_, anyhow::Error>(Series {
            name,
            over,
            unit,
            bound,
            lines: lines(sides, &QUANTITIES, repetitions)?,
        })
    };
    Ok(vec![
        series(
            "pieces",
            "messages in one batch, at capacity 1",
            "ns per message",
            Bound::Flat,
            &[Side::new("stratoswarm send_many", send_in_pieces)],
        )?,
        series(
            "given-up",
            "waiting senders that are given up in no order",
            "ns per sender",
            Bound::Logarithmic,
            &[Side::new("stratoswarm", give_up_sends), Side::new("tokio", give_up_sends_of_tokio)],
        )?,
        series(
            "permits",
            "permits used in no order",
            "ns per permit",
            Bound::Logarithmic,
            &[Side::new("stratoswarm", use_permits), Side::new("tokio", use_permits_of_tokio)],
        )?,
    ])
}

fn send_in_pieces(runtime: &Runtime, messages: u64) -> anyhow::Result<f64> {
    runtime.block_on(async {
        let pipe = channel::<Msg>(1);
        let mut member = pipe.join("group");
        let mut batch: Vec<_> = (0..messages).map(Msg::numbered).collect();
        let start = Instant::now();
        let sending = tokio::spawn(async move { pipe.send_many(&mut batch).await });
        for id in 0..messages {
            let got = member.recv().await.map(|delivery| delivery.id());
            ensure!(got == Some(id), "received {got:?} in place of {id}");
        }
        ensure!(sending.await?.is_ok(), "the batch was refused");
        Ok(start.elapsed().as_nanos() as f64 / messages as f64)
    })
}

/// Nanoseconds to poll each of these once, as a task would that waits, and to drop each of them out of order.
async fn wait_and_give_up<F: Future>(waits: impl Iterator<Item = F>) -> anyhow::Result<f64> {
    let mut waits: Vec<_> = waits.map(|wait| Some(Box::pin(wait))).collect();
    let start = Instant::now();
    let waiting = poll_fn(|cx| {
        let polled = waits.iter_mut().flatten().filter_map(|wait| match wait.as_mut().poll(cx) {
            Poll::Pending => Some(()),
            Poll::Ready(_) => None,
        });
        Poll::Ready(polled.count())
    });
    let waiting = tokio::task::coop::unconstrained(waiting).await;
    ensure!(waiting == waits.len(), "{waiting} wait");
    for turn in 0..waits.len() {
        let gone = scattered(turn, waits.len());
        waits[gone] = None;
    }
    Ok(start.elapsed().as_nanos() as f64 / waits.len() as f64)
}

fn give_up_sends(runtime: &Runtime, senders: u64) -> anyhow::Result<f64> {
    runtime.block_on(async {
        let full = channel::<Msg>(1);
        let _member = full.join("group");
        full.send(Msg::numbered(0)).await?;
        let cost = wait_and_give_up((0..senders).map(|id| full.send(Msg::numbered(id)))).await?;
        ensure!(full.info().blocked_senders == 0, "some wait still");
        Ok(cost)
    })
}

fn give_up_sends_of_tokio(runtime: &Runtime, senders: u64) -> anyhow::Result<f64> {
    runtime.block_on(async {
        let (full, _member) = tokio::sync::mpsc::channel(1);
        full.send(Msg::numbered(0)).await?;
        wait_and_give_up((0..senders).map(|id| full.send(Msg::numbered(id)))).await
    })
}

fn use_permits(runtime: &Runtime, permits: u64) -> anyhow::Result<f64> {
    runtime.block_on(async {
        let pipe = channel::<Msg>(permits as usize);
        let _member = pipe.join("group");
        let start = Instant::now();
        let mut kept: Vec<_> = pipe.reserve_many(permits as usize).await?.map(Some).collect();
        for turn in 0..kept.len() {
            if let Some(permit) = kept[scattered(turn, permits as usize)].take() {
                permit.send(Msg::numbered(turn as u64));
            }
        }
        let cost = start.elapsed().as_nanos() as f64 / permits as f64;
        ensure!(pipe.len() as u64 == permits, "{} sent", pipe.len());
        Ok(cost)
    })
}

fn use_permits_of_tokio(runtime: &Runtime, permits: u64) -> anyhow::Result<f64> {
    runtime.block_on(async {
        let (pipe, _member) = tokio::sync::mpsc::channel(permits as usize);
        let start = Instant::now();
        let mut kept: Vec<_> = pipe.reserve_many(permits as usize).await?.map(Some).collect();
        for turn in 0..kept.len() {
            if let Some(permit) = kept[scattered(turn, permits as usize)].take() {
                permit.send(Msg::numbered(turn as u64));
            }
        }
        Ok(start.elapsed().as_nanos() as f64 / permits as f64)
    })
}
