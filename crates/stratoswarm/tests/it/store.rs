//! `run --store`: a second run starts warm, a kill loses nothing that was acknowledged, and what is no store stays as it is.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use redb::{Database, MultimapTableDefinition, TableDefinition};
use serde_json::Value;
use stratoswarm::{
    store::{Prepared, StoreError, TourStore},
    swarm::Shelf,
    tsplib::{Instance, parse_instance},
};
use stratoswarm_core::messages::KnowledgeEntry;
use tempfile::TempDir;

use crate::program::{berlin52, command, instance, program, refused, solve, solve_json};

/// The tables of a store.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("stratoswarm.store");
const KNOWLEDGE: TableDefinition<'_, (u64, &str), (u64, &[u8])> =
    TableDefinition::new("stratoswarm.knowledge");

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What is in it, by name.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A store of a short run.
    fn store(&self) -> PathBuf {
        let path = self.path("runs.store");
        solve(&["--generations", "1", "--agents", "2", "--store", path.to_str().unwrap()]);
        path
    }
}

fn berlin() -> Instance {
    parse_instance(&fs::read(berlin52()).unwrap()).unwrap()
}

/// A store, as soon as nobody has it any more: a process that another test is about to start has this one's files, and locks, for a
/// moment.
fn opened(path: &Path) -> Result<TourStore, StoreError> {
    let (begin, berlin) = (Instant::now(), berlin());
    loop {
        match Prepared::at(path, &berlin).and_then(|it| it.open(&berlin)) {
            Err(StoreError::InUse) if begin.elapsed() < Duration::from_secs(10) => thread::yield_now(),
            opened => return opened,
        }
    }
}

fn warm(path: &Path, more: &[&str]) -> Value {
    solve_json(&[&["--store", path.to_str().unwrap()], more].concat())
}

#[test]
fn a_second_run_starts_from_what_the_first_has_found() {
    let folder = Folder::new();
    let path = folder.path("runs.store");
    let first = warm(&path, &["--generations", "12", "--agents", "4"]);
    assert_eq!(first["warm_start"], serde_json::json!({"tours": 0, "best_length": null}));
    let second = warm(&path, &["--generations", "1", "--agents", "2", "--seed", "99"]);
    assert_eq!(second["warm_start"]["tours"], 4);
    assert_eq!(second["warm_start"]["best_length"], first["best_length"]);
    assert!(second["best_length"].as_i64() <= first["best_length"].as_i64(), "it begins where that ended");
    let third = solve(&["--generations", "1", "--agents", "2", "--store", path.to_str().unwrap()]);
    let line =
        format!("\nIt started from 4 tours of the store, the best of length {}.\n", second["best_length"]);
    assert!(third.contains(&line), "{third}");
    assert_eq!(folder.names(), ["runs.store"], "nothing else is left");
    let without = solve_json(&["--generations", "1", "--agents", "2"]);
    assert!(without.get("warm_start").is_none());
}

#[test]
fn instances_share_a_file_and_not_their_tours() {
    let folder = Folder::new();
    let path = folder.store();
    let other = folder.path("other.tsp");
    fs::write(&other, instance("EUC_2D", 52, |node| (f64::from(node * node % 97), f64::from(node)))).unwrap();
    let arguments = [
        "run",
        other.to_str().unwrap(),
        "--generations",
        "1",
        "--agents",
        "3",
        "--store",
        path.to_str().unwrap(),
    ];
    let first = String::from_utf8(program(&arguments).stdout).unwrap();
    assert!(
        first.contains("\nIt started from nothing: the store had no tour of this instance.\n"),
        "{first}"
    );
    let again = String::from_utf8(program(&arguments).stdout).unwrap();
    assert!(again.contains("It started from 3 tours of the store"), "{again}");
    assert_eq!(warm(&path, &["--generations", "1"])["warm_start"]["tours"], 2);
}

