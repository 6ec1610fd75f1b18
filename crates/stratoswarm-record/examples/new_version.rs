//! Would the new version have done the same? What the old one was sent is sent to the new one, and what both have published is
//! compared.
//!
//! Run with `cargo run -p stratoswarm-record --example new_version`. Time is tokio's paused clock, so that it takes none.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{error::Error, path::Path, time::Duration};

use stratoswarm_core::{Broadcast, Channel, Fabric};
use stratoswarm_record::{Diff, Recorded, Recording, Replay};

/// Tells the sum of what it got, after each; the new version forgets what is above its limit.
async fn add(numbers: Channel<u32>, sums: Broadcast<u32>, limit: u32) {
    let (mut worker, mut sum) = (numbers.join("adders"), 0);
    while let Some(number) = worker.recv().await {
        if *number <= limit {
            sum += *number;
        }
        let _ = sums.send(sum); // whoever reads it
    }
}

/// What is sent to a version, by the caller or from a recording, and what it publishes; into a file.
async fn run(limit: u32, from: Option<&Recorded>, into: &Path) -> Result<Recorded, Box<dyn Error>> {
    let fabric = Fabric::new();
    let numbers = fabric.channel::<u32>("numbers").open()?;
    let sums = fabric.broadcast::<u32>("sums").open()?;
    let recording = Recording::create(into).channel(&numbers).channel(&sums).start_on_runtime()?;
    let adding = tokio::spawn(add(numbers.clone(), sums, limit));
    match from {
        Some(recorded) => {
            let report = Replay::of(recorded).channel(&numbers).run().await?;
            println!("replayed {} messages, the latest {:?} behind its time", report.sent, report.latest_by);
        }
        None => {
            for number in 0..10 {
                numbers.send(number * 100).await?;
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
        }
    }
    numbers.close();
    adding.await?;
    recording.finish().await?;
    Ok(Recorded::open([into])?)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let old = run(u32::MAX, None, &folder.path().join("old.mcap")).await?;
    let new = run(500, Some(&old), &folder.path().join("new.mcap")).await?;
    match Diff::between(&old, &new).first()? {
        Some(divergence) => println!("{divergence}"),
        None => println!("no difference"),
    }
    Ok(())
}
