//! Sends, receives and requests that are dropped half way: what was sent must arrive once, what was dropped never.

use std::{collections::HashMap, pin::pin, time::Duration};

use anyhow::Context as _;
use tokio::{
    task::{JoinHandle, yield_now},
    time::timeout,
};

use super::Finding;
use crate::{
    payload::{Msg, Payload as _},
    rivals::{HandlerLog, Lossy, LossyTally, Requests, Steps},
    runtime::Flavor,
};

/// Messages of one sender in one round.
const MESSAGES: u64 = 20_000;
const SENDERS: u64 = 2;
/// Small, so that both sides wait often.
const CAPACITIES: [usize; 2] = [1, 16];
/// A round that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Drops the future unless it is ready within a few turns of the other tasks. Every second one is dropped without a
/// last look at it, even where it has been woken.
async fn attempt<F: Future>(future: F, turn: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut patience = pin!(async {
        for _ in 0..=turn % 3 {
            yield_now().await;
        }
    });
    if turn.is_multiple_of(2) {
        tokio::select! { biased; () = &mut patience => None, output = &mut future => Some(output) }
    } else {
        tokio::select! { biased; output = &mut future => Some(output), () = &mut patience => None }
    }
}

#[derive(Default)]
struct Account {
    lost: u64,
    doubled: u64,
    invented: u64,
    hung: bool,
}

impl Account {
    /// Settles what completed sends say was sent against what arrived.
    fn settle(&mut self, sent: &[u64], received: &[u64]) {
        let mut arrived: HashMap<u64, u64> = HashMap::new();
        for id in received {
            *arrived.entry(*id).or_default() += 1;
        }
        for id in sent {
            match arrived.remove(id) {
                None => self.lost += 1,
                Some(times) => self.doubled += times - 1,
            }
        }
        self.invented += arrived.values().sum::<u64>();
    }

    fn finding(&self, of: &str) -> Finding {
        let Self { lost, doubled, invented, hung } = *self;
        if hung {
            return Finding::new(false, "hangs when futures are dropped");
        }
        let clean = lost + doubled + invented == 0;
        let seen = if clean {
            format!("nothing lost, doubled or invented of {of}")
        } else {
            format!("{lost} lost, {doubled} doubled, {invented} invented of {of}")
        };
        Finding::new(clean, seen)
    }
}

/// A channel whose sends and receives are dropped at random moments, on both runtimes.
pub(super) fn channel<S: Steps>() -> anyhow::Result<Finding> {
    let mut account = Account::default();
    for flavor in Flavor::ALL {
        for capacity in CAPACITIES {
            let round = flavor.build()?.block_on(async { timeout(PATIENCE, round::<S>(capacity)).await });
            match round {
                Ok(round) => {
                    let (sent, received) = round?;
                    account.settle(&sent, &received);
                }
                Err(_) => account.hung = true,
            }
        }
    }
    let all = MESSAGES * SENDERS * (CAPACITIES.len() * Flavor::ALL.len()) as u64;
    Ok(account.finding(&format!("{all}")))
}

async fn round<S: Steps>(capacity: usize) -> anyhow::Result<(Vec<u64>, Vec<u64>)> {
    let (txs, rxs) = S::open(capacity, SENDERS as usize, if S::SHARED { 2 } else { 1 });
    let senders: Vec<JoinHandle<Vec<u64>>> = (0_u64..)
        .zip(txs)
        .map(|(i, mut tx)| {
            tokio::spawn(async move {
                let mut sent = Vec::new();
                for id in i * MESSAGES..(i + 1) * MESSAGES {
                    if attempt(S::send(&mut tx, Msg::numbered(id)), id / 7).await == Some(true) {
                        sent.push(id);
                    }
                }
                sent
            })
        })
        .collect();
    let readers: Vec<JoinHandle<Vec<u64>>> = rxs
        .into_iter()
        .map(|mut rx| {
            tokio::spawn(async move {
                let mut received = Vec::new();
                for turn in 0_u64.. {
                    match attempt(S::recv(&mut rx), turn).await {
                        Some(Some(message)) => received.push(message.id()),
                        Some(None) => break,
                        None => {}
                    }
                }
                received
            })
        })
        .collect();
    Ok((join(senders).await?, join(readers).await?))
}

