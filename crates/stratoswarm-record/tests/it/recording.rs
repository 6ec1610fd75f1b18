use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize, Serializer};
use stratoswarm_core::{
    AckPolicy, ChannelRegistry, DeadLetter, DeadReason, Fabric, JoinError, Message, NoReply, Priority,
    messages::QueryCost, wire,
};
use stratoswarm_record::{Recorded, Recording, Replay, StartError};

use crate::fixtures::{Job, ids, job, jobs, place};

#[tokio::test]
async fn what_was_admitted_is_recorded_with_what_was_said_of_it() {
    let place = place();
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Job>("jobs").capacity(8).lane(Priority::Critical, 8).open().unwrap();
    jobs.try_send(job(0)).unwrap();
    let recording = Recording::create(&place.path).meta("seed", 7).channel(&jobs).start().unwrap();
    jobs.send(job(1)).priority(Priority::Critical).await.unwrap();
    jobs.send(job(2)).ttl(std::time::Duration::from_secs(60)).await.unwrap();
    let report = recording.finish().await.unwrap();
    assert_eq!((report.channels[0].recorded, report.channels[0].missed), (2, 0));
    assert_eq!((report.parts, report.failure.is_none()), (vec![place.path.clone()], true));

    let recorded = Recorded::open([&place.path]).unwrap();
    assert_eq!(recorded.damage(), []);
    assert_eq!(recorded.meta()["seed"], "7");
    let channel = recorded.channel("jobs").unwrap();
    assert_eq!((&*channel.message, &*channel.kind, channel.capacity), ("test.job", "channel", 8));
    let records: Vec<_> = recorded.records().collect::<Result<_, _>>().unwrap();
    let said: Vec<_> = records.iter().map(|it| (it.number(), it.class(), it.is_request())).collect();
    assert_eq!(said, [(1, Priority::Critical, false), (2, Priority::Normal, false)]);
    assert_eq!(records[0].left(), None);
    let left = records[1].left().unwrap().as_secs_f64();
    assert!(left > 50.0 && left <= 60.0, "{left}");
    assert_eq!(records[1].message::<Job>().unwrap(), job(2));
    assert_eq!(records[1].json().unwrap(), r#"{"id":2,"text":"job 2"}"#);
    assert!(records.iter().all(|it| it.logged_after() <= it.logged()));
}

#[tokio::test]
async fn requests_and_broadcasts_are_recorded() {
    let place = place();
    let registry = ChannelRegistry::new();
    let recording = Recording::create(&place.path)
        .channel(registry.cost())
        .channel(registry.events())
        .volatile(["/AgentSpawned/agent"])
        .start()
        .unwrap();
    let asked = registry.cost().request(QueryCost { tasks: 3 }).timeout(std::time::Duration::from_millis(1));
    assert!(asked.await.is_err(), "nobody serves it");
    let spawned = stratoswarm_core::messages::AgentSpawned { agent: uuid::Uuid::nil().into() };
    registry.events().send(spawned.into()).unwrap();
    let _model = registry.cost().join("models");
    let report = recording.finish().await.unwrap();
    let recorded = Recorded::open([&place.path]).unwrap();
    let channels: Vec<_> =
        recorded.channels().iter().map(|it| (&*it.name, &*it.message, &*it.kind)).collect();
    let expected = [("cost", "stratoswarm.cost", "channel"), ("events", "stratoswarm.events", "broadcast")];
    assert_eq!(channels, expected);
    assert_eq!(recorded.channel("events").unwrap().volatile, ["/AgentSpawned/agent"]);
    let told = report.channels.iter().map(|it| it.recorded).sum::<u64>();
    assert_eq!(recorded.records().count() as u64, told);
    assert_eq!(recorded.channel("events").unwrap().messages, 1);
}

/// The recorder's thread is kept from looking by a message that it encodes, so that more come than it can hold.
#[tokio::test]
async fn what_is_missed_is_told_by_its_numbers() {
    static HELD: AtomicBool = AtomicBool::new(true);
    static REACHED: AtomicBool = AtomicBool::new(false);
    #[derive(Clone, Deserialize)]
    struct Slow(u64);
    impl Serialize for Slow {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            REACHED.store(true, Ordering::SeqCst);
            while HELD.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            serializer.serialize_u64(self.0)
        }
    }
    impl Message for Slow {
        type Reply = NoReply;
    }
    wire!(Slow as "test.slow");

    let place = place();
    let slow = Fabric::new().broadcast::<Slow>("slow").capacity(4).open().unwrap();
    let recording = Recording::create(&place.path).channel(&slow).depth(4).start().unwrap();
    slow.send(Slow(0)).unwrap();
    while !REACHED.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    for n in 1..=10 {
        slow.send(Slow(n)).unwrap();
    }
    HELD.store(false, Ordering::SeqCst);
    let report = recording.finish().await.unwrap();
    let channel = &report.channels[0];
    assert_eq!((channel.recorded, channel.missed), (5, 6));
    assert_eq!(channel.gaps, [1..=6]);
    let recorded = Recorded::open([&place.path]).unwrap();
    let gap = &recorded.channels()[0].gaps[0];
    assert_eq!((gap.from, gap.to, &*gap.why), (1, 6, "the recorder was too far behind"));
    let numbers: Vec<_> = recorded.records().map(|record| record.unwrap().number()).collect();
    assert_eq!(numbers, [0, 7, 8, 9, 10]);
}

