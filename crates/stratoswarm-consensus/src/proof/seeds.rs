use std::{
    env,
    io::Write,
    time::{Duration, Instant},
};

use super::trial;

/// How many seeds the ordinary test runs.
const SEEDS: u64 = 12;

fn from_environment(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn every_seed_gives_a_linearizable_history() {
    let seeds = match from_environment("STRATOSWARM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..from_environment("STRATOSWARM_SEEDS").unwrap_or(SEEDS),
    };
    let (began, count) = (Instant::now(), seeds.end - seeds.start);
    let (mut calls, mut answers, mut entries, mut purged, mut kills, mut failed) =
        (0, 0, 0, 0, 0, Vec::new());
    let mut slowest = (Duration::ZERO, 0);
    for seed in seeds {
        let one = Instant::now();
        match trial::run(seed, None) {
            Ok(report) => {
                calls += report.calls;
                answers += report.answers;
                entries += report.entries;
                purged += report.purged;
                kills += report.kills;
            }
            Err(why) => {
                // Seen at once, not only once all seeds are done.
                let _ = writeln!(std::io::stderr(), "STRATOSWARM_SEED={seed}: {why}");
                failed.push(seed);
            }
        }
        slowest = slowest.max((one.elapsed(), seed));
    }
    let _ = writeln!(
        std::io::stderr(),
        "{count} seeds in {:.1?} (slowest: {:.0?}, seed {}): {calls} calls, {answers} answered, {entries} entries, {purged} of them purged, \
         {kills} nodes killed; failed: {failed:?}",
        began.elapsed(),
        slowest.0,
        slowest.1,
    );
    assert!(failed.is_empty(), "run again with STRATOSWARM_SEED={}", failed[0]);
    assert!(purged > 0 && kills > 0, "the seeds test what they are to test");
}

#[test]
fn a_seed_gives_the_same_course_each_time() {
    for seed in 0..8 {
        let (once, again) = (trial::run(seed, None), trial::run(seed, None));
        assert!(once.is_ok(), "{once:?}");
        assert_eq!(once, again);
    }
}
