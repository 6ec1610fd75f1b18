//! Traced channels: who sent what, what became of it, and comparing by senders.

use serde::{Deserialize, Serialize};
use stratoswarm_core::{AckPolicy, Channel, Fabric, Message, OutcomeKind, wire};
use stratoswarm_record::{
    Diff, Divergence, Order, Pace, ReadError, Recorded, RecordedMessage, Recording, RecordingBuilder, Replay,
    Rewrite,
};

use crate::fixtures::{Job, Place, job, place};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sum(u64, u64);

impl Message for Sum {
    type Reply = u64;
}
wire!(Sum as "test.sum" -> u64);

fn traced(fabric: &Fabric) -> Channel<Job> {
    fabric.channel("jobs").capacity(1 << 16).traced().open().unwrap()
}

#[tokio::test]
async fn who_sent_what_and_what_became_of_it_is_recorded() {
    let place = place();
    let fabric = Fabric::new();
    let sums = fabric.channel::<Sum>("sums").traced().open().unwrap();
    let jobs = traced(&fabric);
    let recording = Recording::create(&place.path).channel(&sums).channel(&jobs).start().unwrap();
    let (mut worker, mut keeper) =
        (sums.join("adders"), jobs.group("keepers").ack(AckPolicy::explicit()).join().unwrap());
    let asker = sums.named("asker");
    let asking = tokio::spawn(async move { asker.request(Sum(2, 3)).await });
    let delivery = worker.recv().await.unwrap();
    let sum = delivery.0 + delivery.1;
    delivery.reply(sum);
    assert_eq!(asking.await.unwrap(), Ok(5));
    jobs.send(job(1)).await.unwrap();
    drop(keeper.recv().await.unwrap());
    keeper.recv().await.unwrap().into_acked().1.ack();
    let report = recording.finish().await.unwrap();
    let counts: Vec<_> = report.channels.iter().map(|it| (it.outcomes, it.outcomes_missed)).collect();
    assert_eq!(counts, [(2, 0), (4, 0)]);

    let recorded = Recorded::open([&place.path]).unwrap();
    assert!(recorded.damage().is_empty());
    let names: Vec<_> = recorded.channels().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["sums", "jobs"], "what became of messages is no channel");
    let records: Vec<_> = recorded.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].sender().unwrap().name.as_deref(), Some("asker"));
    let site = records[1].sender().unwrap();
    assert!(site.name.is_none() && site.label().contains("traced.rs:"), "{site:?}");
    assert!(records[0].turn() < records[1].turn());

    let outcomes: Vec<_> = recorded.outcomes_of("sums").map(Result::unwrap).collect();
    let [taken, replied] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!((taken.how(), replied.how()), (OutcomeKind::Taken, OutcomeKind::Replied));
    assert_eq!((taken.group(), taken.number(), taken.attempt()), (Some("adders"), 0, 1));
    assert_eq!((replied.reply::<u64>(), replied.reply_json().as_deref()), (Some(5), Some("5")));
    assert_eq!((taken.reply_json(), taken.member()), (None, replied.member()));
    assert!(records[0].turn().unwrap() < taken.turn() && taken.turn() < replied.turn());
    let how: Vec<_> = recorded.outcomes_of("jobs").map(|it| it.unwrap().how().to_string()).collect();
    assert_eq!(how, ["taken", "nacked", "taken", "acked"]);
    assert_eq!(recorded.outcomes_of("none").count(), 0);
}

#[tokio::test]
async fn every_part_tells_of_the_senders_and_so_does_what_is_made_of_them() {
    let place = place();
    let fabric = Fabric::new();
    let jobs = traced(&fabric);
    let recording =
        Recording::create(&place.path).rotate(1 << 14).channel(&jobs).lossless(1 << 16).start().unwrap();
    let mut worker = jobs.join("workers");
    for id in 0..1_000 {
        let sender = jobs.named(if id % 2 == 0 { "even" } else { "odd" });
        sender.try_send(Job { id, text: "x".repeat(60) }).unwrap();
        worker.try_recv().unwrap().into_message();
    }
    let report = recording.finish().await.unwrap();
    assert!(report.parts.len() > 3, "{report:?}");
    assert_eq!((report.channels[0].outcomes, report.channels[0].outcomes_missed), (1_000, 0));
    let last = Recorded::open(report.parts.last()).unwrap();
    let whole = Recorded::open(&report.parts).unwrap();
    let mended = place.folder.path().join("mended.mcap");
    Rewrite::of(&whole).channel("jobs").write(&mended).unwrap();
    let mended = Recorded::open([mended]).unwrap();
    for recorded in [&last, &whole, &mended] {
        let records = recorded.records().map(Result::unwrap);
        for record in records {
            let sender = if record.number() % 2 == 0 { "even" } else { "odd" };
            assert_eq!(record.sender().map(|it| it.label()), Some(sender));
        }
    }
    for recorded in [&whole, &mended] {
        let outcomes = recorded.outcomes_of("jobs").map(Result::unwrap);
        assert!(outcomes.map(|it| it.number()).eq(0..1_000));
    }
}

