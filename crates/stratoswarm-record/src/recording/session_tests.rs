//! Disks that fail, are full or slow, and clocks that are set back.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use stratoswarm_core::{Channel, Fabric};

use super::{
    Recording, RecordingBuilder, RecordingReport,
    parts::{Disk, file_system},
    recording::watch_and_write,
    session::Session,
    stop::Stop,
    time::{Clock, wall},
};
use crate::{Recorded, mcap::PartFile};

/// A disk that has so many bytes, and says this where it has no more.
#[derive(Clone)]
struct Room {
    folder: PathBuf,
    bytes: u64,
    error: io::ErrorKind,
}

struct Bounded(Box<dyn PartFile>, Room);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let files = fs::read_dir(&self.1.folder)?;
        let used: u64 = files.map(|file| file.unwrap().metadata().map_or(0, |it| it.len())).sum();
        let room = self.1.bytes.saturating_sub(used).min(bytes.len() as u64) as usize;
        if room == 0 { Err(self.1.error.into()) } else { self.0.write(&bytes[..room]) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl PartFile for Bounded {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.cut(length)
    }

    fn settle(&mut self) -> io::Result<()> {
        self.0.settle()
    }
}

fn disk(room: &Room) -> Disk {
    let room = room.clone();
    Box::new(move |path: &Path| {
        let (file, publish) = file_system(path)?;
        Ok((Box::new(Bounded(file, room.clone())), publish))
    })
}

struct Scene {
    folder: tempfile::TempDir,
    path: PathBuf,
    fabric: Fabric,
    texts: Channel<String>,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.mcap");
    let fabric = Fabric::new();
    let texts = fabric.channel::<String>("texts").capacity(100_000).open().unwrap();
    Scene { folder, path, fabric, texts }
}

impl Scene {
    fn room(&self, bytes: u64, error: io::ErrorKind) -> Room {
        Room { folder: self.folder.path().to_owned(), bytes, error }
    }

    fn session(&self, clock: Clock, change: impl FnOnce(RecordingBuilder) -> RecordingBuilder) -> Session {
        let builder =
            change(Recording::create(&self.path)).channel(&self.texts).lossless(100_000).meta("a", 1);
        builder.session(clock).unwrap().0
    }

    /// So many messages of a kilobyte.
    fn send(&self, count: usize) {
        (0..count).for_each(|_| self.texts.try_send("x".repeat(1_000)).unwrap());
    }
}

fn numbers(paths: &[PathBuf]) -> Vec<u64> {
    Recorded::open(paths).unwrap().records().map(|record| record.unwrap().number()).collect()
}

fn told(report: &RecordingReport) -> (u64, u64) {
    (report.channels[0].recorded, report.channels[0].missed)
}

#[test]
fn a_full_disk_keeps_what_was_flushed() {
    for error in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::Other] {
        let scene = scene();
        let room = scene.room(2_500_000, error); // two chunks, and a part of the third
        let mut session = scene.session(Clock::std(), |it| it.disk(disk(&room)));
        scene.send(3_000);
        while session.look().1 {}
        scene.send(500);
        let report = session.finish();
        let (recorded, missed) = told(&report);
        assert_eq!(recorded + missed, 3_500);
        // All that it has room for, but for a few kilobytes; of a disk that fails otherwise up to the last chunk.
        let expected = if error == io::ErrorKind::Other { 1_900..2_100 } else { 2_290..2_370 };
        assert!(expected.contains(&recorded), "{recorded}, {error}");
        assert_eq!(report.channels[0].gaps, [recorded..=3_499]);
        let failure = report.failure.unwrap();
        assert_eq!((failure.path, failure.source.kind()), (scene.path.clone(), error));
        let there = Recorded::open([&scene.path]).unwrap();
        assert!(there.damage().len() <= 1, "{:?}", there.damage());
        assert_eq!(numbers(std::slice::from_ref(&scene.path)), (0..recorded).collect::<Vec<_>>());
    }
}

/// A disk of which one write fails: the one of this number, from 1 on.
struct Failing(Box<dyn PartFile>, u32);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 = self.1.wrapping_sub(1);
        if self.1 == 0 { Err(io::ErrorKind::StorageFull.into()) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PartFile for Failing {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.cut(length)
    }

    fn settle(&mut self) -> io::Result<()> {
        self.0.settle()
    }
}

