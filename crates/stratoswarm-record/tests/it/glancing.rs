use std::{fs, path::PathBuf};

use stratoswarm_core::Fabric;
use stratoswarm_record::{ChannelSummary, Recorded, Recording};

use crate::fixtures::{Job, Place, place};

/// Parts of a recording of two channels, one of which was missed in part.
async fn parts(place: &Place) -> Vec<PathBuf> {
    let fabric = Fabric::new();
    let news = fabric.broadcast::<Job>("news").open().unwrap();
    let jobs = fabric.channel::<Job>("jobs").capacity(10_000).open().unwrap();
    let recording = Recording::create(&place.path).rotate(40_000).meta("seed", 3).channel(&news).depth(10);
    let recording = recording.channel(&jobs).lossless(10_000).start().unwrap();
    for id in 0..3_000 {
        let job = Job { id, text: "x".repeat(60) };
        news.send(job.clone()).unwrap();
        jobs.try_send(job).unwrap();
        if id % 300 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(3)); // so that some are not missed
        }
    }
    let report = recording.finish().await.unwrap();
    assert!(report.channels[0].missed > 0 && report.channels[0].recorded > 0, "{:?}", report.channels[0]);
    report.parts
}

fn told(recorded: &Recorded) -> impl PartialEq + std::fmt::Debug + use<> {
    let channels: Vec<ChannelSummary> = recorded.channels().to_vec();
    let times = (recorded.begins(), recorded.duration());
    (channels, times, recorded.meta().clone(), recorded.run().clone(), recorded.damage().len())
}

#[tokio::test]
async fn summaries_tell_the_same_as_all_of_the_files() {
    let place = place();
    let parts = parts(&place).await;
    assert!(parts.len() > 3);
    assert_eq!(told(&Recorded::glance(&parts).unwrap()), told(&Recorded::open(&parts).unwrap()));
    for part in &parts {
        assert_eq!(told(&Recorded::glance([part]).unwrap()), told(&Recorded::open([part]).unwrap()));
    }
    let glanced = Recorded::glance(&parts).unwrap();
    assert_eq!(glanced.records_of("jobs").count(), 3_000);
}

#[tokio::test]
async fn what_has_no_summary_is_gone_over_and_what_has_one_is_not() {
    let place = place();
    let parts = parts(&place).await;
    let path = &parts[1];
    let whole = fs::read(path).unwrap();
    let before = told(&Recorded::glance([path]).unwrap());
    // Within a message: seen by whoever reads it.
    let text = whole.windows(20).position(|bytes| bytes == [b'x'; 20]).unwrap();
    let mut damaged = whole.clone();
    damaged[text] = b'y';
    fs::write(path, &damaged).unwrap();
    assert_eq!(told(&Recorded::glance([path]).unwrap()), before);
    assert_eq!(Recorded::open([path]).unwrap().damage().len(), 1);
    // Within the summary, or without its end.
    let mut damaged = whole.clone();
    let at = damaged.len() - 60;
    damaged[at] ^= 1;
    for bytes in [&damaged[..], &whole[..whole.len() - 1]] {
        fs::write(path, bytes).unwrap();
        let (glanced, opened) = (Recorded::glance([path]).unwrap(), Recorded::open([path]).unwrap());
        assert_eq!(told(&glanced), told(&opened));
        assert_eq!(
            glanced.channels()[1].messages,
            Recorded::open([path]).unwrap().records_of("jobs").count() as u64
        );
    }
}
