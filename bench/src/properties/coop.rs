//! Does a task that only sends and receives let its siblings run? On one thread, with a sibling that is ready.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::Finding;
use crate::{
    payload::{Msg, Payload as _},
    rivals::{Lossy, Requests, Steps},
    runtime::Flavor,
};

/// tokio's budget is 128 operations; a contender gets much more before it counts as starving.
const PATIENCE: u64 = 20_000;

pub(super) fn channel<S: Steps>() -> anyhow::Result<Finding> {
    let (mut txs, mut rxs) = S::open(16, 1, 1);
    turns(async move |id| {
        S::send(&mut txs[0], Msg::numbered(id)).await;
        S::recv(&mut rxs[0]).await;
    })
}

pub(super) fn lossy<L: Lossy>() -> anyhow::Result<Finding> {
    let (tx, mut rxs) = L::open(16, 1);
    turns(async move |id| {
        L::send(&tx, Msg::numbered(id));
        L::recv(&mut rxs[0]).await;
    })
}

pub(super) fn requests<R: Requests>() -> anyhow::Result<Finding> {
    let mut caller = None;
    turns(async move |id| {
        if caller.is_none() {
            caller = Some(R::open().await.0);
        }
        if let Some(caller) = &caller {
            R::ask(caller, Msg::numbered(id)).await;
        }
    })
}

/// Counts the turns of the loop until a sibling spawned before its first turn has run.
fn turns(mut turn: impl AsyncFnMut(u64)) -> anyhow::Result<Finding> {
    let ran = Arc::new(AtomicBool::new(false));
    let taken = Flavor::CurrentThread.build()?.block_on(async {
        let sibling = ran.clone();
        tokio::spawn(async move { sibling.store(true, Ordering::Relaxed) });
        for id in 0..PATIENCE {
            turn(id).await;
            if ran.load(Ordering::Relaxed) {
                return Some(id + 1);
            }
        }
        None
    });
    Ok(match taken {
        Some(turns) => Finding::new(true, format!("a sibling ran after {turns} turns")),
        None => Finding::new(false, format!("no sibling ran in {PATIENCE} turns")),
    })
}