fn failing(write: u32) -> Disk {
    Box::new(move |path: &Path| {
        let (file, publish) = file_system(path)?;
        Ok((Box::new(Failing(file, write)), publish))
    })
}

#[test]
fn the_gap_of_a_full_disk_is_in_the_file_where_it_has_room() {
    let scene = scene();
    let mut session = scene.session(Clock::std(), |it| it.disk(failing(3)));
    scene.send(2_500);
    while session.look().1 {}
    let report = session.finish();
    let (recorded, missed) = told(&report);
    let there = Recorded::open([&scene.path]).unwrap();
    assert_eq!((there.damage(), there.channels()[0].messages), (&[][..], recorded));
    let gap = &there.channels()[0].gaps[0];
    assert_eq!(gap.from, recorded);
    assert!(
        gap.to < 2_500 && gap.why.contains("could not be written") && missed == 2_500 - recorded,
        "{gap:?}"
    );
}

#[test]
fn gaps_of_before_are_told_by_a_chunk_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.mcap");
    let news = Fabric::new().broadcast::<u64>("news").open().unwrap();
    let builder = Recording::create(&path).disk(failing(2)).channel(&news).depth(8).meta("a", 1);
    let (mut session, _failed) = builder.session(Clock::std()).unwrap();
    for round in 0..5 {
        (round * 20..round * 20 + 20).for_each(|n| assert_eq!(news.send(n), Ok(0)));
        session.look();
    }
    let report = session.finish();
    assert!(report.failure.is_some());
    assert_eq!(told(&report), (0, 100));
    let there = Recorded::open([&path]).unwrap();
    assert_eq!((there.channels()[0].messages, there.channels()[0].missed), (0, 100));
}

#[test]
fn old_parts_make_room_on_a_full_disk() {
    let scene = scene();
    let room = scene.room(200_000, io::ErrorKind::StorageFull);
    let mut session = scene.session(Clock::std(), |it| it.disk(disk(&room)).rotate(60_000).keep(100));
    for _ in 0..20 {
        scene.send(15);
        while session.look().1 {}
    }
    let report = session.finish();
    assert!(report.failure.is_none(), "{:?}", report.failure);
    assert_eq!(told(&report), (300, 0));
    let left = numbers(&report.parts);
    assert!(left.len() < 300 && left.last() == Some(&299), "{left:?}");
}

#[test]
fn the_file_that_is_being_written_makes_no_room() {
    let scene = scene();
    let room = scene.room(2_500_000, io::ErrorKind::StorageFull);
    let mut session = scene.session(Clock::std(), |it| it.disk(disk(&room)).rotate(1 << 30).keep(1));
    scene.send(3_000);
    while session.look().1 {}
    let report = session.finish();
    assert!(report.failure.is_some());
    assert_eq!(numbers(&report.parts).len() as u64, told(&report).0);
    assert!(told(&report).0 > 1_900);
}

#[test]
fn the_oldest_part_goes_before_the_next_one_comes() {
    let scene = scene();
    let path = scene.path.clone();
    let disk: Disk = Box::new(move |part: &Path| {
        assert!(crate::part_paths(&path).len() < 3, "three are kept");
        file_system(part)
    });
    let mut session = scene.session(Clock::std(), |it| it.disk(disk).rotate(20_000).keep(3));
    for _ in 0..20 {
        scene.send(15);
        while session.look().1 {}
    }
    assert_eq!(session.finish().parts.len(), 3);
}

#[test]
fn a_slow_disk_leaves_exact_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.mcap");
    let news = Fabric::new().broadcast::<u64>("news").capacity(8).open().unwrap();
    let builder = Recording::create(&path).channel(&news).depth(8).meta("a", 1);
    let (mut session, _failed) = builder.session(Clock::std()).unwrap();
    // While it writes it does not look: what comes then is beyond what it can hold.
    let mut expected = Vec::new();
    for round in 0..50u64 {
        let first = round * 20;
        (first..first + 20).for_each(|n| assert_eq!(news.send(n), Ok(0)));
        session.look();
        expected.push(first..=first + 11);
    }
    let report = session.finish();
    assert_eq!(told(&report), (400, 600));
    assert_eq!(report.channels[0].gaps, expected);
    let there = Recorded::open([&path]).unwrap();
    let gaps: Vec<_> = there.channels()[0].gaps.iter().map(|gap| gap.from..=gap.to).collect();
    assert_eq!((gaps, there.channels()[0].missed), (expected, 600));
}

