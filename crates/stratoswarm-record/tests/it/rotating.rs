use stratoswarm_record::{ReadError, Recorded, Recording, Rewrite, StartError, part_paths};

use crate::fixtures::{Job, ids, job, jobs, place};

#[tokio::test]
async fn a_rotation_loses_nothing_and_each_part_is_whole() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording = Recording::create(&place.path)
        .rotate(40_000)
        .meta("seed", 3)
        .channel(&jobs)
        .lossless(64)
        .start()
        .unwrap();
    let mut worker = jobs.join("workers");
    for id in 0..3_000 {
        jobs.send(Job { id, text: "x".repeat(60) }).await.unwrap();
        let _ = worker.try_recv();
    }
    let report = recording.finish().await.unwrap();
    assert_eq!((report.channels[0].recorded, report.channels[0].missed), (3_000, 0));
    assert!(report.parts.len() > 5, "{:?}", report.parts);
    assert_eq!(part_paths(&place.path), report.parts);
    let sizes = report.parts.iter().map(|part| std::fs::metadata(part).unwrap().len());
    assert!(sizes.clone().all(|size| size < 60_000), "{:?}", sizes.collect::<Vec<_>>());

    let mut one_by_one = Vec::new();
    for path in &report.parts {
        let part = Recorded::open([path]).unwrap();
        assert_eq!((part.damage(), &*part.meta()["seed"]), (&[][..], "3"));
        one_by_one.extend(ids(&part));
    }
    assert_eq!(one_by_one, (0..3_000).collect::<Vec<_>>());
    let reversed = Recorded::open(report.parts.iter().rev()).unwrap();
    assert_eq!(ids(&reversed), one_by_one, "in any order");

    let again = Recording::create(&place.path).rotate(40_000).channel(&jobs).start();
    assert!(matches!(again, Err(StartError::Exists { path }) if path == report.parts[0]));
    let plain = Recording::create(&place.path).channel(&jobs).start();
    assert!(
        matches!(plain, Err(StartError::Exists { path }) if path == report.parts[0]),
        "the name has parts"
    );
    let twice = Recorded::open([&report.parts[0], &report.parts[0]]);
    assert!(matches!(twice, Err(ReadError::NotOneRun { .. })));

    let without = Recorded::open([&report.parts[0], &report.parts[4], &report.parts[2]]).unwrap();
    let told: Vec<_> = without.damage().iter().map(|damage| (&damage.path, &*damage.why)).collect();
    let part = |number: u32| format!("part {number} before it is not here");
    assert_eq!(told, [(&report.parts[2], &*part(2)), (&report.parts[4], &*part(4))]);
}

#[tokio::test]
async fn the_part_that_cannot_be_made_is_the_one_that_is_named() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording =
        Recording::create(&place.path).rotate(1_000).required().channel(&jobs).lossless(64).start().unwrap();
    let parts = part_paths(&place.path);
    let name = parts[0].file_name().unwrap().to_str().unwrap().replace("0001", "0002");
    let foreign = parts[0].with_file_name(name);
    std::fs::write(&foreign, "mine").unwrap();
    let mut worker = jobs.join("workers");
    for id in 0..500 {
        jobs.send(Job { id, text: "x".repeat(60) }).await.unwrap();
        let _ = worker.try_recv();
    }
    let error = recording.finish().await.unwrap_err();
    assert!(error.to_string().contains(foreign.to_str().unwrap()), "{error}");
    assert_eq!(std::fs::read(&foreign).unwrap(), b"mine");
}

/// A pipe would be opened for ever, and what is renamed over a device is no device any more.
#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_neither_opened_nor_replaced() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let pipe = place.folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let refused = Recording::create(&pipe).channel(&jobs).start();
    assert!(matches!(refused, Err(StartError::Exists { .. })));

    let recording = Recording::create(&place.path).channel(&jobs).start().unwrap();
    recording.finish().await.unwrap();
    let recorded = Recorded::open([&place.path]).unwrap();
    for path in [&pipe, &place.folder.path().to_owned()] {
        let error = Rewrite::of(&recorded).replace().write(path).unwrap_err();
        assert!(error.to_string().ends_with("it is no regular file"), "{error}");
    }
    assert!(!std::fs::metadata(&pipe).unwrap().is_file());
}

#[tokio::test]
async fn the_oldest_parts_go_first() {
    for keep in [1, 2] {
        the_oldest_go(keep).await;
    }
}

async fn the_oldest_go(keep: usize) {
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording =
        Recording::create(&place.path).rotate(20_000).keep(keep).channel(&jobs).lossless(64).start().unwrap();
    let mut worker = jobs.join("workers");
    for id in 0..2_000 {
        jobs.send(Job { id, text: "x".repeat(60) }).await.unwrap();
        let _ = worker.try_recv();
    }
    let report = recording.finish().await.unwrap();
    assert_eq!((report.channels[0].recorded, report.parts.len()), (2_000, keep));
    assert_eq!(part_paths(&place.path), report.parts);
    let left = ids(&Recorded::open(&report.parts).unwrap());
    assert!(left.len() > 10 && left.len() < 500, "{}", left.len());
    assert_eq!(left, (2_000 - left.len() as u64..2_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn parts_have_numbers_whatever_the_name() {
    for (name, part) in
        [("run", "run.0001"), ("a.b.mcap", "a.b.0001.mcap"), (".run", ".run.0001"), ("ü.m", "ü.0001.m")]
    {
        let place = place();
        let (_fabric, jobs) = jobs();
        let path = place.folder.path().join(name);
        let create = || Recording::create(&path).rotate(1 << 20).channel(&jobs);
        let report = create().start().unwrap().finish().await.unwrap();
        assert_eq!((place.files(), part_paths(&path)), (vec![part.to_owned()], report.parts));
        assert!(matches!(create().start(), Err(StartError::Exists { .. })));
    }
}

#[tokio::test]
async fn parts_of_two_runs_are_not_taken_for_one() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let mut paths = Vec::new();
    for name in ["one.mcap", "other.mcap"] {
        let path = place.folder.path().join(name);
        let recording = Recording::create(&path).channel(&jobs).start().unwrap();
        jobs.send(job(0)).await.unwrap();
        recording.finish().await.unwrap();
        paths.push(path);
    }
    assert!(matches!(Recorded::open(&paths), Err(ReadError::NotOneRun { .. })));
}