async fn join(tasks: Vec<JoinHandle<Vec<u64>>>) -> anyhow::Result<Vec<u64>> {
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.context("a task of the check panicked")?);
    }
    Ok(all)
}

/// Lossy readers whose receives are dropped: received + missed = sent all the same, in order.
pub(super) fn lossy<L: Lossy>() -> anyhow::Result<Finding> {
    let mut off = 0;
    for flavor in Flavor::ALL {
        let tallies: anyhow::Result<Vec<LossyTally>> = flavor.build()?.block_on(async {
            let (tx, rxs) = L::open(16, 3);
            let readers: Vec<_> = rxs
                .into_iter()
                .map(|mut rx| {
                    tokio::spawn(async move {
                        let mut tally = LossyTally::default();
                        for turn in 0_u64.. {
                            match attempt(L::recv(&mut rx), turn).await {
                                Some(Some(Ok(message))) => tally.add(&message),
                                Some(Some(Err(missed))) => tally.miss(missed),
                                Some(None) => break,
                                None => {}
                            }
                        }
                        tally
                    })
                })
                .collect();
            let sender = tokio::spawn(async move {
                for id in 0..MESSAGES {
                    L::send(&tx, Msg::numbered(id));
                    if id % 24 == 0 {
                        yield_now().await;
                    }
                }
            });
            sender.await?;
            let mut tallies = Vec::new();
            for reader in readers {
                tallies.push(timeout(PATIENCE, reader).await??);
            }
            Ok(tallies)
        });
        for tally in tallies? {
            off += (tally.received + tally.missed).abs_diff(MESSAGES) + tally.wrong;
        }
    }
    let seen =
        if off == 0 { "received + missed = sent".to_owned() } else { format!("accounts off by {off}") };
    Ok(Finding::new(off == 0, seen))
}

/// Requests that are given up: every one that was answered was handled and got its own reply, and none was handled
/// twice.
pub(super) fn requests<R: Requests>() -> anyhow::Result<Finding> {
    let mut account = Account::default();
    for flavor in Flavor::ALL {
        HandlerLog::take();
        let answered = flavor.build()?.block_on(async {
            let (caller, handler) = R::open().await;
            let callers: Vec<_> = (0..SENDERS)
                .map(|i| {
                    let caller = caller.clone();
                    tokio::spawn(async move {
                        let mut answered = Vec::new();
                        let mut others = 0_u64;
                        for id in i * MESSAGES..(i + 1) * MESSAGES {
                            let reply = attempt(R::ask(&caller, Msg::Logged { id }), id / 7).await;
                            match reply.flatten() {
                                Some(reply) if reply == id + 1 => answered.push(id),
                                Some(_) => others += 1,
                                None => {}
                            }
                        }
                        (answered, others)
                    })
                })
                .collect();
            let run = async {
                let (mut answered, mut others) = (Vec::new(), 0);
                for caller in callers {
                    let (mine, wrong) = caller.await?;
                    answered.extend(mine);
                    others += wrong;
                }
                anyhow::Ok((answered, others))
            };
            let answered = timeout(PATIENCE, run).await??;
            timeout(PATIENCE, R::close(caller, handler)).await?;
            anyhow::Ok(answered)
        });
        let ((answered, others), handled) = (answered?, HandlerLog::take());
        account.invented += others; // replies to another's request
        let mut times: HashMap<u64, u64> = HashMap::new();
        for id in &handled {
            *times.entry(*id).or_default() += 1;
        }
        account.doubled += times.values().map(|times| times - 1).sum::<u64>();
        account.lost += answered.iter().filter(|id| !times.contains_key(id)).count() as u64;
        account.invented += handled.iter().filter(|id| **id >= SENDERS * MESSAGES).count() as u64;
    }
    Ok(account.finding(&format!("{} requests", SENDERS * MESSAGES * Flavor::ALL.len() as u64)))
}
