//! One checked run of senders and readers, common to queues, batches and multicast.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::{runtime::Runtime, time::timeout};

use crate::{
    measure::{Contender, Sample},
    payload::{Payload, Tally},
    rivals::Flow,
};

/// A run that takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How many handles, how many places, how many messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) senders: usize,
    pub(crate) readers: usize,
    pub(crate) capacity: usize,
    pub(crate) messages: u64,
    pub(crate) audience: Audience,
}

/// Who gets a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// One of the readers.
    One,
    /// Every reader.
    All,
}

/// A contender whose run is [`flow`].
pub(crate) fn contender<P: Payload, F: Flow<P>>(shape: Shape) -> Contender {
    Contender {
        name: F::NAME,
        package: F::PACKAGE,
        note: None,
        run: Box::new(move |runtime| Ok(Sample { ns: flow::<P, F>(runtime, shape)?, ..Sample::default() })),
    }
}

/// Sends the messages through and gives nanoseconds per message.
///
/// # Errors
/// A wrong count or checksum, a refused send, no end.
pub(crate) fn flow<P: Payload, F: Flow<P>>(runtime: &Runtime, shape: Shape) -> anyhow::Result<f64> {
    let each = shape.messages / shape.senders as u64;
    let messages = each * shape.senders as u64;

    let (took, tallies) = runtime.block_on(async {
        let (txs, rxs) = F::open(shape.capacity, shape.senders, shape.readers);
        ensure!(txs.len() == shape.senders && rxs.len() == shape.readers, "opened with too few handles");
        let run = async {
            let start = Instant::now();
            let consumers: Vec<_> = rxs.into_iter().map(|rx| tokio::spawn(F::consume(rx))).collect();
            let producers: Vec<_> = (0_u64..)
                .zip(txs)
                .map(|(i, tx)| tokio::spawn(F::produce(tx, i * each..(i + 1) * each)))
                .collect();
            for producer in producers {
                ensure!(producer.await?, "a send was refused");
            }
            let mut tallies = Vec::with_capacity(shape.readers);
            for consumer in consumers {
                tallies.push(consumer.await?);
            }
            anyhow::Ok((start.elapsed(), tallies))
        };
        timeout(PATIENCE, run).await.context("hangs")?
    })?;

    let expected = Tally::of::<P>(messages);
    match shape.audience {
        Audience::One => {
            let all = tallies.into_iter().fold(Tally::default(), Tally::with);
            ensure!(all == expected, "received {all:?}, sent {expected:?}");
        }
        Audience::All => {
            for tally in tallies {
                ensure!(tally == expected, "a reader received {tally:?}, sent {expected:?}");
            }
        }
    }
    Ok(took.as_nanos() as f64 / messages as f64)
}