#[test]
fn a_file_that_comes_meanwhile_is_not_overwritten() {
    let scene = scene();
    let (_file, publish) = file_system(&scene.path).unwrap();
    fs::write(&scene.path, b"mine").unwrap();
    assert_eq!(publish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&scene.path).unwrap(), b"mine");
    assert_eq!(fs::read_dir(scene.folder.path()).unwrap().count(), 1, "and nothing is left");
}

/// With pauses of an hour only senders, or the end, can wake it.
#[test]
fn the_thread_is_woken_when_half_of_what_it_can_hold_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let news = Fabric::new().broadcast::<u64>("news").open().unwrap();
    let builder = Recording::create(folder.path().join("run.mcap")).channel(&news).depth(100).meta("a", 1);
    let (session, _failed) = builder.session(Clock::std()).unwrap();
    let stop = Arc::<Stop>::default();
    let stopped = Arc::clone(&stop);
    let hour = Duration::from_secs(3600);
    let thread = std::thread::spawn(move || watch_and_write(session, &stopped, (hour, hour)));
    let until = |what: &dyn Fn(&stratoswarm_core::ReaderInfo) -> bool| {
        let began = Instant::now();
        while !what(&news.info().readers[0]) {
            assert!(began.elapsed().as_secs() < 20, "{:?}", news.info().readers);
            std::thread::yield_now();
        }
    };
    for round in 1..=3 {
        until(&|recorder| !recorder.waits.is_empty());
        (0..49).for_each(|n| assert_eq!(news.send(n), Ok(0)));
        assert_eq!(news.info().readers[0].left, 49, "not worth a look yet");
        assert_eq!(news.send(49), Ok(0));
        until(&|recorder| recorder.taken == 50 * round);
    }
    stop.ask();
    assert_eq!(told(&thread.join().unwrap()), (150, 0));
}

#[test]
fn time_never_falls() {
    // The wall clock was an hour ahead when the recording began, and is set back.
    let ahead = wall() + 3_600_000_000_000;
    let scene = scene();
    let mut session = scene.session(Clock::Std(ahead, Instant::now()), |it| it);
    for _ in 0..5 {
        scene.send(3);
        session.look();
    }
    session.finish();
    let there = Recorded::open([&scene.path]).unwrap();
    let times: Vec<_> = there.records().map(|record| record.unwrap().logged()).collect();
    assert!(times[0] >= ahead && times.is_sorted(), "{times:?}");
    let part: u64 = there.run()["wall"].parse().unwrap();
    assert!(part < ahead, "the file says what the wall clock said");
    assert!(there.run()["start"].parse::<u64>().unwrap() >= ahead);
}

#[test]
fn a_chunk_is_written_after_a_second() {
    let scene = scene();
    let started = Instant::now();
    let mut session = scene.session(Clock::Std(wall(), started), |it| it);
    scene.send(1);
    session.look();
    assert_eq!(numbers(std::slice::from_ref(&scene.path)), [0; 0], "it waits in memory");
    session.set_clock(Clock::Std(wall() + 1_100_000_000, started));
    session.look();
    assert_eq!(numbers(std::slice::from_ref(&scene.path)), [0]);
}

#[tokio::test]
async fn a_required_recording_that_ends_early_fails() {
    let scene = scene();
    let room = scene.room(5_000, io::ErrorKind::StorageFull);
    let builder = Recording::create(&scene.path).disk(disk(&room)).required();
    let recording = builder.channel(&scene.texts).start().unwrap();
    scene.send(2_000);
    let failed = recording.failed().await;
    assert_eq!(failed.source.kind(), io::ErrorKind::StorageFull);
    let report = scene.fabric.shutdown(Duration::ZERO).await;
    let told = report.channels[0].readers[0].failure.as_deref().unwrap_or_default();
    assert!(told.starts_with("the recording ended early, as ") && told.contains("run.mcap"), "{told}");
    let error = recording.finish().await.unwrap_err();
    assert!(error.to_string().contains("the recording ended early, as "), "{error}");
}
