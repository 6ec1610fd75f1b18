use std::time::Duration;

use stratoswarm_core::{
    Channel, Fabric, Priority,
    messages::{CostCall, CostMessage, CostQuote, CostUpdate, QueryCost},
};
use stratoswarm_record::{Diff, Pace, Recorded, Recording, Replay, ReplayError, Replies};

use crate::fixtures::{Job, Place, ids, job, jobs, place};

/// Pauses before each of the messages, in milliseconds.
const PAUSES: [u64; 6] = [7, 5, 1, 3_600_000, 1, 250];

/// Two channels, each second message in the other, at the times of `PAUSES`.
async fn recorded(place: &Place) -> Recorded {
    let fabric = Fabric::new();
    let channels = open(&fabric);
    let recording = Recording::create(&place.path).channel(&channels[0]).channel(&channels[1]);
    let recording = recording.start_on_runtime().unwrap();
    for (id, pause) in PAUSES.into_iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let send = channels[id % 2].send(job(id as u64));
        send.priority(if id == 2 { Priority::Critical } else { Priority::Normal }).await.unwrap();
    }
    recording.finish().await.unwrap();
    Recorded::open([&place.path]).unwrap()
}

fn open(fabric: &Fabric) -> [Channel<Job>; 2] {
    ["even", "odd"]
        .map(|name| fabric.channel::<Job>(name).capacity(64).lane(Priority::Critical, 64).open().unwrap())
}

fn of(recorded: &Recorded, channel: &str) -> Vec<u64> {
    recorded.records_of(channel).map(|record| record.unwrap().message::<Job>().unwrap().id).collect()
}

/// What is recorded of a replay: the numbers of messages, and how many milliseconds after the first they came.
async fn again(recorded: &Recorded, pace: Pace) -> (Vec<u64>, Vec<u64>) {
    let (place, fabric) = (place(), Fabric::new());
    let channels = open(&fabric);
    let recording = Recording::create(&place.path).channel(&channels[0]).channel(&channels[1]);
    let recording = recording.start_on_runtime().unwrap();
    let replay = Replay::of(recorded).channel(&channels[0]).channel(&channels[1]).pace(pace);
    let report = replay.run().await.unwrap();
    assert_eq!(report.sent, 6);
    let exact = !matches!(pace, Pace::Times(_)); // else within the milliseconds of tokio's clock
    assert!(report.latest_by < Duration::from_millis(if exact { 1 } else { 2 }), "{report:?}");
    recording.finish().await.unwrap();
    let again = Recorded::open([&place.path]).unwrap();
    let begins = again.begins().unwrap();
    let times = again.records().map(|record| (record.unwrap().logged() - begins) / 1_000_000).collect();
    let order = ids(&again);
    let classes: Vec<_> = again.records_of("even").map(|record| record.unwrap().class()).collect();
    assert_eq!(classes, [Priority::Normal, Priority::Critical, Priority::Normal]);
    for channel in ["even", "odd"] {
        assert_eq!(of(&again, channel), of(recorded, channel));
    }
    (order, times)
}

#[tokio::test(start_paused = true)]
async fn times_and_order_are_the_recorded_ones_at_any_pace() {
    let place = place();
    let recorded = recorded(&place).await;
    let passed = |divisor: u64| {
        let mut sum = 0;
        [0].into_iter()
            .chain(PAUSES[1..].iter().map(|pause| {
                sum += pause;
                sum / divisor
            }))
            .collect::<Vec<_>>()
    };
    let (order, times) = again(&recorded, Pace::Original).await;
    assert_eq!((&order[..], times), (&[0, 1, 2, 3, 4, 5][..], passed(1)));
    let (order, times) = again(&recorded, Pace::Times(1_000.0)).await;
    let late: Vec<_> = times.iter().zip(passed(1_000)).map(|(time, due)| time - due).collect();
    assert!(late.iter().all(|late| *late <= 1), "tokio's clock has milliseconds: {late:?}");
    assert_eq!(order.len(), 6);
    let (order, times) = again(&recorded, Pace::Max).await;
    assert_eq!((order.len(), times), (6, vec![0; 6]));
}

#[tokio::test(start_paused = true)]
async fn a_part_begins_at_its_time_and_not_with_its_first_message() {
    let place = place();
    let recorded = recorded(&place).await;
    let [_, odd] = open(&Fabric::new());
    let begin = tokio::time::Instant::now();
    let replay = Replay::of(&recorded)
        .channel(&odd)
        .from(Duration::from_secs(3_600))
        .to(Duration::from_millis(3_600_007));
    let report = replay.run().await.unwrap();
    // The fourth message is 6 ms behind the hour.
    assert_eq!((report.sent, begin.elapsed().as_millis()), (1, 6));
}

#[tokio::test(start_paused = true)]
async fn what_was_to_expire_expires_when_it_is_replayed() {
    let place = place();
    let mut left = Vec::new();
    for run in ["a", "b"] {
        let path = place.folder.path().join(run);
        let (_fabric, jobs) = jobs();
        let recording = Recording::create(&path).channel(&jobs).start_on_runtime().unwrap();
        if run == "a" {
            jobs.send(job(0)).ttl(Duration::from_secs(5)).await.unwrap();
            jobs.send(job(1)).await.unwrap();
        } else {
            let a = Recorded::open([place.folder.path().join("a")]).unwrap();
            Replay::of(&a).channel(&jobs).run().await.unwrap();
            tokio::time::sleep(Duration::from_secs(6)).await;
            assert_eq!(jobs.join("workers").try_iter().map(|job| job.id).collect::<Vec<_>>(), [1]);
        }
        recording.finish().await.unwrap();
        let there = Recorded::open([&path]).unwrap();
        left.push(there.records().map(|record| record.unwrap().left()).collect::<Vec<_>>());
    }
    assert_eq!(left[0], [Some(Duration::from_secs(5)), None]);
    assert_eq!(left[1], left[0]);
}

