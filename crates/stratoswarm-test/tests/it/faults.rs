//! What each fault does when it is alone, and that it does nothing else.

use stratoswarm_core::{AckPolicy, Delivery, Lagged, Priority, ReplyOutcome, RequestError, Stage, patterns};
use stratoswarm_test::{FaultKind, Faults, Kit, Seeds, ms, secs};
use tokio::time::Instant;

use crate::fixtures::{Double, Job};

/// Runs it under so many seeds; how many faults of a kind there were in all.
fn total<F: Future<Output = ()>>(kind: FaultKind, body: impl Fn(Kit) -> F) -> u64 {
    let total = std::cell::Cell::new(0);
    Seeds::of("total").count(50).run(|kit| {
        let (running, total) = (body(kit.clone()), &total);
        async move {
            running.await;
            total.set(total.get() + kit.faults().of(kind));
            assert!(kit.faults().kinds().iter().all(|it| *it == kind), "{}", kit.faults());
        }
    });
    total.get()
}

#[stratoswarm_test::test(seeds = 5)]
async fn a_kit_that_says_nothing_disturbs_nothing(kit: Kit) {
    let jobs = kit.fabric().channel::<Job>("jobs").capacity(2).open().unwrap();
    let mut worker = jobs.join("workers");
    let begin = Instant::now();
    for n in 0..2 {
        jobs.send(Job(n)).await.unwrap();
    }
    assert_eq!(jobs.try_send(Job(2)).unwrap_err().into_inner(), Job(2), "its capacity is the stated one");
    assert_eq!((worker.recv().await.unwrap().0, worker.recv().await.unwrap().0), (0, 1));
    assert_eq!((begin.elapsed().as_nanos(), kit.faults().to_string()), (0, "none".to_owned()));
}

#[stratoswarm_test::test(seeds = 5)]
async fn capacities_are_those_of_the_kit(kit: Kit) {
    let fabric = kit.capacities(1).fabric();
    let jobs = fabric.channel::<Job>("jobs").capacity(64).lane(Priority::Critical, 8).open().unwrap();
    jobs.try_send(Job(1)).unwrap();
    assert!(jobs.try_send(Job(2)).is_err());
    assert_eq!(kit.faults().kinds(), [FaultKind::Capacities]);
}

#[test]
fn delays_hold_sends_up_and_keep_the_order_of_one_task() {
    let delayed = total(FaultKind::Delay, async |kit: Kit| {
        let fabric = kit.on("jobs", Faults::new().delay(ms(0)..ms(50))).fabric();
        let jobs = fabric.channel::<Job>("jobs").open().unwrap();
        let mut worker = jobs.join("workers");
        let begin = Instant::now();
        let mut batch = vec![Job(2), Job(3)];
        let (one, (), many, four) = tokio::join!(
            biased;
            jobs.send(Job(0)),
            async { jobs.reserve().await.unwrap().send(Job(1)) },
            jobs.send_many(&mut batch),
            jobs.send(Job(4)).ttl(secs(9)),
        );
        assert!(one.is_ok() && many.is_ok() && four.is_ok());
        assert!(begin.elapsed() <= ms(50), "they are held up at once, not one after the other");
        for n in 0..5 {
            assert_eq!(worker.recv().await.unwrap().0, n);
        }
        let other = fabric.channel::<Job>("others").open().unwrap();
        let begin = Instant::now();
        other.send(Job(1)).await.unwrap();
        assert_eq!(begin.elapsed(), ms(0), "another channel is not disturbed");
    });
    assert!(delayed > 150, "{delayed}");
}

