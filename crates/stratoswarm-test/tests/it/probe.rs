//! What a probe passes on, and what it says.

use stratoswarm_core::Delivery;
use stratoswarm_test::{Faults, Kit, Seeds, ms, secs};
use tokio::time::Instant;

use crate::fixtures::{Double, Job};

#[stratoswarm_test::test(seeds = 20)]
async fn a_message_of_before_is_passed_over_and_kept(kit: Kit) {
    let jobs = kit.everywhere(Faults::new().yields(2)).fabric().channel::<Job>("jobs").open().unwrap();
    let mut probe = kit.probe::<Job>("jobs", "workers");
    jobs.send(Job(7)).await.unwrap();
    jobs.send(Job(8)).await.unwrap();
    kit.spawn("sender", async move {
        tokio::time::sleep(ms(10)).await;
        jobs.send(Job(7)).await.unwrap();
    });
    let (begin, job) = (Instant::now(), probe.expect(|job| job.0 == 7).await);
    assert_eq!((job.seq(), begin.elapsed() >= ms(10)), (2, true), "the second 7, not the first");
    let past: Vec<_> = probe.take_past().into_iter().map(|job| job.into_message().0).collect();
    assert_eq!(past, [7, 8]);
}

#[stratoswarm_test::test(seeds = 5)]
async fn the_past_counts_where_it_is_said(kit: Kit) {
    let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
    let mut probe = kit.probe::<Job>("jobs", "workers");
    for n in [7, 8, 7] {
        jobs.send(Job(n)).await.unwrap();
    }
    assert_eq!(probe.expect(|job| job.0 == 8).including_past().await.seq(), 1);
    assert_eq!(
        probe.expect(|job| job.0 == 7).including_past().await.seq(),
        0,
        "what was passed over as well"
    );
    assert_eq!(probe.expect(|job| job.0 == 7).including_past().await.seq(), 2, "each once");
}

#[test]
fn what_does_not_come_is_told_with_what_came_instead() {
    let failure = Seeds::of("misses").count(1).find(async |kit: Kit| {
        let jobs = kit.fabric().channel::<Job>("jobs").capacity(2).open().unwrap();
        let mut probe = kit.probe::<Job>("jobs", "workers");
        jobs.send(Job(7)).await.unwrap();
        kit.spawn("sender", async move {
            for n in 0..30 {
                jobs.send(Job(n)).await.unwrap();
            }
        });
        let _ = probe.expect(|job| job.0 == 99).within(secs(2)).await;
    });
    let told = failure.unwrap().told;
    assert!(told.contains("has not come within 2s") && told.contains("probe.rs:"), "{told}");
    assert!(told.contains("  30: Job(29)\n") && told.contains("  11: Job(10)\n"), "the last 20: {told}");
    assert!(!told.contains("Job(9)\n"), "and no more: {told}");
}

#[test]
fn nothing_is_expected_and_something_comes() {
    let body = |late| {
        move |kit: Kit| async move {
            let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
            let mut probe = kit.probe::<Job>("jobs", "workers");
            jobs.send(Job(1)).await.unwrap(); // of before
            kit.spawn("sender", async move {
                tokio::time::sleep(late).await;
                jobs.send(Job(2)).await.unwrap();
            });
            let begin = Instant::now();
            probe.expect_none(ms(100)).await;
            assert_eq!(begin.elapsed(), ms(100));
        }
    };
    Seeds::of("late").count(1).run(body(ms(101)));
    let told = Seeds::of("in time").count(1).find(body(ms(99))).unwrap().told;
    assert!(told.contains("nothing was expected at ") && told.contains("1: Job(2)"), "{told}");
}

#[stratoswarm_test::test(seeds = 20)]
async fn a_request_waits_for_the_test_to_answer(kit: Kit) {
    let doubles =
        kit.everywhere(Faults::new().yields(2)).fabric().channel::<Double>("doubles").open().unwrap();
    let mut probe = kit.probe::<Double>("doubles", "workers");
    let asking = kit.spawn("asks", async move { doubles.request(Double(4)).await });
    let call: Delivery<Double> = probe.expect(|call| call.0 == 4).await;
    tokio::time::sleep(ms(10)).await;
    assert!(!asking.is_finished());
    call.reply(9);
    assert_eq!(asking.await.unwrap(), Some(Ok(9)));
}