#[tokio::test]
async fn senders_wait_for_a_lossless_recording() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let mut worker = jobs.join("workers");
    let taking = tokio::spawn(async move {
        while let Some(job) = worker.recv().await {
            if job.id == 4_999 {
                break;
            }
        }
    });
    let recording = Recording::create(&place.path).channel(&jobs).lossless(4).start().unwrap();
    for id in 0..5_000 {
        jobs.send(job(id)).await.unwrap();
    }
    taking.await.unwrap();
    let report = recording.finish().await.unwrap();
    assert_eq!((report.channels[0].recorded, report.channels[0].missed), (5_000, 0));
    assert_eq!(ids(&Recorded::open([&place.path]).unwrap()), (0..5_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_redacted_is_in_no_byte_of_the_file() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording =
        Recording::create(&place.path).channel(&jobs).redact(|job| job.text.clear()).start().unwrap();
    jobs.send(Job { id: 7, text: "a-secret-token".to_owned() }).await.unwrap();
    recording.finish().await.unwrap();
    let bytes = fs::read(&place.path).unwrap();
    assert!(!bytes.windows(8).any(|part| part == b"a-secret"));
    assert_eq!(ids(&Recorded::open([&place.path]).unwrap()), [7]);
}

#[tokio::test]
async fn a_message_that_cannot_be_encoded_is_a_gap() {
    #[derive(Clone, Debug, PartialEq, Deserialize)]
    struct Odd(u64);
    impl Serialize for Odd {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            assert!(self.0 != 2, "this one is not to be encoded");
            if self.0 == 4 {
                Err(serde::ser::Error::custom("no fours"))
            } else {
                serializer.serialize_u64(self.0)
            }
        }
    }
    impl Message for Odd {
        type Reply = NoReply;
    }
    wire!(Odd as "test.odd");

    let place = place();
    let odd = Fabric::new().broadcast::<Odd>("odd").open().unwrap();
    let recording = Recording::create(&place.path)
        .channel(&odd)
        .redact(|odd| assert!(odd.0 != 5, "nor is this one"))
        .start()
        .unwrap();
    for n in 0..7 {
        odd.send(Odd(n)).unwrap();
    }
    let report = recording.finish().await.unwrap();
    assert_eq!((report.channels[0].recorded, &*report.channels[0].gaps), (4, &[2..=2, 4..=5][..]));
    let recorded = Recorded::open([&place.path]).unwrap();
    let why: Vec<_> = recorded.channels()[0].gaps.iter().map(|gap| (gap.from, &*gap.why)).collect();
    assert_eq!(why.len(), 3);
    assert_eq!(why[0], (2, "its encoding panicked"));
    assert!(why[1].0 == 4 && why[1].1.contains("no fours"), "{why:?}");
    let left: Vec<Odd> = recorded.records().map(|record| record.unwrap().message().unwrap()).collect();
    assert_eq!(left, [0, 1, 3, 6].map(Odd));
}

