use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use stratoswarm_core::{Channel, Fabric, Message, NoReply, wire};
use stratoswarm_record::{Recorded, Recording, RecordingReport};
use tempfile::TempDir;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) text: String,
}

impl Message for Job {
    type Reply = NoReply;
}
wire!(Job as "test.job");

pub(crate) fn job(id: u64) -> Job {
    Job { id, text: format!("job {id}") }
}

/// A folder of its own, and a path in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

pub(crate) fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.mcap");
    Place { folder, path }
}

impl Place {
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) fn jobs() -> (Fabric, Channel<Job>) {
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").capacity(1 << 20).open().unwrap();
    (fabric, jobs)
}

/// Records that many jobs of about 100 bytes, in chunks of 16 KiB.
pub(crate) async fn recorded(place: &Place, count: u64) -> RecordingReport {
    let (_fabric, jobs) = jobs();
    let recording = Recording::create(&place.path).channel(&jobs).lossless(1 << 20).start().unwrap();
    for id in 0..count {
        jobs.try_send(Job { id, text: "x".repeat(60) }).unwrap();
    }
    recording.finish().await.unwrap()
}

pub(crate) fn ids(recorded: &Recorded) -> Vec<u64> {
    recorded.records().map(|record| record.unwrap().message::<Job>().unwrap().id).collect()
}
