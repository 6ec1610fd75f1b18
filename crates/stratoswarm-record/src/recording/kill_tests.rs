//! Processes that are killed while they record.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use stratoswarm_core::Fabric;

use super::Recording;
use crate::{Recorded, part_paths};

/// Says to a child where to record.
const PATH: &str = "STRATOSWARM_RECORD_CHILD";

/// How many are killed.
const KILLS: u64 = 50;

/// A process that records until it is killed, in parts of a few chunks. Not a test by itself: the one below starts it.
#[test]
#[ignore = "started by the next one"]
fn child() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let news = Fabric::new().broadcast::<u64>("news").open().unwrap();
    let _recording = Recording::create(path).rotate(200_000).channel(&news).depth(1 << 20).start().unwrap();
    let started = Instant::now();
    for n in 0.. {
        news.send(n).unwrap();
        if n % 500 == 0 {
            assert!(started.elapsed() < Duration::from_secs(60), "whoever is to kill it has gone");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Is killed when the test ends, however it does.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_killed_process_leaves_whole_chunks() {
    let (mut with_messages, mut with_parts) = (0, 0);
    for round in 0..KILLS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.mcap");
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["recording::kill_tests::child", "--exact", "--ignored"])
            .env(PATH, &path)
            .stdout(Stdio::null())
            .spawn();
        let child = Killed(child.unwrap());
        // When it has written about so much, and a little later: no moment is better than another.
        let (wanted, later) = (37_000 * (round * 7 % 17), Duration::from_micros(round * 977 % 3_001));
        let written = || -> u64 {
            part_paths(&path).iter().map(|part| fs::metadata(part).map_or(0, |part| part.len())).sum()
        };
        let began = Instant::now();
        while part_paths(&path).is_empty() || written() < wanted {
            assert!(began.elapsed() < Duration::from_secs(20), "{} bytes of {wanted}", written());
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(later);
        drop(child);
        let parts = part_paths(&path);
        let there = Recorded::open(&parts).unwrap();
        // The last part has no end; the one before may have been without one still.
        assert!((1..=2).contains(&there.damage().len()), "{round}: {:?}", there.damage());
        let numbers: Vec<_> = there.records().map(|record| record.unwrap().number()).collect();
        if let Some(last) = numbers.last() {
            with_messages += 1;
            let missed = there.channels()[0].missed;
            assert_eq!(
                numbers.len() as u64 + missed,
                last + 1,
                "{round}: all up to the last, or told as missing"
            );
        }
        with_parts += u64::from(parts.len() > 1);
    }
    assert!(with_messages >= KILLS / 2 && with_parts >= KILLS / 4, "{with_messages}, {with_parts}");
}