#[test]
fn delays_let_tasks_overtake_each_other() {
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    Seeds::of("overtaking").count(50).run(|kit: Kit| {
        let seen = &seen;
        async move {
            let fabric = kit.everywhere(Faults::new().delay(ms(0)..ms(50))).fabric();
            let jobs = fabric.channel::<Job>("jobs").open().unwrap();
            let mut worker = jobs.join("workers");
            for n in 0..2 {
                let jobs = jobs.clone();
                kit.spawn(&format!("sender {n}"), async move { jobs.send(Job(n)).await.unwrap() });
            }
            let came = (worker.recv().await.unwrap().0, worker.recv().await.unwrap().0);
            seen.borrow_mut().insert(came);
        }
    });
    assert_eq!(seen.into_inner(), [(0, 1), (1, 0)].into());
}

#[test]
fn yields_change_who_comes_first() {
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let yields = total(FaultKind::Yields, |kit: Kit| {
        let seen = &seen;
        async move {
            let fabric = kit.everywhere(Faults::new().yields(3)).fabric();
            let jobs = fabric.channel::<Job>("jobs").open().unwrap();
            let mut worker = jobs.join("workers");
            for n in 0..2 {
                let jobs = jobs.clone();
                kit.spawn(&format!("sender {n}"), async move { jobs.send(Job(n)).await.unwrap() });
            }
            let came = (worker.recv().await.unwrap().0, worker.recv().await.unwrap().0);
            seen.borrow_mut().insert(came);
        }
    });
    assert!(yields > 50, "{yields}");
    assert_eq!(seen.into_inner(), [(0, 1), (1, 0)].into());
}

#[test]
fn a_slow_reader_takes_its_time_for_each_message_and_no_more() {
    let slow = total(FaultKind::SlowReader, async |kit: Kit| {
        let fabric = kit.on("audit", Faults::new().slow_reader(ms(20))).fabric();
        let audit = fabric.channel::<Job>("audit").open().unwrap();
        let (mut group, mut subscriber, mut tap) = (audit.join("readers"), audit.subscribe(), audit.tap());
        for n in 0..3 {
            audit.send(Job(n)).await.unwrap();
        }
        let begin = Instant::now();
        for n in 0..3 {
            assert_eq!(group.recv().await.unwrap().0, n);
        }
        assert_eq!(begin.elapsed(), ms(60));
        assert_eq!(subscriber.recv().await.unwrap().0, 0);
        assert_eq!(tap.recv().await.unwrap().unwrap().0, 0);
        assert_eq!(begin.elapsed(), ms(100));
        let mut batch = Vec::new();
        assert_eq!(subscriber.recv_many(&mut batch, 9).await, 2);
        assert_eq!(begin.elapsed(), ms(120), "a batch is one look");
        drop(audit);
        fabric.close("audit");
        assert!(group.recv().await.is_none());
        assert_eq!(begin.elapsed(), ms(120), "there was nothing to take");
    });
    assert_eq!(slow, 50 * 6);
}

#[test]
fn what_a_lossy_reader_loses_is_told_in_its_place_and_counted() {
    let lost = total(FaultKind::Lose, async |kit: Kit| {
        let fabric = kit.on("ticks", Faults::new().lose(0.2)).fabric();
        let ticks = fabric.channel::<Job>("ticks").open().unwrap();
        let (mut tap, mut subscriber) = (ticks.tap(), ticks.subscribe());
        for n in 0..20 {
            ticks.send(Job(n)).await.unwrap();
        }
        let (mut next, mut missed) = (0, 0);
        while next < 20 {
            match tap.recv().await.unwrap() {
                Ok(job) => assert_eq!(job.0, next),
                Err(Lagged { missed: count, .. }) => {
                    assert_eq!(count, 1);
                    missed += 1;
                }
            }
            next += 1;
        }
        for n in 0..20 {
            assert_eq!(subscriber.recv().await.unwrap().0, n, "a lossless reader loses nothing");
        }
        let info = ticks.info();
        let tapped = info.readers.iter().find(|reader| reader.skipped.missed > 0 || missed == 0).unwrap();
        assert_eq!((tapped.skipped.missed, kit.faults().on(FaultKind::Lose, "ticks")), (missed, missed));
        kit.assert_balanced();
    });
    assert!((100..300).contains(&lost), "{lost}");
}

