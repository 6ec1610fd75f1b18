//! `recording/..`: messages on their way into a file, and out of it again, beside the crates `mcap` and `cbor4ii` with the same
//! bytes, and what a recorder misses at a pace.
//!
//! With the environment variable `STRATOSWARM_BENCH_MESSAGES` no case has more messages than it says, to see that they run.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stratoswarm_core::Fabric;
use stratoswarm_record::{Pace, Recorded, Recording, Replay};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::measure::{Case, Contender, Run, Sample};

/// The channel that is recorded.
const NAME: &str = "blocks";
/// How much is in a chunk, as recordings have it.
const CHUNK_BYTES: u64 = 1 << 20;
/// At which pace nothing may be missed, a second.
const PACE: u64 = 300_000;
/// With how many messages kept between two looks.
const DEPTH: usize = 100_000;

pub(super) fn cases() -> Vec<Case> {
    let paced = |pace| -> Run { Box::new(move |runtime| at_pace(runtime, most(1_000_000), pace)) };
    let fast = Contender {
        name: "as fast as it goes",
        note: Some("ours, what is missed is told"),
        ..ours(paced(None))
    };
    vec![
        written(200_000, 64),
        written(50_000, 4096),
        read("scan", scan),
        read("replay", replay),
        case("pace/300k", paced(Some(PACE)), fast),
    ]
}

fn case(name: &str, run: Run, rival: Contender) -> Case {
    Case { name: format!("recording/{name}"), short: false, ours: ours(run), rivals: vec![rival] }
}

fn ours(run: Run) -> Contender {
    Contender { name: "stratoswarm", package: "stratoswarm-record", note: None, run }
}

fn mcap(note: &'static str, run: Run) -> Contender {
    Contender { name: "mcap", package: "mcap", note: Some(note), run }
}

fn written(messages: u64, length: usize) -> Case {
    let raw = Box::new(move |_: &Runtime| write_raw(most(messages), length));
    let run = Box::new(move |runtime: &Runtime| write(runtime, most(messages), length));
    case(&format!("write/{length}"), run, mcap("writer and cbor4ii alone: nothing is sent", raw))
}

/// A case whose file is made at the first run.
fn read(name: &str, reads: fn(&Runtime, &Path, u64) -> anyhow::Result<Sample>) -> Case {
    let place = Rc::new(TempDir::new());
    let of_raw = Rc::clone(&place);
    let raw = Box::new(move |runtime: &Runtime| {
        let (path, messages) = file(runtime, &of_raw)?;
        scan_raw(&path, messages)
    });
    let run = Box::new(move |runtime: &Runtime| {
        let (path, messages) = file(runtime, &place)?;
        reads(runtime, &path, messages)
    });
    case(name, run, mcap("MessageStream and cbor4ii, the file in memory", raw))
}

/// So many, or fewer where only a try is wanted.
fn most(messages: u64) -> u64 {
    let few = std::env::var("STRATOSWARM_BENCH_MESSAGES").ok().and_then(|text| text.parse().ok());
    few.map_or(messages, |few: u64| few.clamp(1, messages))
}

fn body(length: usize) -> Bytes {
    Bytes::from((0..length).map(|at| at as u8).collect::<Vec<_>>())
}

fn sample(took: Duration, messages: u64) -> Sample {
    Sample { ns: took.as_nanos() as f64 / messages as f64, ..Sample::default() }
}

fn write(runtime: &Runtime, messages: u64, length: usize) -> anyhow::Result<Sample> {
    let place = TempDir::new()?;
    record(runtime, &place.path().join("run.mcap"), messages, length)
}

/// From the first message that is sent to the end of the file; the recorder can hold all of them, so none is missed.
fn record(runtime: &Runtime, path: &Path, messages: u64, length: usize) -> anyhow::Result<Sample> {
    let news = Fabric::new().broadcast::<Bytes>(NAME).open()?;
    let recording = Recording::create(path).channel(&news).depth(messages as usize).start()?;
    let body = body(length);
    let start = Instant::now();
    for _ in 0..messages {
        ensure!(news.send(body.clone()).is_ok(), "a send was refused");
    }
    let report = runtime.block_on(recording.finish())?;
    let took = start.elapsed();
    let told = (report.channels[0].recorded, report.channels[0].missed);
    ensure!(told == (messages, 0), "recorded and missed {told:?} of {messages}");
    Ok(sample(took, messages))
}

#[derive(Serialize)]
struct Written<'a> {
    n: u64,
    m: &'a Bytes,
}

