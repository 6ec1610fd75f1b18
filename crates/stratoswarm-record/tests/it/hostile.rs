use std::{fs, path::Path, sync::LazyLock};

use proptest::prelude::*;
use stratoswarm_record::{Follow, ReadError, Recorded};

use crate::fixtures::{place, recorded};

/// A small recording, whole.
static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let place = place();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(recorded(&place, 40));
    fs::read(&place.path).unwrap()
});

/// Reads all of it; whatever is wrong has its place in the file.
fn read(path: &Path, bytes: &[u8]) -> Result<usize, TestCaseError> {
    fs::write(path, bytes).unwrap();
    if let Ok(glanced) = Recorded::glance([path]) {
        for damage in glanced.damage() {
            prop_assert!(damage.from <= damage.to && damage.to <= bytes.len() as u64, "{damage}");
        }
    }
    let mut follow = Follow::open(path);
    if let Ok(follow) = &mut follow {
        for _ in 0..=bytes.len() {
            if follow.is_over() || follow.try_next().is_ok_and(|it| it.is_none()) {
                break;
            }
        }
        prop_assert!(follow.is_over(), "nobody writes it");
    }
    match Recorded::open([path]) {
        Ok(recorded) => {
            for damage in recorded.damage() {
                prop_assert!(damage.from <= damage.to && damage.to <= bytes.len() as u64, "{damage}");
            }
            let mut count = 0;
            for record in recorded.records().flatten() {
                count += 1;
                let _ = record.json();
            }
            Ok(count)
        }
        Err(ReadError::NotARecording { at, .. }) => {
            prop_assert!(at <= bytes.len() as u64);
            Ok(0)
        }
        Err(other) => Err(TestCaseError::fail(other.to_string())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600), headed in any::<bool>()) {
        let place = place();
        let mut all = if headed { WHOLE[..80].to_vec() } else { Vec::new() };
        all.extend(bytes);
        read(&place.path, &all)?;
    }

    #[test]
    fn a_recording_with_some_bytes_changed_is_read_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        doubled in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let place = place();
        let mut bytes = WHOLE.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(at) = doubled {
            let rest = bytes[at.index(bytes.len())..].to_vec();
            bytes.extend(rest);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read(&place.path, &bytes)?;
    }
}

fn put(into: &mut Vec<u8>, op: u8, body: &[u8]) {
    into.push(op);
    into.extend((body.len() as u64).to_le_bytes());
    into.extend(body);
}

fn chunk(records: &[u8], says: u64) -> Vec<u8> {
    let mut body = vec![0; 16];
    body.extend(says.to_le_bytes());
    body.extend([0; 4]); // no checksum
    body.extend(0u32.to_le_bytes()); // not compressed
    body.extend((records.len() as u64).to_le_bytes());
    body.extend(records);
    body
}

