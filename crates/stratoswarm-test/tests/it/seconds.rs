//! What the kit costs beside plain tests of the same program: `cargo test -p stratoswarm-test --test it seconds -- --nocapture`.

use std::time::{Duration, Instant};

use stratoswarm_core::{Delivery, Fabric, patterns};
use stratoswarm_test::{Faults, Kit, Seeds, ms};

use crate::fixtures::{Double, Job};

const RUNS: u64 = 1_000;

/// A program of three tasks and two channels; what it comes to.
async fn program(fabric: Fabric) -> u64 {
    let (jobs, doubles) =
        (fabric.channel::<Job>("jobs").open().unwrap(), fabric.channel::<Double>("doubles").open().unwrap());
    tokio::spawn(patterns::serve(doubles.join("workers"), 4, async |call: Delivery<Double>| {
        let n = call.0;
        call.reply(2 * n);
    }));
    let mut worker = jobs.join("workers");
    tokio::spawn(async move {
        for n in 0..20 {
            jobs.send(Job(n)).await.unwrap();
        }
    });
    let mut sum = 0;
    for _ in 0..20 {
        sum += doubles.request(Double(worker.recv().await.unwrap().0)).await.unwrap();
    }
    sum
}

fn took(run: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}

#[test]
fn a_thousand_seeds_beside_a_thousand_plain_runs() {
    let plain = took(|| {
        for _ in 0..RUNS {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
            assert_eq!(runtime.unwrap().block_on(program(Fabric::new())), 380);
        }
    });
    let with = |faults: Faults| {
        let body = move |kit: Kit| {
            let fabric = kit.everywhere(faults.clone()).fabric();
            async move { assert_eq!(program(fabric).await, 380) }
        };
        took(|| Seeds::of("seconds").count(RUNS).run(body))
    };
    let none = with(Faults::new());
    let faults = with(Faults::new().yields(3).delay(ms(0)..ms(50)).slow_reader(ms(1)));
    println!(
        "{RUNS} runs: plain {plain:.2?}; with the kit {none:.2?}, {:.2} of that; under faults {faults:.2?}, {:.2}",
        none.as_secs_f64() / plain.as_secs_f64(),
        faults.as_secs_f64() / plain.as_secs_f64()
    );
    assert!(none < 10 * plain && faults < 30 * plain, "far from what it was when this was written");
}