/// The same bytes by the writer and the encoder alone.
fn write_raw(messages: u64, length: usize) -> anyhow::Result<Sample> {
    let place = TempDir::new()?;
    let (file, body) = (File::create_new(place.path().join("run.mcap"))?, body(length));
    let start = Instant::now();
    let options = mcap::WriteOptions::new().compression(None).chunk_size(Some(CHUNK_BYTES));
    let mut writer = options.create(BufWriter::new(&file))?;
    let channel_id = writer.add_channel(0, NAME, "cbor", &BTreeMap::new())?;
    let mut data = Vec::new();
    for n in 0..messages {
        data.clear();
        cbor4ii::serde::to_writer(&mut data, &Written { n, m: &body })?;
        let header =
            mcap::records::MessageHeader { channel_id, sequence: n as u32, log_time: n, publish_time: n };
        writer.write_to_known_channel(&header, &data)?;
    }
    writer.finish()?;
    drop(writer);
    file.sync_data()?; // as ours
    Ok(sample(start.elapsed(), messages))
}

/// A recording of 64 bytes a message.
fn file(runtime: &Runtime, place: &io::Result<TempDir>) -> anyhow::Result<(PathBuf, u64)> {
    let place = place.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
    let (path, messages) = (place.path().join("run.mcap"), most(200_000));
    if !path.exists() {
        record(runtime, &path, messages, 64)?;
    }
    Ok((path, messages))
}

fn scan(_: &Runtime, path: &Path, messages: u64) -> anyhow::Result<Sample> {
    let start = Instant::now();
    let recorded = Recorded::open([path])?;
    let mut bytes = 0;
    for record in recorded.records() {
        bytes += record?.message::<Bytes>()?.len() as u64;
    }
    let took = start.elapsed();
    ensure!(bytes == 64 * messages, "read {bytes} bytes of {messages} messages");
    Ok(sample(took, messages))
}

#[derive(Deserialize)]
struct Read {
    m: Bytes,
}

fn scan_raw(path: &Path, messages: u64) -> anyhow::Result<Sample> {
    let start = Instant::now();
    let file = fs::read(path)?;
    let mut bytes = 0;
    for message in mcap::MessageStream::new(&file)? {
        let read: Read = cbor4ii::serde::from_slice(&message?.data)?;
        bytes += read.m.len() as u64;
    }
    let took = start.elapsed();
    ensure!(bytes == 64 * messages, "read {bytes} bytes of {messages} messages");
    Ok(sample(took, messages))
}

/// Into a channel that a task reads.
fn replay(runtime: &Runtime, path: &Path, messages: u64) -> anyhow::Result<Sample> {
    runtime.block_on(async {
        let start = Instant::now();
        let recorded = Recorded::open([path])?;
        let blocks = Fabric::new().channel::<Bytes>(NAME).capacity(1_000).open()?;
        let mut worker = blocks.join("workers");
        let reading = tokio::spawn(async move {
            let mut bytes = 0;
            while let Some(block) = worker.recv().await {
                bytes += block.len() as u64;
            }
            bytes
        });
        let report = Replay::of(&recorded).channel(&blocks).pace(Pace::Max).run().await?;
        blocks.close();
        let bytes = reading.await?;
        let took = start.elapsed();
        ensure!((report.sent, bytes) == (messages, 64 * messages), "{report:?}, {bytes} bytes");
        Ok(sample(took, messages))
    })
}

/// How long `send` takes, and what a recording of this depth misses, at a pace or as fast as it goes.
fn at_pace(runtime: &Runtime, messages: u64, pace: Option<u64>) -> anyhow::Result<Sample> {
    /// So many are sent at once.
    const BURST: u64 = 300;
    let place = TempDir::new()?;
    let news = Fabric::new().broadcast::<Bytes>(NAME).open()?;
    let recording = Recording::create(place.path().join("run.mcap")).channel(&news).depth(DEPTH).start()?;
    let (body, start, mut sending) = (body(64), Instant::now(), Duration::ZERO);
    for sent in (0..messages).step_by(BURST as usize) {
        let begin = Instant::now();
        for _ in 0..BURST.min(messages - sent) {
            ensure!(news.send(body.clone()).is_ok(), "a send was refused");
        }
        sending += begin.elapsed();
        if let Some(pace) = pace {
            let due = Duration::from_secs_f64((sent + BURST) as f64 / pace as f64);
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
    }
    let report = runtime.block_on(recording.finish())?;
    let account = report.channels.first().context("no channel")?;
    let all = account.recorded + account.missed;
    ensure!(all == messages, "recorded and missed are not the {messages} that were sent: {account:?}");
    ensure!(pace.is_none() || account.missed == 0, "missed {} at {PACE} a second", account.missed);
    let missed = Some(account.missed as f64 / messages as f64);
    Ok(Sample { missed, ..sample(sending, messages) })
}
