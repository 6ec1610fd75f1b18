//! Who gets a freed place, and how many places there are.

use std::task::Poll;

use futures::poll;

use super::Finding;
use crate::{
    payload::{Msg, Payload as _},
    rivals::Steps,
    runtime::Flavor,
};

/// Not a power of two, so that a rounded capacity shows.
const CAPACITY: usize = 5;

/// Two senders wait, one place becomes free, and a newcomer tries before either has run again.
pub(super) fn barging<S: Steps>() -> anyhow::Result<Finding> {
    Flavor::CurrentThread.build()?.block_on(async {
        let accepted = accepted::<S>().await;
        let (mut txs, mut rxs) = S::open(CAPACITY, 3, 1);
        for id in 0..accepted {
            S::send(&mut txs[0], Msg::numbered(id)).await;
        }
        let [first, second, newcomer] = &mut txs[..] else { anyhow::bail!("opened with too few senders") };

        let mut first = Box::pin(S::send(first, Msg::numbered(1_001)));
        let mut second = Box::pin(S::send(second, Msg::numbered(1_002)));
        if poll!(first.as_mut()).is_ready() || poll!(second.as_mut()).is_ready() {
            return Ok(Finding::new(false, "a full channel accepts more"));
        }
        S::recv(&mut rxs[0]).await;

        let mut newcomer = Box::pin(S::send(newcomer, Msg::numbered(1_003)));
        if poll!(newcomer.as_mut()).is_ready() {
            return Ok(Finding::new(false, "a newcomer takes the freed place"));
        }
        if poll!(second.as_mut()).is_ready() {
            return Ok(Finding::new(false, "the second in line goes first"));
        }
        Ok(match poll!(first.as_mut()) {
            Poll::Ready(_) => Finding::new(true, "the longest waiting goes first"),
            Poll::Pending => Finding::new(false, "the freed place goes to nobody"),
        })
    })
}

/// How many a channel accepts that nobody reads.
pub(super) fn capacity<S: Steps>() -> anyhow::Result<Finding> {
    let accepted = Flavor::CurrentThread.build()?.block_on(accepted::<S>());
    Ok(Finding::new(accepted == CAPACITY as u64, format!("accepts {accepted} of capacity {CAPACITY}")))
}

/// Sends until a send would wait, and counts the others.
async fn accepted<S: Steps>() -> u64 {
    let (mut txs, _rxs) = S::open(CAPACITY, 1, 1);
    let mut accepted = 0;
    while poll!(Box::pin(S::send(&mut txs[0], Msg::numbered(accepted)))).is_ready() && accepted < 100 {
        accepted += 1;
    }
    accepted
}
