//! The same seed gives the same recording, or the test says where it does not.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use stratoswarm_core::{Delivery, RequestError};
use stratoswarm_record::Recorded;
use stratoswarm_test::{Faults, Kit, Seeds, ms};

use crate::fixtures::{Double, Job};

/// A few components under all faults, recorded, which fails at its end.
async fn busy(kit: Kit) {
    let faults = Faults::new()
        .yields(3)
        .delay(ms(0)..ms(20))
        .slow_reader(ms(2))
        .lose(0.1)
        .late_replies(0.1)
        .nak_delay(ms(5))
        .panic_handlers(0.02)
        .panic_tasks(0.02)
        .abort_tasks(0.02);
    let fabric = kit.capacities(2).everywhere(faults).fabric();
    let (jobs, doubles) =
        (fabric.channel::<Job>("jobs").open().unwrap(), fabric.channel::<Double>("doubles").open().unwrap());
    kit.record(|recording| recording.channel(&jobs).channel(&doubles).start_on_runtime());
    kit.fake("doubles", |call: Delivery<Double>| async move {
        let n = call.0;
        call.reply(2 * n);
    });
    for sender in 0..3 {
        let (of, jobs, doubles) = (kit.clone(), jobs.clone(), doubles.clone());
        kit.supervise(&format!("sender {sender}"), move || {
            let (of, jobs, doubles) = (of.clone(), jobs.clone(), doubles.clone());
            async move {
                for _ in 0..5 {
                    match doubles.request(Double(of.below(100))).timeout(ms(50)).await {
                        Ok(doubled) => jobs.send(Job(doubled)).await.unwrap(),
                        Err(RequestError::Expired { .. } | RequestError::Unanswered) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        });
    }
    let mut worker = jobs.group("workers").ack(stratoswarm_core::AckPolicy::explicit()).join().unwrap();
    while let Ok(Some(job)) = tokio::time::timeout(ms(500), worker.recv()).await {
        job.into_message();
    }
    panic!("at its end");
}

#[test]
fn the_same_seed_gives_the_same_recording() {
    let mut recordings = HashMap::new();
    for seed in 0..30 {
        let failure = Seeds::of(&format!("determinism::busy_{seed}")).count(1);
        let failure = failure.first(seed).find(busy).unwrap();
        assert!(failure.told.contains("at its end"), "{failure}");
        assert!(failure.is_repeatable && failure.difference.is_none(), "{failure}");
        let path = failure.recording.clone().expect("it was recorded");
        assert!(
            path.ends_with(format!("stratoswarm/determinism.busy_{seed}-{seed}.mcap")),
            "{}",
            path.display()
        );
        let recorded = Recorded::open([&path]).unwrap();
        assert_eq!(recorded.meta()["seed"], seed.to_string());
        let records = recorded.channels().iter().map(|channel| channel.messages).sum::<u64>();
        assert!(records > 5, "{records}");
        recordings.insert(seed, std::fs::read(&path).unwrap().len());
        std::fs::remove_file(path).unwrap();
    }
    let distinct: std::collections::HashSet<_> = recordings.values().collect();
    assert!(distinct.len() > 10, "seeds differ");
}

#[test]
fn what_does_not_follow_from_the_seed_is_told() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let failure = Seeds::of("determinism::clock").count(1).find(async |kit: Kit| {
        let jobs = kit.fabric().channel::<Job>("jobs").open().unwrap();
        kit.record(|recording| recording.channel(&jobs).start_on_runtime());
        let _worker = jobs.join("workers");
        jobs.send(Job(RUNS.fetch_add(1, Ordering::Relaxed))).await.unwrap();
        assert_eq!(kit.seed(), u64::MAX, "at its end");
    });
    let failure = failure.unwrap();
    let difference = failure.difference.as_ref().expect("each run sends another number");
    assert!(difference.starts_with("jobs, message 0"), "{difference}");
    assert!(failure.to_string().contains("two runs of this seed differ"), "{failure}");
    std::fs::remove_file(failure.recording.unwrap()).unwrap();
}