#[tokio::test]
async fn types_that_have_more_fields_or_fewer_read_each_others_messages() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Newer {
        id: u64,
        text: String,
        #[serde(default)]
        retries: u32,
    }
    impl Message for Newer {
        type Reply = NoReply;
    }
    wire!(Newer as "test.job");

    let place = place();
    let (fabric, jobs) = jobs();
    let newer = fabric.broadcast::<Newer>("newer").open().unwrap();
    let recording = Recording::create(&place.path).channel(&jobs).channel(&newer).start().unwrap();
    jobs.send(job(1)).await.unwrap();
    let text = "job 1".to_owned();
    newer.send(Newer { id: 1, text: text.clone(), retries: 7 }).unwrap();
    recording.finish().await.unwrap();
    let recorded = Recorded::open([&place.path]).unwrap();
    let records: Vec<_> = recorded.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(records[0].message::<Newer>().unwrap(), Newer { id: 1, text, retries: 0 });
    assert_eq!(records[1].message::<Job>().unwrap(), job(1));
    let error = records[1].message::<String>().unwrap_err().to_string();
    assert!(error.contains("a message of \"newer\" cannot be decoded"), "{error}");
}

#[tokio::test]
async fn what_is_large_is_recorded_up_to_16_mib_and_told_as_text_up_to_12() {
    let place = place();
    let news = Fabric::new().broadcast::<String>("news").open().unwrap();
    let recording = Recording::create(&place.path).channel(&news).start().unwrap();
    for mib in [11, 13, 17] {
        news.send("x".repeat(mib << 20)).unwrap();
    }
    let report = recording.finish().await.unwrap();
    assert_eq!((report.channels[0].recorded, &*report.channels[0].gaps), (2, &[2..=2][..]));
    let recorded = Recorded::open([&place.path]).unwrap();
    assert!(recorded.channels()[0].gaps[0].why.contains("too many"), "{:?}", recorded.channels());
    let records: Vec<_> = recorded.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(records[0].json().unwrap().len(), (11 << 20) + 2);
    assert!(records[1].json().unwrap_err().to_string().contains("as text it has more than"));
    assert_eq!(records[1].message::<String>().unwrap().len(), 13 << 20);
}