#[tokio::test]
async fn outcomes_that_it_was_too_late_for_are_counted() {
    let place = place();
    let fabric = Fabric::new();
    let jobs = traced(&fabric);
    let mut worker = jobs.join("workers");
    // In a task, so that it does not look while messages go.
    let recording = Recording::create(&place.path).channel(&jobs).depth(2).start_on_runtime().unwrap();
    for id in 0..20 {
        jobs.try_send(job(id)).unwrap();
        worker.try_recv().unwrap().into_message();
    }
    let report = recording.finish().await.unwrap();
    assert_eq!((report.channels[0].outcomes, report.channels[0].outcomes_missed), (8, 12));
    let recorded = Recorded::open([&place.path]).unwrap();
    let mut outcomes = recorded.outcomes_of("jobs");
    assert!(outcomes.by_ref().map(|it| it.unwrap().number()).eq(12..20));
    assert_eq!(outcomes.missed(), 12);
}

/// Number and channel of each.
fn places<'a>(records: impl Iterator<Item = Result<RecordedMessage<'a>, ReadError>>) -> Vec<(String, u64)> {
    records.map(Result::unwrap).map(|it| (it.channel().name.clone(), it.number())).collect()
}

#[tokio::test]
async fn over_several_channels_the_order_is_that_of_admission_and_so_it_is_replayed() {
    let place = place();
    let open = |fabric: &Fabric| {
        let there = fabric.channel::<Job>("there").traced().open().unwrap();
        (there, fabric.broadcast::<Job>("back").traced().open().unwrap())
    };
    let (there, back) = open(&Fabric::new());
    let _worker = there.join("workers");
    // In a task, so that one look finds all that is sent before.
    let recording = Recording::create(&place.path).channel(&there).channel(&back).start_on_runtime().unwrap();
    for id in 0..5 {
        there.send(job(id)).await.unwrap();
        back.send(job(id)).unwrap();
    }
    recording.finish().await.unwrap();
    let recorded = Recorded::open([&place.path]).unwrap();
    let by_turns: Vec<_> = (0..5).flat_map(|n| [("there".to_owned(), n), ("back".to_owned(), n)]).collect();
    assert_ne!(places(recorded.records()), by_turns, "the file has one channel after the other");
    assert_eq!(places(recorded.in_turns()), by_turns);

    let (there, back) = open(&Fabric::new());
    let (mut of_there, mut of_back) = (there.record().open().unwrap(), back.record().open().unwrap());
    Replay::of(&recorded).channel(&there).channel(&back).pace(Pace::Max).run().await.unwrap();
    for n in 0..5 {
        let sent = of_there.try_recv().unwrap().unwrap();
        let answered = of_back.try_recv().unwrap().unwrap();
        assert_eq!((sent.message.id, answered.message.id), (n, n));
        assert!(sent.origin.unwrap().turn < answered.origin.unwrap().turn);
    }
}

// ---- comparing by senders

/// What is sent, by whom, in this order.
async fn run(
    place: &Place,
    file: &str,
    sends: &[(&str, u64)],
    hint: impl FnOnce(RecordingBuilder, &Channel<Job>) -> RecordingBuilder,
) -> Recorded {
    let path = place.folder.path().join(file);
    let jobs = traced(&Fabric::new());
    let recording = hint(Recording::create(&path), &jobs).start().unwrap();
    let _worker = jobs.join("workers");
    for (sender, id) in sends {
        jobs.named(sender).send(job(*id)).await.unwrap();
    }
    recording.finish().await.unwrap();
    Recorded::open([&path]).unwrap()
}

fn plain(recording: RecordingBuilder, jobs: &Channel<Job>) -> RecordingBuilder {
    recording.channel(jobs).meta("hints", "none")
}

fn first(a: &Recorded, b: &Recorded) -> Option<Divergence> {
    Diff::between(a, b).first().unwrap()
}

fn place_of(found: &Divergence) -> (Option<&str>, Option<u64>, Option<u64>, &str) {
    (found.sender.as_deref(), found.a_number, found.b_number, &found.path)
}

