//! A worker's jobs are recorded, without their tokens; then the recording is opened and read.
//!
//! Run with `cargo run -p stratoswarm-record --example record_and_look`.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::error::Error;

use serde::{Deserialize, Serialize};
use stratoswarm_core::{Fabric, Message, NoReply, wire};
use stratoswarm_record::{Recorded, Recording};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    id: u32,
    token: String,
}

impl Message for Job {
    type Reply = NoReply;
}
wire!(Job as "lab.job");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.mcap");

    let jobs = Fabric::new().channel::<Job>("jobs").capacity(16).open()?;
    let mut worker = jobs.join("workers");
    let recording = Recording::create(&path)
        .meta("seed", 7)
        .channel(&jobs)
        .redact(|job| job.token.clear()) // of the recorder's clone only
        .start()?;
    let working = tokio::spawn(async move {
        while let Some(job) = worker.recv().await {
            assert_eq!(job.token, "secret");
        }
    });
    for id in 0..1_000 {
        jobs.send(Job { id, token: "secret".to_owned() }).await?;
    }
    jobs.close();
    working.await?;
    let report = recording.finish().await?;
    println!("recorded {}, missed {}", report.channels[0].recorded, report.channels[0].missed);

    let recorded = Recorded::open([&path])?;
    println!("seed {}, {} damaged places", recorded.meta()["seed"], recorded.damage().len());
    for record in recorded.records_of("jobs").skip(998) {
        let record = record?;
        println!("{} {:?}", record.number(), record.message::<Job>()?);
    }
    Ok(())
}
