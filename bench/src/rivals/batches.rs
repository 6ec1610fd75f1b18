//! Batches on both sides: 32 messages a call.

use std::ops::Range;

use tokio::sync::mpsc;

use super::{Flow, Tokio};
use crate::payload::{Payload, Tally};

/// Messages a call.
pub(super) const BATCH: usize = 32;

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