/// What its own copy of the test binary does to be killed: acknowledges each write with a line, larger ones in between.
#[test]
fn writes_until_it_is_killed() {
    let Ok(path) = env::var("STRATOSWARM_TEST_STORE") else { return };
    let store = opened(Path::new(&path)).unwrap();
    let begin = version_of(&store);
    let mut out = std::io::stdout();
    for version in begin + 1.. {
        store.put("written", &KnowledgeEntry { value: value(version), version }).unwrap();
        writeln!(out, "\nacknowledged {version}").unwrap();
        out.flush().unwrap();
    }
}

/// What is written under a version: of some hundred bytes, or of half a mebibyte.
fn value(version: u64) -> Bytes {
    let len = if version.is_multiple_of(3) { 500_000 } else { 100 + version as usize % 1000 };
    vec![version as u8; len].into()
}

fn version_of(store: &impl Shelf) -> u64 {
    let found = store.found().into_iter().find(|(key, _)| key == "written");
    found.map_or(0, |(_, entry)| {
        assert!(entry.value == value(entry.version), "the value of version {}", entry.version);
        entry.version
    })
}

/// Killed at once after an acknowledgement, the child is within one of its next writes, or about to begin it; each time somewhere
/// else.
#[test]
fn a_kill_in_the_middle_of_a_write_loses_nothing_acknowledged() {
    let folder = Folder::new();
    let path = folder.path("killed.store");
    let mut least = 0;
    for round in 0..16_u32 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["store::writes_until_it_is_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env("STRATOSWARM_TEST_STORE", &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = lines.map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("acknowledged ").and_then(|version| version.parse::<u64>().ok())
        });
        let first = acknowledged.next().expect("the child writes");
        assert!(first > least, "it goes on where it was");
        least = acknowledged.by_ref().take(1 + round as usize % 5).last().unwrap();
        let until = Instant::now() + Duration::from_micros(u64::from(round) * 211);
        while Instant::now() < until {
            thread::yield_now();
        }
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        least = acknowledged.last().unwrap_or(least); // what it had said by then
        let store = opened(&path).unwrap();
        let version = version_of(&store);
        assert!(version == least || version == least + 1, "{version} is there, {least} was acknowledged");
    }
    assert_eq!(folder.names(), ["killed.store"]);
}

/// The program, killed while its agents store what they find.
#[test]
fn a_run_that_is_killed_leaves_a_store_from_which_the_next_one_starts() {
    let folder = Folder::new();
    let path = folder.path("runs.store");
    let (berlin52, store) = (berlin52(), path.to_str().unwrap().to_owned());
    let mut best = i64::MAX;
    for round in 1..=5 {
        let mut child = command(&["run", berlin52.to_str().unwrap(), "--seconds", "60", "--store", &store])
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while !path.exists() || begin.elapsed() < Duration::from_millis(70 * round) {
            assert!(begin.elapsed() < Duration::from_secs(30), "it makes its store");
            thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let report = warm(&path, &["--generations", "1", "--agents", "2"]);
        let length = report["warm_start"]["best_length"].as_i64().unwrap_or(i64::MAX);
        assert!(length <= best, "what was there stays: {report}");
        best = report["best_length"].as_i64().unwrap();
    }
    let left: Vec<_> =
        folder.names().into_iter().filter(|name| !name.starts_with(".stratoswarm-store-")).collect();
    assert_eq!(left, ["runs.store"]);
}

/// Expects that the program refuses the file, in one line that has these words, and leaves it as it is.
#[track_caller]
fn stays(path: &Path, words: &[&str]) {
    let before = fs::read(path).unwrap();
    let name = path.to_str().unwrap();
    let output = program(&["run", berlin52().to_str().unwrap(), "--generations", "1", "--store", name]);
    refused(&output, 2, &[&[name, "accepted"], words].concat());
    assert!(fs::read(path).unwrap() == before, "{name} is another");
}

#[test]
fn what_is_no_store_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(folder.path(name), bytes).unwrap();
        folder.path(name)
    };
    let random: Vec<u8> =
        (0..100_000_u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    stays(&file("random", &random), &["is no database", "stays as it is"]);
    stays(&file("text", b"NAME: no store\n"), &["is no database"]);
    stays(&file("one", b"r"), &["is no database"]);
    stays(&file("empty", b""), &["is empty"]);
    stays(&file("instance", &fs::read(berlin52()).unwrap()), &["is no database"]);
    let mut magic = b"redb\x1A\x0A\xA9\x0D\x0A".to_vec();
    magic.extend(&random[..5000]);
    stays(&file("magic", &magic), &["stays as it is"]);
    magic.truncate(9);
    stays(&file("short", &magic), &["stays as it is"]);
    let names = folder.names();
    for (name, path) in [("a folder", folder.0.path()), ("a device", Path::new("/dev/null"))] {
        let output = program(&["run", berlin52().to_str().unwrap(), "--store", path.to_str().unwrap()]);
        refused(&output, 2, &["is no plain file"]);
        assert_eq!(folder.names(), names, "{name}");
    }
}