/// Lengths that lie, numbers that are large, trees that are deep: none takes memory before it is there.
#[test]
fn memory_is_bounded_whatever_a_file_says() {
    let place = place();
    let mut start = WHOLE[..8].to_vec();
    let mut header = Vec::new();
    for text in ["stratoswarm", ""] {
        header.extend((text.len() as u32).to_le_bytes());
        header.extend(text.as_bytes());
    }
    put(&mut start, 1, &header);
    let mut channel = vec![1, 0, 0, 0];
    for text in ["jobs", "cbor"] {
        channel.extend((text.len() as u32).to_le_bytes());
        channel.extend(text.as_bytes());
    }
    channel.extend(0u32.to_le_bytes());
    put(&mut start, 4, &channel);
    let message = |body: &[u8]| {
        let mut message = vec![1, 0];
        message.extend([0; 20]);
        message.extend(body);
        let mut record = Vec::new();
        put(&mut record, 5, &message);
        record
    };
    let with = |records: &[Vec<u8>]| {
        let mut all = start.clone();
        all.extend(records.iter().flatten());
        all
    };
    let framed = |op, body: &[u8]| {
        let mut record = Vec::new();
        put(&mut record, op, body);
        record
    };
    // {"n": 0, "m": ..} with what follows
    let body = |of: &[u8]| [&[0xa2, 0x61, b'n', 0x00, 0x61, b'm'][..], of].concat();
    let nothings = |count: u32| [&[0x9a][..], &count.to_be_bytes(), &vec![0xf6; count as usize]].concat();

    let mut lying = framed(6, &chunk(&message(&body(&[1])), u64::MAX));
    let files: Vec<(&str, Vec<u8>, usize)> = vec![
        ("a chunk that says it is larger", with(&[lying.clone(), message(&body(&[1]))]), 1),
        (
            "a length beyond the end",
            with(&[
                {
                    lying[4] = 0xff;
                    lying.clone()
                },
                message(&body(&[1])),
            ]),
            0,
        ),
        (
            "a chunk of 40 MiB",
            with(&[framed(6, &chunk(&vec![0; 40 << 20], 40 << 20)), message(&body(&[1]))]),
            1,
        ),
        ("a message of 17 MiB", with(&[message(&body(&nothings(17 << 20))), message(&body(&[1]))]), 1),
        ("a message of 15 MiB", with(&[message(&body(&nothings(15 << 20))), message(&body(&[1]))]), 2),
        ("a message of a million nothings", with(&[message(&body(&nothings((1 << 20) - 64)))]), 1),
        (
            "an array that says it is large",
            with(&[message(&body(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]))]),
            0,
        ),
        ("bytes that say they are large", with(&[message(&body(&[0x5b, 0, 0, 0, 0xff, 0, 0, 0, 0]))]), 0),
        ("a tree 100,000 deep", with(&[message(&body(&vec![0x81; 100_000]))]), 0),
        (
            "1,500 channels of 60 KB",
            {
                let channel = |id: u16| {
                    let mut channel = id.to_le_bytes().to_vec();
                    channel.extend([0, 0]);
                    for text in [&*format!("{id:060000}"), "cbor"] {
                        channel.extend((text.len() as u32).to_le_bytes());
                        channel.extend(text.as_bytes());
                    }
                    channel.extend(0u32.to_le_bytes());
                    framed(4, &channel)
                };
                with(&(2..1_502).map(channel).collect::<Vec<_>>())
            },
            0,
        ),
    ];
    for (what, bytes, readable) in files {
        fs::write(&place.path, &bytes).unwrap();
        drop(bytes);
        let mut count = 0;
        let memory = allocation_counter::measure(|| {
            let recorded = Recorded::open([&place.path]).unwrap();
            for record in recorded.records().flatten() {
                count += 1;
                let _ = record.json();
            }
        });
        assert_eq!(count, readable, "{what}");
        assert!(memory.bytes_max < 64 << 20, "{what}: {} bytes", memory.bytes_max);
    }
}

/// As a file system leaves them behind when the power goes.
#[test]
fn zeros_are_damage_and_no_records() {
    let place = place();
    let summary = mcap::Summary::read(&WHOLE).unwrap().unwrap();
    let end = (summary.chunk_indexes[0].chunk_start_offset + summary.chunk_indexes[0].chunk_length) as usize;
    let damage = |bytes: &[u8]| {
        fs::write(&place.path, bytes).unwrap();
        let recorded = Recorded::open([&place.path]).unwrap();
        let places: Vec<_> = recorded.damage().iter().map(|it| (it.from as usize, it.to as usize)).collect();
        (recorded.records().count(), places)
    };
    assert_eq!(damage(&[&WHOLE[..end], &[0; 900]].concat()), (40, vec![(end, end + 900)]));
    let start = summary.chunk_indexes[0].chunk_start_offset as usize;
    let mut zeros = WHOLE[..start].to_vec();
    put(&mut zeros, 6, &chunk(&[0; 90], 90));
    let (from, to) = (zeros.len() - 90, zeros.len());
    zeros.extend(&WHOLE[start..]);
    assert_eq!(damage(&zeros), (40, vec![(from, to)]));
}

#[test]
fn what_is_no_recording_is_refused_with_its_place() {
    let place = place();
    let refused = |bytes: &[u8]| {
        fs::write(&place.path, bytes).unwrap();
        Recorded::open([&place.path]).unwrap_err().to_string()
    };
    let name = place.path.display();
    assert_eq!(refused(b""), format!("{name} is no recording: it is empty (at byte 0)"));
    let other = format!("{name} is no recording: it does not begin as MCAP files do (at byte 0)");
    assert_eq!(refused(b"something else"), other);
    assert!(refused(&WHOLE[..30]).ends_with("it was cut off before its header ended (at byte 8)"));
    let mut foreign = WHOLE.clone();
    foreign[21] = b'S';
    assert!(refused(&foreign).contains("MCAP file of another kind"));
    assert!(matches!(Recorded::open([place.path.with_extension("none")]), Err(ReadError::Io { .. })));
    assert!(matches!(Recorded::open([""; 0]), Err(ReadError::Nothing)));
}