#[tokio::test]
async fn a_path_has_one_recorder_and_no_file_is_overwritten() {
    let place = place();
    let (_fabric, jobs) = jobs();
    let first = Recording::create(&place.path).channel(&jobs).start().unwrap();
    let second = Recording::create(&place.path).channel(&jobs).start();
    assert!(matches!(second, Err(StartError::IsRecorded { path }) if path == place.path));
    first.finish().await.unwrap();
    let before = fs::read(&place.path).unwrap();
    let third = Recording::create(&place.path).channel(&jobs).start();
    assert!(matches!(third, Err(StartError::Exists { path }) if path == place.path));
    assert_eq!((fs::read(&place.path).unwrap(), place.files()), (before, vec!["run.mcap".to_owned()]));
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_its_owners_alone_and_valid_as_soon_as_it_has_its_name() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let (_fabric, jobs) = jobs();
    let recording = Recording::create(&place.path).channel(&jobs).start().unwrap();
    assert_eq!(fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o600);
    let recorded = Recorded::open([&place.path]).unwrap();
    assert_eq!((recorded.channels().len(), recorded.damage().len()), (1, 1), "it has no end yet");
    assert_eq!(place.files(), ["run.mcap"]);
    recording.finish().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_recorded_is_refused_and_leaves_nothing() {
    let place = place();
    let (fabric, jobs) = jobs();
    let news = fabric.broadcast::<Job>("news").open().unwrap();
    let create = || Recording::create(&place.path);

    let lossless = create().channel(&news).lossless(8).start().unwrap_err();
    let StartError::Channel { channel, source: JoinError::Incompatible { .. } } = lossless else {
        panic!("{lossless}")
    };
    assert_eq!(channel, "news");
    let twice = create().channel(&jobs).channel(&jobs).start().unwrap_err();
    assert!(matches!(twice, StartError::SameName { name } if name == "jobs"));
    let path = create().channel(&jobs).volatile(["at"]).start().unwrap_err();
    assert_eq!(path.to_string(), r#""at" is no path into a message: one begins with '/', such as "/at""#);
    let many = (0..32_768).fold(create(), |recording, _| recording.channel(&jobs).required());
    assert!(matches!(many.start().unwrap_err(), StartError::TooManyChannels { channels: 32_768 }));
    let nowhere = Recording::create(place.folder.path().join("no/run.mcap")).channel(&jobs).start();
    assert!(matches!(nowhere.unwrap_err(), StartError::Io { .. }));
    assert!(place.files().is_empty());
}

#[tokio::test]
async fn a_recording_keeps_no_channel_open_and_ends_when_it_is_dropped() {
    let place = place();
    let (fabric, jobs) = jobs();
    let recording = Recording::create(&place.path).channel(&jobs).start().unwrap();
    jobs.send(job(1)).await.unwrap();
    let mut worker = jobs.join("workers");
    drop((jobs, fabric));
    assert!(worker.recv().await.is_some());
    assert!(worker.recv().await.is_none(), "closed with its last sender");
    drop(worker);
    drop(recording);
    let ended = || Recorded::open([&place.path]).unwrap().damage().is_empty();
    for _ in 0..10_000 {
        if ended() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1)); // a thread ends it: real time, bounded
    }
    assert!(ended());
    assert_eq!(ids(&Recorded::open([&place.path]).unwrap()), [1]);
}

/// What a group gave up goes through a channel of its own, and is recorded, replayed and compared as any other.
#[tokio::test]
async fn dead_letters_are_recorded_under_the_name_of_what_they_are_of() {
    let place = place();
    let fabric = Fabric::new();
    let dead = fabric.channel::<DeadLetter<Job>>("jobs.dead").open().unwrap();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let policy = AckPolicy::explicit().max_deliver(1);
    let mut worker = jobs.group("workers").ack(policy).dead_letters(&dead).join().unwrap();
    let recording = Recording::create(&place.path).channel(&dead).start().unwrap();
    jobs.send(job(7)).await.unwrap();
    drop(worker.recv().await);
    recording.finish().await.unwrap();
    let recorded = Recorded::open([&place.path]).unwrap();
    assert_eq!(recorded.channels()[0].message, "dead_letter<test.job>");
    let letter: DeadLetter<Job> = recorded.records().next().unwrap().unwrap().message().unwrap();
    assert_eq!((letter.message, letter.reason, &*letter.group), (job(7), DeadReason::MaxDeliver, "workers"));
    let again = Fabric::new().channel::<DeadLetter<Job>>("jobs.dead").open().unwrap();
    assert_eq!(Replay::of(&recorded).channel(&again).run().await.unwrap().sent, 1);
    let vecs = Fabric::new().channel::<Vec<Job>>("jobs.dead").open().unwrap();
    let error = Replay::of(&recorded).channel(&vecs).run().await.unwrap_err();
    assert!(
        error.to_string().contains("takes vec<test.job>, and dead_letter<test.job> was recorded"),
        "{error}"
    );
}