#[test]
fn databases_of_others_are_refused_and_stay_as_they_are() {
    let folder = Folder::new();
    let made = |name: &str, make: &dyn Fn(&redb::WriteTransaction)| {
        let path = folder.path(name);
        let database = Database::create(&path).unwrap();
        let write = database.begin_write().unwrap();
        make(&write);
        write.commit().unwrap();
        path
    };
    let format = |write: &redb::WriteTransaction, format: u64| {
        write.open_table(ABOUT).unwrap().insert("format", format).unwrap();
        write.open_table(KNOWLEDGE).unwrap();
    };
    let foreign = "is the database of another program";
    stays(&made("bare", &|_| ()), &[foreign]);
    let other = |write: &redb::WriteTransaction| {
        write.open_table(TableDefinition::<&str, &str>::new("users")).unwrap().insert("a", "b").unwrap();
    };
    stays(&made("other", &other), &[foreign]);
    stays(&made("more", &|write| (format(write, 1), other(write)).1), &[foreign]);
    stays(&made("newer", &|write| format(write, 2)), &["is a store of format 2", "format 1"]);
    let unformatted =
        |write: &redb::WriteTransaction| drop((write.open_table(ABOUT), write.open_table(KNOWLEDGE)));
    stays(&made("unformatted", &unformatted), &[foreign]);
    let types = |write: &redb::WriteTransaction| {
        write.open_table(ABOUT).unwrap().insert("format", 1).unwrap();
        write.open_table(TableDefinition::<&str, &[u8]>::new("stratoswarm.knowledge")).unwrap();
    };
    stays(&made("types", &types), &[foreign]);
    let about = |write: &redb::WriteTransaction| {
        write.open_table(TableDefinition::<u64, u64>::new("stratoswarm.store")).unwrap();
    };
    stays(&made("about", &about), &[foreign]);
    let multimap = |write: &redb::WriteTransaction| {
        write.open_table(ABOUT).unwrap().insert("format", 1).unwrap();
        write.open_multimap_table(MultimapTableDefinition::<u64, u64>::new("stratoswarm.knowledge")).unwrap();
    };
    stays(&made("multimap", &multimap), &[foreign]);
    let no_tour = |write: &redb::WriteTransaction| {
        format(write, 1);
        let mut table = write.open_table(KNOWLEDGE).unwrap();
        let berlin = fingerprint_of_berlin52();
        table.insert((berlin, "best/000000"), (1, &[0_u8; 208][..])).unwrap();
    };
    stays(&made("no-tour", &no_tour), &["is a damaged store", "best/000000"]);
}

/// Under what the tours of berlin52 stand in a store.
fn fingerprint_of_berlin52() -> u64 {
    use redb::{ReadableDatabase as _, ReadableTable as _};
    let folder = Folder::new();
    let database = Database::open(folder.store()).unwrap();
    let table = database.begin_read().unwrap().open_table(KNOWLEDGE).unwrap();
    table.first().unwrap().unwrap().0.value().0
}

