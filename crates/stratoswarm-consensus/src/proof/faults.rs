use std::io::{Write, stderr};

use super::{rewriting, trial};
use crate::replica::Fault;

/// How many seeds a planted fault may stay unseen.
const SEEDS: u64 = 40;

/// The checks that pass without the fault find it.
fn is_caught_by<T>(fault: Fault, run: impl Fn(u64) -> Result<T, String>) {
    let caught = (0..SEEDS).find_map(|seed| run(seed).err().map(|why| (seed, why)));
    let (seed, why) = caught.unwrap_or_else(|| panic!("{fault:?} was not seen in {SEEDS} seeds"));
    // How it is seen differs from fault to fault: it is for people.
    let _ = writeln!(stderr(), "{fault:?}, seed {seed}: {}", why.lines().next().unwrap_or_default());
}

fn is_caught(fault: Fault) {
    is_caught_by(fault, |seed| trial::run(seed, Some(fault)));
}

#[test]
fn copies_that_are_applied_again() {
    is_caught(Fault::NoSessions);
}

#[test]
fn a_read_that_does_not_ask_the_log() {
    is_caught(Fault::ReadWithoutBarrier);
}

#[test]
fn what_is_applied_late() {
    is_caught(Fault::NoExpiry);
}

#[test]
fn a_lease_by_the_clocks_of_nodes() {
    is_caught(Fault::LeaseByLocalClock);
}

#[test]
fn a_lease_by_the_clocks_of_nodes_without_snapshots_that_tell() {
    let fault = Fault::LeaseByLocalClock;
    is_caught_by(fault, |seed| trial::run_every(seed, Some(fault), 10_000));
}

#[test]
fn a_snapshot_of_a_later_state() {
    is_caught(Fault::ApplyBeforeSnapshot);
}

#[test]
fn a_purge_that_nobody_confirmed() {
    is_caught(Fault::PurgeUnconfirmed);
}

#[test]
fn a_rewritten_log_that_nobody_notices() {
    is_caught_by(Fault::NoSeen, |seed| rewriting::run(seed, Some(Fault::NoSeen)));
}
