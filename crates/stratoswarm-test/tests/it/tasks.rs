//! Tasks of the kit: ended by faults, panicking by themselves, or hanging.

use stratoswarm_core::Fabric;
use stratoswarm_test::{FaultKind, Faults, Kit, Seeds, ms};

use crate::fixtures::{Double, Job};

async fn sends(fabric: Fabric, count: u64) {
    let jobs = fabric.get::<Job>("jobs").unwrap();
    for n in 0..count {
        jobs.send(Job(n)).await.unwrap();
    }
}

#[test]
fn a_task_ends_at_an_operation_and_what_it_had_not_sent_was_not_sent() {
    for (kind, faults) in [
        (FaultKind::AbortTask, Faults::new().abort_tasks(0.1)),
        (FaultKind::PanicTask, Faults::new().panic_tasks(0.1)),
    ] {
        let ended = std::cell::Cell::new(0);
        Seeds::of("ended").count(100).run(|kit: Kit| {
            let (ended, faults) = (&ended, faults.clone());
            async move {
                let fabric = kit.everywhere(faults).fabric();
                let jobs = fabric.channel::<Job>("jobs").open().unwrap();
                let mut worker = jobs.join("workers");
                let sender = kit.spawn("sender", sends(fabric, 5));
                let is_whole = sender.await.unwrap().is_some();
                let sent: Vec<_> = worker.try_iter().map(|job| job.0).collect();
                assert_eq!(sent, (0..sent.len() as u64).collect::<Vec<_>>());
                assert_eq!((sent.len() == 5, kit.faults().of(kind) == 0), (is_whole, is_whole));
                ended.set(ended.get() + u64::from(!is_whole));
            }
        });
        assert!((20..70).contains(&ended.get()), "{}", ended.get());
    }
}

#[stratoswarm_test::test(seeds = 100)]
async fn what_is_supervised_begins_anew_until_it_is_done(kit: Kit) {
    let fabric = kit.everywhere(Faults::new().abort_tasks(0.1).panic_tasks(0.1)).fabric();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    let of = fabric.clone();
    assert_eq!(kit.supervise("sender", move || sends(of.clone(), 5)).await.unwrap(), Some(()));
    let sent: Vec<_> = worker.try_iter().map(|job| job.0).collect();
    assert_eq!(sent[sent.len() - 5..], [0, 1, 2, 3, 4]);
}

#[test]
fn the_body_of_a_test_is_no_task_of_the_kit() {
    Seeds::of("body").count(20).run(async |kit: Kit| {
        let fabric = kit.everywhere(Faults::new().abort_tasks(1.0).panic_tasks(1.0)).fabric();
        let jobs = fabric.channel::<Job>("jobs").open().unwrap();
        jobs.send(Job(1)).await.unwrap();
        assert_eq!(jobs.join("workers").recv().await.unwrap().0, 1);
        assert_eq!(kit.faults().kinds(), []);
    });
}

#[test]
fn a_panic_of_a_task_is_the_failure_not_what_follows_from_it() {
    let failure = Seeds::of("panics").count(1).find(async |kit: Kit| {
        let doubles = kit.fabric().channel::<Double>("doubles").no_default_timeout().open().unwrap();
        let mut worker = doubles.join("workers");
        kit.spawn("doubler", async move {
            let call = worker.recv().await.unwrap();
            assert_eq!(call.0, 5, "only five is doubled");
        });
        doubles.request(Double(4)).await.unwrap();
    });
    let told = failure.unwrap().told;
    assert!(
        told.starts_with("task `doubler` panicked at ") && told.contains("only five is doubled"),
        "{told}"
    );
    assert!(told.contains("tasks.rs:"), "{told}");
}

#[test]
fn where_nothing_can_move_the_test_ends_at_once_and_says_why() {
    let begin = std::time::Instant::now();
    let failure = Seeds::of("hangs").count(1).find(async |kit: Kit| {
        let fabric = kit.capacities(1).fabric();
        for (name, from, to) in [("planner", "results", "jobs"), ("worker", "jobs", "results")] {
            let (from, to) =
                (fabric.channel::<Job>(from).open().unwrap(), fabric.channel::<Job>(to).open().unwrap());
            kit.spawn(name, async move {
                let mut from = from.join("readers");
                for n in 0..3 {
                    to.send(Job(n)).await.unwrap();
                }
                let _ = from.recv().await.unwrap();
            });
        }
        tokio::time::sleep(ms(1)).await;
        std::future::pending::<()>().await;
    });
    let told = failure.unwrap().told;
    assert!(told.starts_with("nothing ends it within 600s of its clock"), "{told}");
    assert!(
        told.contains("planner  sends to `jobs`") && told.contains("worker     sends to `results`"),
        "{told}"
    );
    assert!(told.contains("tasks.rs:"), "where: {told}");
    assert!(begin.elapsed().as_secs() < 10, "it waits for nothing: {:?}", begin.elapsed());
}
