//! `request/CALLERS`: round trips with a deadline. The time per round trip comes from a run without a clock in its
//! loop; p50 and p99 come from a second, shorter run that reads the clock around every call.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::{runtime::Runtime, time::timeout};

use super::flow::PATIENCE;
use crate::{
    measure::{Case, Contender, Sample},
    payload::{Msg, Payload as _},
    rivals::{BeforeRequests, Kameo, KanalOneshot, OursRequests, Ractor, Requests, TokioRequests, before},
};

const REQUESTS: u64 = 64_000;
const CLOCKED: u64 = 12_800;

pub(super) fn cases() -> Vec<Case> {
    [1, 64].into_iter().map(case).collect()
}

fn case(callers: u64) -> Case {
    let mut rivals = vec![
        contender::<TokioRequests>(callers),
        contender::<KanalOneshot>(callers),
        contender::<Ractor>(callers),
        contender::<Kameo>(callers),
    ];
    rivals.extend(before(|| contender::<BeforeRequests>(callers)));
    Case { name: format!("request/{callers}"), short: true, ours: contender::<OursRequests>(callers), rivals }
}

fn contender<R: Requests>(callers: u64) -> Contender {
    let run = move |runtime: &Runtime| {
        Ok(Sample {
            ns: throughput::<R>(runtime, callers)?.as_nanos() as f64 / REQUESTS as f64,
            round_trips: latency::<R>(runtime, callers)?,
            ..Sample::default()
        })
    };
    Contender { name: R::NAME, package: R::PACKAGE, note: R::NOTE, run: Box::new(run) }
}

fn throughput<R: Requests>(runtime: &Runtime, callers: u64) -> anyhow::Result<Duration> {
    let share = REQUESTS / callers;
    runtime.block_on(async {
        let (caller, handler) = R::open().await;
        let run = async {
            let start = Instant::now();
            let calls: Vec<_> = (0..callers)
                .map(|i| tokio::spawn(R::calls(caller.clone(), i * share..(i + 1) * share)))
                .collect();
            let mut sum = 0_u64;
            for call in calls {
                sum = sum.wrapping_add(call.await?.context("a request failed, or got the reply of another")?);
            }
            let took = start.elapsed();
            ensure!(sum == (1..=REQUESTS).sum::<u64>(), "wrong replies: their sum is {sum}");
            anyhow::Ok(took)
        };
        let took = timeout(PATIENCE, run).await.context("hangs")?;
        timeout(PATIENCE, R::close(caller, handler)).await.context("the handler does not end")?;
        took
    })
}

fn latency<R: Requests>(runtime: &Runtime, callers: u64) -> anyhow::Result<Vec<u32>> {
    let share = CLOCKED / callers;
    runtime.block_on(async {
        let (caller, handler) = R::open().await;
        let run = async {
            let calls: Vec<_> = (0..callers)
                .map(|i| {
                    let caller = caller.clone();
                    tokio::spawn(async move {
                        let mut round_trips = Vec::with_capacity(share as usize);
                        let mut last = Instant::now();
                        for id in i * share..(i + 1) * share {
                            let reply = R::ask(&caller, Msg::numbered(id)).await?;
                            let now = Instant::now();
                            if reply != id + 1 {
                                return None; // somebody else's
                            }
                            round_trips.push((now - last).as_nanos() as u32);
                            last = now;
                        }
                        Some(round_trips)
                    })
                })
                .collect();
            let mut all = Vec::new();
            for call in calls {
                all.extend(call.await?.context("a request failed, or got the reply of another")?);
            }
            anyhow::Ok(all)
        };
        let round_trips = timeout(PATIENCE, run).await.context("hangs")?;
        timeout(PATIENCE, R::close(caller, handler)).await.context("the handler does not end")?;
        round_trips
    })
}