#[tokio::test(start_paused = true)]
async fn requests_are_requests_again_in_their_order() {
    let place = place();
    let mut recorded: Vec<Recorded> = Vec::new();
    for (run, replies) in [Replies::Ignore, Replies::Ignore, Replies::AsSends].into_iter().enumerate() {
        let path = place.folder.path().join(run.to_string());
        // Of two places, so that some wait for room.
        let fabric = Fabric::new();
        let costs = fabric.channel::<CostMessage>("cost").capacity(2).group("models").open().unwrap();
        let recording = Recording::create(&path).channel(&costs).start_on_runtime().unwrap();
        let mut model = costs.join("models");
        let serving = tokio::spawn(async move {
            let mut wanted = Vec::new();
            while let Some(delivery) = model.recv().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if let CostCall::QueryCost(query, reply) = delivery.into() {
                    wanted.push((query.tasks, reply.is_wanted()));
                    reply.send(CostQuote { price: 1.0, samples: 0 });
                }
            }
            wanted
        });
        if let Some(recorded) = recorded.first() {
            let replay = Replay::of(recorded).channel(&costs).requests(replies).pace(Pace::Max);
            assert_eq!(replay.run().await.unwrap().sent, 8);
        } else {
            let mut asking = Vec::new();
            for tasks in 0..6 {
                let costs = costs.clone();
                let asked = costs.clone();
                asking.push(tokio::spawn(async move {
                    asked.request(QueryCost { tasks }).timeout(Duration::from_secs(9)).await
                }));
                tokio::task::yield_now().await;
                if tasks % 3 == 1 {
                    costs.send(CostUpdate { tasks, busy: Duration::ZERO }.into()).await.unwrap();
                }
            }
            for reply in asking {
                reply.await.unwrap().unwrap();
            }
        }
        recording.finish().await.unwrap();
        costs.close();
        let wanted = serving.await.unwrap();
        let expected: Vec<_> = (0..6).map(|tasks| (tasks, replies == Replies::Ignore)).collect();
        assert_eq!(wanted, expected, "{run}");
        recorded.push(Recorded::open([&path]).unwrap());
    }
    assert_eq!(Diff::between(&recorded[0], &recorded[1]).first().unwrap(), None);
    let left = recorded[1].records().map(|record| record.unwrap().left()).collect::<Vec<_>>();
    assert_eq!(left.iter().flatten().count(), 6, "{left:?}");
    let found = Diff::between(&recorded[0], &recorded[2]).first().unwrap().unwrap();
    assert_eq!(found.a.as_deref(), Some("a request of class Normal"));
}

#[tokio::test(start_paused = true)]
async fn a_full_channel_makes_it_late_and_changes_no_order() {
    let place = place();
    let (_fabric, recorded_jobs) = jobs();
    let recording = Recording::create(&place.path).channel(&recorded_jobs).start_on_runtime().unwrap();
    for id in 0..5 {
        recorded_jobs.send(job(id)).await.unwrap();
    }
    recording.finish().await.unwrap();
    let recorded = Recorded::open([&place.path]).unwrap();

    let small = Fabric::new().channel::<Job>("jobs").capacity(1).open().unwrap();
    let mut worker = small.join("workers");
    let taking = tokio::spawn(async move {
        let mut got = Vec::new();
        while got.len() < 5 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            got.push(worker.recv().await.unwrap().id);
        }
        got
    });
    let report = Replay::of(&recorded).channel(&small).run().await.unwrap();
    assert_eq!(taking.await.unwrap(), [0, 1, 2, 3, 4]);
    assert_eq!((report.sent, report.latest_by), (5, Duration::from_millis(400)));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_before_anything_is_sent() {
    let place = place();
    let recorded = recorded(&place).await;
    let fabric = Fabric::new();
    let [even, odd] = open(&fabric);
    let texts = Fabric::new().channel::<String>("odd").open().unwrap();
    let replay = || Replay::of(&recorded).channel(&even);
    let error = replay().channel(&texts).run().await.unwrap_err();
    assert_eq!(error.to_string(), "channel \"odd\" takes string, and test.job was recorded");
    let other = Fabric::new().channel::<Job>("other").open().unwrap();
    assert!(
        matches!(replay().channel(&other).run().await, Err(ReplayError::NotRecorded { channel }) if channel == "other")
    );
    assert!(matches!(replay().channel(&even).run().await, Err(ReplayError::SameName { .. })));
    for times in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(replay().pace(Pace::Times(times)).start(), Err(ReplayError::Pace { .. })));
    }
    assert_eq!((even.info().sent, texts.info().sent), (0, 0));
    for times in [4e-22, 1e-300] {
        let slow = Replay::of(&recorded).channel(&odd).pace(Pace::Times(times)).run();
        let year = Duration::from_secs(86_400 * 365);
        assert!(tokio::time::timeout(year, slow).await.is_err(), "very slow, and no panic");
    }

    odd.close();
    let error = Replay::of(&recorded).channel(&odd).run().await.unwrap_err();
    assert_eq!(error.to_string(), "channel \"odd\" is closed, at number 0 of the recording");
}
