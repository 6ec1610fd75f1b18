//! What a failing test says.

use std::panic::catch_unwind;

use stratoswarm_test::{FaultKind, Faults, Kit, Seeds, ms};

use crate::fixtures::Job;

/// Fails where two tasks come in the other order.
async fn trusts_the_order(kit: Kit) {
    let faults = Faults::new().yields(2).delay(ms(0)..ms(9)).slow_reader(ms(1)).late_replies(0.5).lose(0.5);
    let jobs = kit.capacities(4).everywhere(faults).fabric().channel::<Job>("jobs").open().unwrap();
    let mut worker = jobs.join("workers");
    for n in 0..3 {
        let jobs = jobs.clone();
        kit.spawn(&format!("sender {n}"), async move { jobs.send(Job(n)).await.unwrap() });
    }
    for n in 0..3 {
        assert_eq!(worker.recv().await.unwrap().0, n, "they come in their order");
    }
}

#[test]
fn a_failure_is_made_small() {
    let failure = Seeds::of("it::trusts_the_order").count(100).find(trusts_the_order).unwrap();
    assert!(failure.is_repeatable);
    let kinds = failure.least.kinds();
    assert!(kinds == [FaultKind::Yields] || kinds == [FaultKind::Delay], "one is enough: {kinds:?}");
    assert!(failure.least.of(kinds[0]) < failure.faults.of(kinds[0]), "and less of it: {failure}");
    assert_eq!(failure.recording, None, "the test has none made");
    let text = failure.to_string();
    assert!(
        text.starts_with(&format!("it::trusts_the_order fails under seed {}, number ", failure.seed)),
        "{text}"
    );
    assert!(text.contains("they come in their order") && text.contains("report.rs:"), "{text}");
    assert!(
        text.contains("\nfaults: all capacities small, ") && text.contains("\nenough for a failure: "),
        "{text}"
    );
    assert!(
        text.ends_with(&format!("STRATOSWARM_SEED={} cargo test trusts_the_order", failure.seed)),
        "{text}"
    );
}

#[test]
fn a_failing_test_panics_with_that_text() {
    let panicked = catch_unwind(|| Seeds::of("it::trusts_the_order").count(100).run(trusts_the_order));
    let text = *panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("it::trusts_the_order fails under seed "), "{text}");
}

#[test]
fn an_error_is_a_failure_as_a_panic_is() {
    let failure = Seeds::of("errs").count(1).find(async |_: Kit| Err::<(), _>("no job")).unwrap();
    assert_eq!(failure.told, "returned an error: \"no job\"");
    assert!(Seeds::of("passes").count(3).find(async |_: Kit| Ok::<(), String>(())).is_none());
}

#[test]
fn a_seed_that_fails_only_once_is_told_as_such() {
    let failed = std::cell::Cell::new(false);
    let failure = Seeds::of("once").count(5).find(|_: Kit| {
        let failed = &failed;
        async move { assert!(failed.replace(true), "the first time only") }
    });
    let failure = failure.unwrap();
    assert!(
        !failure.is_repeatable && failure.to_string().contains("passes when it is run again"),
        "{failure}"
    );
}

#[stratoswarm_test::test]
async fn the_attribute_takes_a_result(kit: Kit) -> Result<(), Box<dyn std::error::Error>> {
    kit.fabric().channel::<Job>("jobs").open()?.try_send(Job(1))?;
    Ok(())
}

#[stratoswarm_test::test(seeds = 100)]
#[should_panic(expected = "they come in their order")]
async fn the_attribute_leaves_the_others_alone(kit: Kit) {
    trusts_the_order(kit).await;
}
