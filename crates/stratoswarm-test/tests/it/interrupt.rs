//! Operations that are dropped and made anew.

use stratoswarm_test::{FaultKind, Faults, Kit, Seeds, ms};

use crate::fixtures::{Double, Job};

#[test]
fn what_was_interrupted_happened_once() {
    let interrupted = std::cell::Cell::new(0);
    Seeds::of("interrupted").count(200).run(|kit: Kit| {
        let interrupted = &interrupted;
        async move {
            let fabric = kit.capacities(1).everywhere(Faults::new().yields(2)).fabric();
            let jobs = fabric.channel::<Job>("jobs").open().unwrap();
            let mut worker = jobs.join("workers");
            let (of, sender) = (kit.clone(), jobs.clone());
            kit.spawn("sender", async move {
                for n in 0..5 {
                    of.interrupt(|| sender.send(Job(n))).await.unwrap();
                }
            });
            for n in 0..5 {
                assert_eq!(kit.interrupt_mut(async || worker.recv().await.unwrap().0).await, n);
            }
            kit.assert_balanced();
            kit.assert_idle().await;
            assert_eq!(jobs.info().sent, 5);
            interrupted.set(interrupted.get() + kit.faults().of(FaultKind::Interrupt));
        }
    });
    assert!(interrupted.get() > 1_000, "{}", interrupted.get());
}

#[stratoswarm_test::test(seeds = 50)]
async fn an_operation_that_is_not_woken_is_dropped_all_the_same(kit: Kit) {
    let doubles = kit.fabric().channel::<Double>("doubles").open().unwrap();
    let (of, asked) = (kit.clone(), doubles.clone());
    let answer = kit.spawn("asks", async move { of.interrupt(|| asked.request(Double(4))).await });
    tokio::time::sleep(ms(20)).await; // nobody serves it until now
    kit.fake("doubles", |call: stratoswarm_core::Delivery<Double>| async move {
        let n = call.0;
        call.reply(2 * n);
    });
    assert_eq!(answer.await.unwrap(), Some(Ok(8)));
    assert_eq!(doubles.info().requests.answered, 1);
}
