use std::time::Duration;

use stratoswarm_record::{Recorded, Recording};

use crate::fixtures::{ids, job, jobs, place};

#[tokio::test(start_paused = true)]
async fn each_message_has_its_virtual_time() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording = Recording::create(&place.path).channel(&jobs).start_on_runtime().unwrap();
    let pauses = [0, 5, 1, 3_600_000, 0, 250];
    for (id, pause) in pauses.into_iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        jobs.send(job(id as u64)).await.unwrap();
    }
    let report = recording.finish().await.unwrap();
    assert_eq!(report.channels[0].recorded, 6);
    let recorded = Recorded::open([&place.path]).unwrap();
    assert_eq!(recorded.run()["resolution"], "exact");
    let times: Vec<_> = recorded.records().map(|record| record.unwrap().logged()).collect();
    let passed: Vec<_> = times.windows(2).map(|two| (two[1] - two[0]) / 1_000_000).collect();
    assert_eq!(passed, pauses[1..]);
    assert_eq!(ids(&recorded), [0, 1, 2, 3, 4, 5]);
    assert_eq!(recorded.duration(), Some(Duration::from_millis(3_600_256)));
}

#[test]
fn a_recording_whose_runtime_ends_before_it_is_whole() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let recording = runtime.block_on(async {
        let recording = Recording::create(&place.path).channel(&jobs).start_on_runtime().unwrap();
        jobs.send(job(1)).await.unwrap();
        recording
    });
    drop(runtime);
    let recorded = Recorded::open([&place.path]).unwrap();
    assert_eq!((recorded.damage(), ids(&recorded)), (&[][..], vec![1]));
    drop(recording);
}
