use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    time::{Duration, Instant},
};

use stratoswarm_record::{Follow, Recorded, Recording, part_paths};

use crate::fixtures::{Job, ids, jobs, place, recorded};

/// What is there now.
fn take(follow: &mut Follow, into: &mut Vec<u64>) {
    while let Some(record) = follow.try_next().unwrap() {
        into.push(record.message::<Job>().unwrap().id);
    }
}

#[tokio::test]
async fn a_recording_is_followed_through_its_parts_to_its_end() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording = Recording::create(&place.path).rotate(20_000).channel(&jobs).lossless(1 << 20);
    let recording = recording.start().unwrap();
    let mut follow = Follow::open(&place.path).unwrap();
    assert_eq!(follow.channels()[0].name, "jobs", "before anything is sent");
    let (mut got, began, mut while_written) = (Vec::new(), Instant::now(), 0);
    for id in 0..2_000 {
        jobs.try_send(Job { id, text: "x".repeat(60) }).unwrap();
        if id % 400 == 399 {
            // All but what waits for its chunk, which has 5,000 bytes.
            while (got.len() as u64) < id - 60 {
                assert!(began.elapsed() < Duration::from_secs(30), "{} of {id}", got.len());
                take(&mut follow, &mut got);
                assert!(!follow.is_over());
            }
            while_written = got.len();
        }
    }
    assert!(while_written > 1_900 && part_paths(&place.path).len() > 5);
    recording.finish().await.unwrap();
    take(&mut follow, &mut got);
    assert_eq!((got, follow.is_over(), follow.damage().len()), ((0..2_000).collect(), true, 0));
    assert_eq!(follow.channels()[0].messages, 2_000);
}

/// Whatever of a file is there when somebody looks.
#[tokio::test]
async fn a_file_is_followed_byte_by_byte() {
    let place = place();
    recorded(&place, 30).await;
    let bytes = fs::read(&place.path).unwrap();
    let growing = place.path.with_extension("growing");
    let mut file = File::create(&growing).unwrap();
    file.lock().unwrap(); // as whoever records
    file.write_all(&bytes[..200]).unwrap();
    let mut follow = Follow::open(&growing).unwrap();
    let mut got = Vec::new();
    for byte in &bytes[200..] {
        file.write_all(&[*byte]).unwrap();
        take(&mut follow, &mut got);
    }
    assert_eq!((&got, follow.damage()), (&(0..30).collect(), &[][..]));
    assert!(follow.is_over(), "by its end, whether it is locked or not");
}

#[tokio::test]
async fn what_nobody_writes_any_more_is_over() {
    let place = place();
    recorded(&place, 30).await;
    let length = fs::metadata(&place.path).unwrap().len();
    let file = OpenOptions::new().write(true).open(&place.path).unwrap();
    file.set_len(length - 1).unwrap();
    file.lock().unwrap();
    let (mut follow, mut got) = (Follow::open(&place.path).unwrap(), Vec::new());
    take(&mut follow, &mut got);
    assert_eq!((got.len(), follow.is_over()), (30, false));
    drop(file);
    take(&mut follow, &mut got);
    assert_eq!((got.len(), follow.is_over()), (30, true));
    assert!(follow.damage()[0].why.ends_with("its summary was cut off"), "{:?}", follow.damage());
}

#[tokio::test]
async fn parts_that_have_gone_are_told_and_those_of_another_run_are_none() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording = Recording::create(&place.path).rotate(20_000).channel(&jobs).lossless(1 << 20);
    let recording = recording.start().unwrap();
    for id in 0..1_000 {
        jobs.try_send(Job { id, text: "x".repeat(60) }).unwrap();
    }
    let parts = recording.finish().await.unwrap().parts;
    assert!(parts.len() > 4);
    let whole = ids(&Recorded::open(&parts).unwrap());
    let two = ids(&Recorded::open(&parts[1..3]).unwrap());
    let (mut follow, mut got) = (Follow::open(&place.path).unwrap(), Vec::new());
    parts[1..3].iter().for_each(|part| fs::remove_file(part).unwrap());
    take(&mut follow, &mut got);
    assert_eq!(got.len() + two.len(), whole.len());
    assert_eq!(follow.damage()[0].why, "parts 2 to 3 before it are not here");

    // Of another recording, behind the last.
    let other = crate::fixtures::place();
    recorded(&other, 5).await;
    let last = parts.last().unwrap().file_name().unwrap().to_str().unwrap();
    let next = last.replace(&format!("{:04}", parts.len()), &format!("{:04}", parts.len() + 1));
    fs::rename(&other.path, place.folder.path().join(next)).unwrap();
    let (mut follow, mut got) = (Follow::open(parts.last().unwrap()).unwrap(), Vec::new());
    take(&mut follow, &mut got);
    assert!(follow.is_over() && got.last() == Some(&999) && !got.contains(&0), "{got:?}");
}