#[test]
fn a_damaged_store_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    let whole = fs::read(folder.store()).unwrap();
    let damaged = folder.path("damaged");
    for keep in [1, 9, 64, 200, 320, 4095, 4096, 5000, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        fs::write(&damaged, &whole[..keep]).unwrap();
        stays(&damaged, &["stays as it is"]);
    }
    // A bit of what is in use: of the tree's root, of a tour.
    let tour = whole
        .windows(12)
        .position(|bytes| bytes == b"best/000001b")
        .or_else(|| whole.windows(11).position(|bytes| bytes == b"best/000001"));
    let mut flipped = whole.clone();
    flipped[tour.expect("the key stands there") + 40] ^= 0x10;
    fs::write(&damaged, &flipped).unwrap();
    stays(&damaged, &["is a damaged store"]);
    let mut longer = whole.clone();
    longer.extend([0x5a; 10_000]);
    fs::write(&damaged, &longer).unwrap();
    let before = fs::read(&damaged).unwrap();
    if opened(&damaged).is_err() {
        assert!(fs::read(&damaged).unwrap() == before);
    }
}

/// Whatever bit is another: the file is refused and as it was, or it is good, and has what it had.
#[test]
fn no_flipped_bit_makes_it_panic_or_write_to_what_it_refuses() {
    let folder = Folder::new();
    let whole = fs::read(folder.store()).unwrap();
    let damaged = folder.path("damaged");
    let found = |path: &Path| opened(path).map(|store| store.found());
    let complete = found(&folder.path("runs.store")).unwrap();
    assert_eq!(complete.len(), 2);
    let used: Vec<usize> =
        whole.iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
    let mut refused = 0;
    let header = (0..16).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    let others = (16..400).step_by(7).chain(used.iter().copied().step_by(1.max(used.len() / 80)));
    for (at, bit) in header.chain(others.map(|at| (at, at % 8))) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        fs::write(&damaged, &flipped).unwrap();
        match found(&damaged) {
            Ok(found) => assert!(found == complete, "with bit {bit} of {at} turned other tours are there"),
            Err(StoreError::InUse) => panic!("nobody has it"),
            Err(_) => {
                refused += 1;
                assert!(
                    fs::read(&damaged).unwrap() == flipped,
                    "it was refused for a bit at {at}, and written to"
                );
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn one_run_at_a_time_has_it() {
    let folder = Folder::new();
    let path = folder.store();
    let held = opened(&path).unwrap();
    let name = path.to_str().unwrap();
    let output = program(&["run", berlin52().to_str().unwrap(), "--generations", "1", "--store", name]);
    refused(&output, 2, &[name, "in use by another run"]);
    drop(held);
    drop(opened(&path).unwrap());
}

#[test]
fn the_stores_file_is_nothing_elses() {
    let folder = Folder::new();
    let path = folder.store();
    let (name, before) = (path.to_str().unwrap(), fs::read(&path).unwrap());
    let berlin52 = berlin52();
    let run =
        |more: &[&str]| program(&[&["run", berlin52.to_str().unwrap(), "--generations", "1"], more].concat());
    refused(&run(&["--store", name, "--tour-out", name]), 2, &["--tour-out is the file of --store"]);
    let new = folder.path("new");
    let new = new.to_str().unwrap();
    refused(&run(&["--store", new, "--tour-out", new]), 2, &["--tour-out is the file of --store"]);
    refused(&run(&["--store", new, "--record", new]), 2, &["--record is the file of --store"]);
    let nowhere = folder.path("no/such");
    refused(&run(&["--store", nowhere.to_str().unwrap()]), 2, &["cannot be made", "accepted"]);
    let unknown = folder.path("no-tour");
    refused(
        &run(&["--store", new, "--tour-out", unknown.join("t").to_str().unwrap()]),
        2,
        &["cannot be written"],
    );
    assert_eq!(folder.names(), ["runs.store"], "nothing is made");
    assert!(fs::read(&path).unwrap() == before);
}