#[tokio::test]
async fn whichever_sender_came_first_is_no_difference_but_what_it_sent_is() {
    let place = place();
    let a = run(&place, "a", &[("x", 1), ("y", 10), ("x", 2), ("y", 20), ("y", 30)], plain).await;
    let b = run(&place, "b", &[("y", 10), ("y", 20), ("x", 1), ("y", 30), ("x", 2)], plain).await;
    assert_eq!(first(&a, &b), None);
    let total = Diff::between(&a, &b).order(Order::Total).first().unwrap().unwrap();
    assert_eq!(place_of(&total), (None, Some(0), Some(0), "/id"));

    let other = run(&place, "other", &[("y", 10), ("y", 21), ("x", 1), ("y", 30), ("x", 3)], plain).await;
    let found = first(&a, &other).unwrap();
    assert_eq!(place_of(&found), (Some("x"), Some(2), Some(4), "/id"), "the first by the turns of the first");
    assert_eq!(found.before.len(), 1, "of the same sender: {found:?}");
    assert!(found.to_string().starts_with("jobs, x, message 2, at /id\n"), "{found}");

    let less = run(&place, "less", &[("x", 1), ("y", 10), ("x", 2), ("y", 20)], plain).await;
    assert_eq!(place_of(&first(&a, &less).unwrap()), (Some("y"), Some(4), None, ""));
    assert_eq!(place_of(&first(&less, &a).unwrap()), (Some("y"), None, Some(4), ""));
    let stranger = run(&place, "stranger", &[("x", 1), ("z", 10)], plain).await;
    let found = first(&stranger, &run(&place, "x", &[("x", 1)], plain).await).unwrap();
    assert_eq!(place_of(&found), (Some("z"), Some(1), None, ""));
}

#[tokio::test]
async fn what_a_recording_says_of_senders_and_names_is_heeded() {
    let place = place();
    let loose = |recording: RecordingBuilder, jobs: &Channel<Job>| {
        recording.channel(jobs).unordered(["x"]).passed_over(["noise"]).meta("hints", "some")
    };
    let a = run(&place, "a", &[("x", 1), ("x", 2), ("noise", 7), ("y", 3)], loose).await;
    let b = run(&place, "b", &[("x", 2), ("y", 3), ("x", 1)], plain).await;
    assert_eq!((first(&a, &b), first(&b, &a)), (None, None), "what one of them says is enough");
    let c = run(&place, "c", &[("x", 2), ("y", 3), ("x", 4)], loose).await;
    let found = first(&a, &c).unwrap();
    assert_eq!(place_of(&found), (Some("x"), Some(0), Some(2), "/id"), "{found:?}");
    assert_eq!((found.a.as_deref(), found.b.as_deref()), (Some("1"), Some("4")));

    let named = |recording: RecordingBuilder, jobs: &Channel<Job>| {
        recording.channel(jobs).renamed(["/id"]).volatile(["/text"]).meta("hints", "names")
    };
    let one = run(&place, "one", &[("x", 1), ("y", 2), ("x", 1)], named).await;
    let other = run(&place, "other", &[("y", 8), ("x", 9), ("x", 9)], named).await;
    assert_eq!(first(&one, &other), None, "the one stands for the other");
    let mixed = run(&place, "mixed", &[("y", 8), ("x", 9), ("x", 8)], named).await;
    assert_eq!(place_of(&first(&one, &mixed).unwrap()), (Some("x"), Some(2), Some(2), "/id"));
}

#[tokio::test]
async fn names_in_a_message_that_differs_stand_for_nothing() {
    let place = place();
    let named = |recording: RecordingBuilder, jobs: &Channel<Job>| {
        recording.channel(jobs).renamed(["/id"]).meta("hints", "names")
    };
    // The texts follow from the ids: what differs in the text has another id before it, which is renamed.
    let a = run(&place, "a", &[("x", 5), ("y", 1)], named).await;
    let b = run(&place, "b", &[("y", 1), ("x", 6)], named).await;
    let found = first(&a, &b).unwrap();
    assert_eq!(place_of(&found), (Some("x"), Some(0), Some(1), "/text"));
}

#[tokio::test]
async fn where_senders_are_not_told_all_are_compared_in_their_order() {
    let place = place();
    let a = run(&place, "a", &[("x", 1), ("y", 2)], plain).await;
    let path = place.folder.path().join("untraced");
    let jobs = Fabric::new().channel::<Job>("jobs").open().unwrap();
    let recording = Recording::create(&path).channel(&jobs).start().unwrap();
    for id in [2, 1] {
        jobs.send(job(id)).await.unwrap();
    }
    recording.finish().await.unwrap();
    let untraced = Recorded::open([&path]).unwrap();
    assert!(
        untraced.channels()[0].senders.is_empty()
            && untraced.records().next().unwrap().unwrap().turn().is_none()
    );
    assert_eq!(place_of(&first(&a, &untraced).unwrap()), (None, Some(0), Some(0), "/id"));
}
