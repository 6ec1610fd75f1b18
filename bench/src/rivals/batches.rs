//! Batches on both sides: 32 messages a call.

use std::ops::Range;

use stratoswarm_core::{Channel, Receiver};
use tokio::sync::mpsc;

use super::{Flow, Ours, Tokio};
use crate::payload::{Payload, Tally};

/// Messages a call.
const BATCH: usize = 32;

/// Ours: `send_many` and `recv_many`.
pub(crate) struct OursBatch;

impl<P: Payload> Flow<P> for OursBatch {
    const NAME: &'static str = "stratoswarm";
    const PACKAGE: &'static str = "stratoswarm-core";
    type Tx = Channel<P>;
    type Rx = Receiver<P>;

    fn open(capacity: usize, senders: usize, readers: usize) -> (Vec<Channel<P>>, Vec<Receiver<P>>) {
        Ours::open(capacity, senders, readers)
    }

    async fn produce(tx: Channel<P>, mut ids: Range<u64>) -> bool {
        let mut batch = Vec::with_capacity(BATCH);
        while !ids.is_empty() {
            batch.extend(ids.by_ref().take(BATCH).map(P::numbered));
            if tx.send_many(&mut batch).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn consume(mut rx: Receiver<P>) -> Tally {
        let (mut tally, mut batch) = (Tally::default(), Vec::with_capacity(BATCH));
        while rx.recv_many(&mut batch, BATCH).await > 0 {
            for delivery in batch.drain(..) {
                tally.add::<P>(&delivery);
            }
        }
        tally
    }
}

/// tokio's `reserve_many` and `recv_many`.
pub(crate) struct TokioBatch;

impl<P: Payload> Flow<P> for TokioBatch {
    const NAME: &'static str = "tokio-batch";
    const PACKAGE: &'static str = "tokio";
    type Tx = mpsc::Sender<P>;
    type Rx = mpsc::Receiver<P>;

    fn open(
        capacity: usize,
        senders: usize,
        readers: usize,
    ) -> (Vec<mpsc::Sender<P>>, Vec<mpsc::Receiver<P>>) {
        Tokio::open(capacity, senders, readers)
    }

    async fn produce(tx: mpsc::Sender<P>, mut ids: Range<u64>) -> bool {
        while !ids.is_empty() {
            let n = BATCH.min((ids.end - ids.start) as usize);
            let Ok(permits) = tx.reserve_many(n).await else { return false };
            for (permit, id) in permits.zip(ids.by_ref()) {
                permit.send(P::numbered(id));
            }
        }
        true
    }

    async fn consume(mut rx: mpsc::Receiver<P>) -> Tally {
        let (mut tally, mut batch) = (Tally::default(), Vec::with_capacity(BATCH));
        while rx.recv_many(&mut batch, BATCH).await > 0 {
            for message in batch.drain(..) {
                tally.add::<P>(&message);
            }
        }
        tally
    }
}
