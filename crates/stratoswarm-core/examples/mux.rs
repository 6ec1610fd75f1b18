//! Eight streams over one budget and through one receiver, of which one is not consumed: the others' rates stay as they are.
//!
//! Run with `cargo run --example mux`, or `cargo run --example mux -- --json`; it fails if a rate changed. It also shows what
//! becomes of them where streams share the budget and have no minima of their own. Time is tokio's paused clock, so that it
//! takes none.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use stratoswarm_core::{Budget, Delivery, Fabric, Message, Mux, NoReply, Once, OwnedPermit, Priority};
use tokio::{task::JoinSet, time};

const STREAMS: usize = 8;
const STALLED: usize = 3;
/// How many frames of a stream may wait on their way to the receiver.
const IN_FLIGHT: usize = 4;
/// The bytes of a chunk.
const CHUNK: usize = 1024;
/// How many bytes may wait for all consumers together.
const BUDGET: usize = 64 * CHUNK;
/// How many of them are one stream's own.
const MINIMUM: usize = 4 * CHUNK;
/// Each stream offers a chunk so often.
const PERIOD: Duration = Duration::from_millis(10);
/// The receiver takes so long for each: it keeps up with all streams, but not with many more.
const WORK: Duration = Duration::from_millis(1);
const RUN: Duration = Duration::from_secs(20);

#[derive(Clone)]
struct Chunk(#[allow(dead_code, reason = "nobody looks at it")] [u8; CHUNK]);

impl Message for Chunk {
    type Reply = NoReply;
}

/// A chunk, and the place and the bytes that wait for it at its consumer: who has it never waits to hand it over.
struct Frame {
    place: OwnedPermit<Chunk>,
    chunk: Chunk,
}

/// Chunks a second, of each stream.
struct Rates {
    all_consume: Vec<f64>,
    one_stalls: Vec<f64>,
    without_minima: Vec<f64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let rates = runtime.block_on(async {
        Ok::<_, Box<dyn Error>>(Rates {
            all_consume: run(None, MINIMUM).await?,
            one_stalls: run(Some(STALLED), MINIMUM).await?,
            without_minima: run(Some(STALLED), 0).await?,
        })
    })?;
    let pairs = rates.all_consume.iter().zip(&rates.one_stalls).enumerate();
    let changed = pairs.filter(|(stream, (before, now))| *stream != STALLED && (*before - *now).abs() > 0.1);
    let changed: Vec<_> = changed.map(|(stream, _)| stream).collect();
    if std::env::args().any(|argument| argument == "--json") {
        println!("{}", rates.json(&changed));
    } else {
        rates.print();
    }
    if rates.one_stalls[STALLED] > 0.0 || !changed.is_empty() {
        return Err(format!("the rates of {changed:?} changed").into());
    }
    Ok(())
}

impl Rates {
    fn print(&self) {
        println!("chunks a second");
        println!(
            "{:>8} {:>12} {:>12} {:>22}",
            "stream", "all consume", "one does not", "and there is no minimum"
        );
        for stream in 0..STREAMS {
            let note = if stream == STALLED { "  stalls" } else { "" };
            let (all, one, none) =
                (self.all_consume[stream], self.one_stalls[stream], self.without_minima[stream]);
            println!("{stream:>8} {all:>12.1} {one:>12.1} {none:>22.1}{note}");
        }
    }

    fn json(&self, changed: &[usize]) -> serde_json::Value {
        serde_json::json!({
            "unit": "chunks a second",
            "stalled": STALLED,
            "all_consume": self.all_consume,
            "one_stalls": self.one_stalls,
            "one_stalls_without_minima": self.without_minima,
            "changed": changed,
        })
    }
}

/// How many chunks a second each stream's consumer got.
async fn run(stalled: Option<usize>, minimum: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    let fabric = Fabric::new();
    let budget = Budget::new("consumers", BUDGET);
    let mut tasks = JoinSet::new();
    let mut counts = Vec::new();
    let mut mux = Mux::new();
    for stream in 0..STREAMS {
        let name = format!("consumer-{stream}");
        let consumer = fabric.channel::<Chunk>(&name).budget(&budget, minimum).open()?;
        let wire = fabric.channel::<Once<Frame>>(&format!("stream-{stream}")).capacity(IN_FLIGHT).open()?;
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
                // Room first: a frame that is under way is one that its consumer has a place and bytes for.
                let Ok(place) = consumer.clone().reserve_owned().await else { return };
                if wire.send(Once::new(Frame { place, chunk: Chunk([0; CHUNK]) })).await.is_err() {
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
    let seconds = RUN.as_secs_f64();
    Ok(counts.iter().map(|count| count.load(Ordering::Relaxed) as f64 / seconds).collect())
}
