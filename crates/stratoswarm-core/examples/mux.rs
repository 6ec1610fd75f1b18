//! Eight streams through one receiver, of which one is not consumed: the others' rates stay as they are.
//!
//! Run with `cargo run --example mux`; it fails if a rate changed. Time is tokio's paused clock, so that it takes none.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use stratoswarm_core::{Channel, Delivery, Fabric, Message, Mux, NoReply, Once, OwnedPermit, Priority};
use tokio::{task::JoinSet, time};

const STREAMS: usize = 8;
const STALLED: usize = 3;
/// How many frames of a stream may wait on their way to the receiver.
const IN_FLIGHT: usize = 4;
/// How many chunks may wait for a stream's consumer.
const CREDIT: usize = 16;
/// Each stream offers a chunk so often.
const PERIOD: Duration = Duration::from_millis(10);
/// The receiver takes so long for each: it keeps up with all streams, but not with many more.
const WORK: Duration = Duration::from_millis(1);
const RUN: Duration = Duration::from_secs(20);

#[derive(Clone)]
struct Chunk;

impl Message for Chunk {
    type Reply = NoReply;
}

/// A chunk, and the place that waits for it at its consumer: who has it never waits to hand it over.
struct Frame {
    place: OwnedPermit<Chunk>,
    chunk: Chunk,
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let (all, without) =
        runtime.block_on(async { Ok::<_, Box<dyn Error>>((run(None).await?, run(Some(STALLED)).await?)) })?;
    println!("chunks a second");
    println!("{:>8} {:>12} {:>14}", "stream", "all consume", "one does not");
    let mut changed = Vec::new();
    for (stream, (before, now)) in all.iter().zip(&without).enumerate() {
        let seconds = RUN.as_secs_f64();
        let (before_rate, now_rate) = (*before as f64 / seconds, *now as f64 / seconds);
        let note = if stream == STALLED { "  stalls" } else { "" };
        println!("{stream:>8} {before_rate:>12.1} {now_rate:>14.1}{note}");
        if stream != STALLED && before.abs_diff(*now) > 1 {
            changed.push(stream);
        }
    }
    if without[STALLED] > 0 || !changed.is_empty() {
        return Err(format!("the rates of {changed:?} changed").into());
    }
    Ok(())
}

/// How many chunks each stream's consumer got.
async fn run(stalled: Option<usize>) -> Result<Vec<u64>, Box<dyn Error>> {
    let fabric = Fabric::new();
    let mut tasks = JoinSet::new();
    let mut counts = Vec::new();
    let mut mux = Mux::new();
    for stream in 0..STREAMS {
        let consumer = fabric.channel::<Chunk>(&format!("consumer-{stream}")).capacity(CREDIT).open()?;
        let wire = open_wire(&fabric, stream)?;
        mux = mux.add(wire.join("receiver"), Priority::Normal, Delivery::into_message);

        let count = Arc::new(AtomicU64::new(0));
        counts.push(Arc::clone(&count));
        let mut chunks = consumer.join("consumer");
        tasks.spawn(async move {
            if stalled == Some(stream) {
                std::future::pending::<()>().await; // it has its messages, and takes none
            }
            while chunks.recv().await.is_some() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        tasks.spawn(async move {
            let mut clock = time::interval(PERIOD);
            loop {
                clock.tick().await;
                // Credit first: a frame that is under way is one that its consumer has room for.
                let Ok(place) = consumer.clone().reserve_owned().await else { return };
                if wire.send(Once::new(Frame { place, chunk: Chunk })).await.is_err() {
                    return;
                }
            }
        });
    }
    tasks.spawn(async move {
        while let Some(frame) = mux.recv().await {
            time::sleep(WORK).await;
            if let Some(Frame { place, chunk }) = frame.take() {
                place.send(chunk);
            }
        }
    });
    time::sleep(RUN).await;
    tasks.shutdown().await;
    Ok(counts.iter().map(|count| count.load(Ordering::Relaxed)).collect())
}

/// The way of one stream to the receiver. Each has a bound of its own; a bound that all share would be stated here.
fn open_wire(fabric: &Fabric, stream: usize) -> Result<Channel<Once<Frame>>, Box<dyn Error>> {
    Ok(fabric.channel::<Once<Frame>>(&format!("stream-{stream}")).capacity(IN_FLIGHT).open()?)
}
