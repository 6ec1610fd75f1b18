//! Ours, with a task beside it that reads the channel's accounts every millisecond.

use std::{hint::black_box, ops::Range, time::Duration};

use stratoswarm_core::{Channel, Receiver, WeakChannel};

use super::{Flow, Ours};
use crate::payload::{Payload, Tally};

/// The loops of [`Ours`]; only the watching task is more.
pub(crate) struct Watched;

impl<P: Payload> Flow<P> for Watched {
    const NAME: &'static str = "stratoswarm";
    const PACKAGE: &'static str = "stratoswarm-core";
    type Tx = Channel<P>;
    type Rx = Receiver<P>;

    fn open(capacity: usize, senders: usize, readers: usize) -> (Vec<Channel<P>>, Vec<Receiver<P>>) {
        let (txs, rxs) = Ours::open(capacity, senders, readers);
        for channel in txs.iter().take(1) {
            drop(tokio::spawn(watch(channel.downgrade())));
        }
        (txs, rxs)
    }

    fn produce(tx: Channel<P>, ids: Range<u64>) -> impl Future<Output = bool> + Send {
        Ours::produce(tx, ids)
    }

    fn consume(rx: Receiver<P>) -> impl Future<Output = Tally> + Send {
        Ours::consume(rx)
    }
}

/// Reads until nobody can send.
async fn watch<P: Payload>(channel: WeakChannel<P>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    while let Some(channel) = channel.upgrade() {
        black_box(channel.info());
        drop(channel);
        ticks.tick().await;
    }
}
