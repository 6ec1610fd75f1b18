use std::fs::OpenOptions;

use stratoswarm_record::{ReadError, Recorded, Recording, Rewrite};

use crate::fixtures::{Job, Place, ids, jobs, place};

/// A file of some 64 KiB in chunks of a quarter of that.
async fn file(place: &Place) -> u64 {
    let (_fabric, jobs) = jobs();
    let recording =
        Recording::create(&place.path).rotate(68_000).channel(&jobs).lossless(1 << 20).start().unwrap();
    for id in 0..460 {
        jobs.try_send(Job { id, text: "x".repeat(60) }).unwrap();
    }
    let report = recording.finish().await.unwrap();
    assert_eq!(report.parts.len(), 1, "one file is to be cut");
    std::fs::rename(&report.parts[0], &place.path).unwrap();
    std::fs::metadata(&place.path).unwrap().len()
}

#[tokio::test]
async fn every_cut_opens() {
    let place = place();
    let length = file(&place).await;
    assert!((60_000..68_000).contains(&length), "{length}");
    // Where chunks end, by another implementation, and how many messages there are up to there.
    let bytes = std::fs::read(&place.path).unwrap();
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let chunks: Vec<_> =
        summary.chunk_indexes.iter().map(|it| it.chunk_start_offset + it.chunk_length).collect();
    assert!(chunks.len() >= 3, "{chunks:?}");
    let whole = Recorded::open([&place.path]).unwrap();
    assert_eq!(ids(&whole), (0..460).collect::<Vec<_>>());
    let each: Vec<_> = summary
        .chunk_indexes
        .iter()
        .map(|index| {
            summary.read_message_indexes(&bytes, index).unwrap().values().map(Vec::len).sum::<usize>()
        })
        .collect();

    let handle = OpenOptions::new().write(true).open(&place.path).unwrap();
    let mut opened = 0;
    for cut in (0..length).rev() {
        handle.set_len(cut).unwrap();
        let there: usize =
            chunks.iter().zip(&each).filter(|(end, _)| **end <= cut).map(|(_, count)| count).sum();
        match Recorded::open([&place.path]) {
            Ok(recorded) => {
                opened += 1;
                assert_eq!(
                    recorded.channels().iter().map(|it| it.messages).sum::<u64>(),
                    there as u64,
                    "{cut}"
                );
                let damage = recorded.damage();
                assert_eq!(damage.len(), 1, "{cut}: {damage:?}");
                assert!(damage[0].from <= cut && damage[0].to == cut, "{cut}: {damage:?}");
                if cut % 997 == 0 {
                    assert_eq!(ids(&recorded), (0..there as u64).collect::<Vec<_>>());
                }
            }
            Err(ReadError::NotARecording { at, .. }) => {
                assert!(at <= cut && cut < 100, "{cut}");
                assert_eq!(there, 0);
            }
            Err(other) => panic!("{cut}: {other}"),
        }
    }
    assert!(opened > 60_000);
}

#[tokio::test]
async fn a_damaged_chunk_is_passed_over_and_named() {
    let place = place();
    file(&place).await;
    let bytes = std::fs::read(&place.path).unwrap();
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let (first, second) = (&summary.chunk_indexes[0], &summary.chunk_indexes[1]);
    let all = Recorded::open([&place.path]).unwrap().channels()[0].messages;
    let of_first = summary.read_message_indexes(&bytes, first).unwrap().values().map(Vec::len).sum::<usize>();
    // What is in it, its length, and its kind.
    for place_in_chunk in [100, 5, 0] {
        let mut damaged = bytes.clone();
        damaged[first.chunk_start_offset as usize + place_in_chunk] ^= 0x55;
        let path = place.path.with_extension("damaged");
        std::fs::write(&path, damaged).unwrap();
        let recorded = Recorded::open([&path]).unwrap();
        let damage = recorded.damage();
        if place_in_chunk > 0 {
            assert_eq!((damage.len(), damage[0].from), (1, first.chunk_start_offset), "{damage:?}");
            assert!(damage[0].to > damage[0].from && damage[0].to <= second.chunk_start_offset, "{damage:?}");
        }
        assert_eq!(recorded.records().count() as u64, all - of_first as u64, "{place_in_chunk}: {damage:?}");

        let mended = place.path.with_extension("mended");
        assert_eq!(Rewrite::of(&recorded).replace().write(&mended).unwrap(), all - of_first as u64);
        let mended = Recorded::open([&mended]).unwrap();
        assert_eq!((mended.damage(), ids(&mended)), (&[][..], ids(&recorded)));
        assert_eq!(
            (mended.run()["run"].clone(), mended.meta()),
            (recorded.run()["run"].clone(), recorded.meta())
        );
    }
}

#[tokio::test]
async fn a_rewrite_replaces_nothing_unless_it_is_told_to_and_can_be_a_part() {
    let place = place();
    file(&place).await;
    let recorded = Recorded::open([&place.path]).unwrap();
    let ReadError::Io { source, .. } = Rewrite::of(&recorded).write(&place.path).unwrap_err() else {
        panic!()
    };
    assert_eq!(source.kind(), std::io::ErrorKind::AlreadyExists);
    let none = place.path.with_extension("none");
    assert_eq!(Rewrite::of(&recorded).channel("others").write(&none).unwrap(), 0);
    assert_eq!(Recorded::open([&none]).unwrap().channels().len(), 0);
    assert_eq!(Rewrite::of(&recorded).channel("jobs").replace().write(&none).unwrap(), 460);
    let far = std::time::Duration::from_secs(3600);
    assert_eq!(Rewrite::of(&recorded).from(far).replace().write(&none).unwrap(), 0);
    assert_eq!(Rewrite::of(&recorded).to(far).replace().write(&none).unwrap(), 460);
}