#[test]
fn a_late_reply_is_late_for_both_sides_and_no_deadline_passes_early() {
    let late = total(FaultKind::LateReply, async |kit: Kit| {
        let fabric = kit.on("doubles", Faults::new().late_replies(0.3)).fabric();
        let doubles = fabric.channel::<Double>("doubles").open().unwrap();
        let mut worker = doubles.join("workers");
        let answering = tokio::spawn(async move {
            let mut late = 0;
            while let Some(call) = worker.recv().await {
                let n = call.0;
                late += u64::from(call.reply(2 * n) == ReplyOutcome::TooLate(2 * n));
            }
            late
        });
        let mut expired = 0;
        for n in 0..10 {
            let begin = Instant::now();
            match doubles.request(Double(n)).timeout(ms(100)).await {
                Ok(reply) => assert_eq!((reply, begin.elapsed()), (2 * n, ms(0))),
                Err(RequestError::Expired { stage, .. }) => {
                    assert_eq!(stage, Stage::Handling);
                    assert!((ms(100)..=ms(101)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
                    expired += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(kit.faults().of(FaultKind::LateReply), expired);
        drop(doubles);
        fabric.close("doubles");
        assert_eq!(answering.await.unwrap(), expired);
        kit.assert_balanced();
    });
    assert!((100..200).contains(&late), "{late}");
}

#[stratoswarm_test::test(seeds = 50)]
async fn a_reply_without_a_deadline_is_never_late(kit: Kit) {
    let fabric = kit.everywhere(Faults::new().late_replies(1.0)).fabric();
    let doubles = fabric.channel::<Double>("doubles").no_default_timeout().open().unwrap();
    kit.fake("doubles", |call: Delivery<Double>| async move {
        let n = call.0;
        call.reply(2 * n);
    });
    assert_eq!(doubles.request(Double(4)).await, Ok(8));
}

#[test]
fn a_delivery_that_is_given_back_comes_again_after_its_delay() {
    let naks = total(FaultKind::Nak, async |kit: Kit| {
        let fabric = kit.on("jobs", Faults::new().nak_delay(ms(5))).fabric();
        let jobs = fabric.channel::<Job>("jobs").open().unwrap();
        let mut plain = jobs.join("plain");
        let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
        for n in 0..10 {
            jobs.send(Job(n)).await.unwrap();
        }
        let (begin, mut second, mut done) = (Instant::now(), 0, Vec::new());
        while done.len() < 10 {
            let delivery = worker.recv().await.unwrap();
            if delivery.attempt() == 2 {
                assert!(begin.elapsed() >= ms(5));
                second += 1;
            }
            assert!(delivery.attempt() <= 2);
            done.push(delivery.into_message().0);
        }
        done.sort_unstable();
        assert_eq!(done, (0..10).collect::<Vec<_>>());
        assert_eq!(kit.faults().of(FaultKind::Nak), second);
        for n in 0..10 {
            assert_eq!(
                plain.recv().await.unwrap().0,
                n,
                "a group that does not acknowledge has nothing to give back"
            );
        }
        kit.assert_balanced();
        kit.assert_idle().await;
    });
    assert!((20..90).contains(&naks), "{naks}");
}

#[test]
fn a_handler_that_panics_leaves_its_caller_unanswered() {
    let panics = total(FaultKind::PanicHandler, async |kit: Kit| {
        let fabric = kit.on("doubles", Faults::new().panic_handlers(0.2)).fabric();
        let doubles = fabric.channel::<Double>("doubles").open().unwrap();
        let serving =
            tokio::spawn(patterns::serve(doubles.join("workers"), 4, async |call: Delivery<Double>| {
                let n = call.0;
                call.reply(2 * n);
            }));
        let mut unanswered = 0;
        for n in 0..10 {
            match doubles.request(Double(n)).await {
                Ok(reply) => assert_eq!(reply, 2 * n),
                Err(error) => {
                    assert_eq!(error, RequestError::Unanswered);
                    unanswered += 1;
                }
            }
        }
        drop(doubles);
        fabric.close("doubles");
        let served = serving.await.unwrap();
        assert_eq!((served.panicked, served.finished), (unanswered, 10 - unanswered));
        assert_eq!(kit.faults().of(FaultKind::PanicHandler), unanswered);
    });
    assert!((50..150).contains(&panics), "{panics}");
}

#[stratoswarm_test::test(seeds = 5)]
async fn a_channel_closes_at_its_time(kit: Kit) {
    let fabric = kit.on("grants", Faults::new().close_at(secs(3))).fabric();
    let (grants, others) =
        (fabric.channel::<Job>("grants").open().unwrap(), fabric.channel::<Job>("others").open().unwrap());
    let begin = Instant::now();
    grants.send(Job(1)).await.unwrap();
    let mut reader = grants.join("readers");
    assert_eq!(reader.recv().await.unwrap().0, 1);
    assert!(reader.recv().await.is_none());
    assert_eq!(begin.elapsed(), secs(3));
    assert!(grants.is_closed() && !others.is_closed());
    assert_eq!(kit.faults().on(FaultKind::Close, "grants"), 1);
}

#[stratoswarm_test::test(seeds = 5)]
async fn what_is_said_of_a_channel_comes_before_what_is_said_of_all(kit: Kit) {
    let fabric = kit
        .everywhere(Faults::new().delay(ms(10)..ms(11)).slow_reader(ms(1)))
        .on("quick", Faults::new().delay(ms(0)..ms(0)))
        .fabric();
    let begin = Instant::now();
    let quick = fabric.channel::<Job>("quick").open().unwrap();
    quick.send(Job(1)).await.unwrap();
    assert_eq!(begin.elapsed(), ms(0));
    let _ = quick.join("readers").recv().await.unwrap();
    assert_eq!(begin.elapsed(), ms(1), "what is not stated of it is as everywhere");
    fabric.channel::<Job>("slow").open().unwrap().send(Job(1)).await.unwrap();
    assert!(begin.elapsed() >= ms(11));
}

#[stratoswarm_test::test(seeds = 100)]
async fn what_is_served_from_elsewhere_may_come_twice_though_it_was_acknowledged(kit: Kit) {
    let fabric = kit.as_remote(["jobs"]).fabric();
    let jobs = fabric.channel::<Job>("jobs").open().unwrap();
    let mut plain = jobs.join("plain");
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    for n in 0..20 {
        jobs.send(Job(n)).await.unwrap();
        assert_eq!(plain.recv().await.unwrap().0, n, "no other group sees it");
    }
    jobs.close();
    let mut done = Vec::new();
    while let Some(job) = worker.recv().await {
        done.push((job.seq(), job.into_message().0));
    }
    let repeated = kit.faults().on(FaultKind::Repeat, "jobs") as usize;
    assert_eq!(done.len(), 20 + repeated);
    assert!(done.iter().all(|(seq, n)| seq == n));
    done.sort_unstable();
    done.dedup();
    assert_eq!(done.len(), 20);
    kit.assert_balanced();
    kit.assert_idle().await;
}

#[test]
fn what_is_no_probability_is_refused() {
    let refused = |make: fn(f64) -> Faults| {
        [f64::NAN, -1.0, 1.5].into_iter().all(|wrong| std::panic::catch_unwind(|| make(wrong)).is_err())
            && std::panic::catch_unwind(|| (make(0.0), make(1.0))).is_ok()
    };
    assert!(refused(|part| Faults::new().lose(part)));
    assert!(refused(|part| Faults::new().late_replies(part)));
    assert!(refused(|part| Faults::new().panic_handlers(part)));
    assert!(refused(|part| Faults::new().panic_tasks(part)));
    assert!(refused(|part| Faults::new().abort_tasks(part)));
}
