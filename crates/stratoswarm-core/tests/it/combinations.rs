//! What rarely meets: pauses and lapses, permits and a smaller capacity, keys and panics, ends of groups with work in hand.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, panics, park, put, reader, ready, without_deadlock, woken},
};
use std::{future::Future, time::Duration};
use stratoswarm_core::{
    Ack, AckPolicy, Channel, DeadLetter, DeadReason, Fabric, Message, Mux, NoReply, Priority, ReaderKind,
    Receiver, RequestError, Settled, Settlement,
};
use tokio::{runtime::Builder, time::advance};
use tokio_test::task;

const MS: Duration = Duration::from_millis(1);

fn jobs(capacity: usize) -> Channel<Number> {
    Fabric::new().channel("jobs").capacity(capacity).open().unwrap()
}

fn join(channel: &Channel<Number>, policy: AckPolicy) -> Receiver<Number> {
    channel.group("workers").ack(policy).join().unwrap()
}

fn hold(worker: &mut Receiver<Number>) -> (u64, Ack) {
    let (message, ack) = worker.try_recv().unwrap().into_acked();
    (message.0, ack)
}

/// Runs it on a paused clock, and fails if it never comes back.
#[track_caller]
fn on_a_paused_clock<F: Future<Output = ()>>(work: impl FnOnce() -> F + Send + 'static) {
    without_deadlock(move || {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(work());
    });
}

#[test]
fn what_lapses_while_its_group_is_paused_is_redelivered_when_it_goes_on() {
    on_a_paused_clock(|| async {
        let jobs = jobs(4);
        let mut worker = join(&jobs, AckPolicy::explicit().ack_wait(10 * MS));
        put(&jobs, [7]);
        let (_, late) = hold(&mut worker);
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        assert!(jobs.pause_group("workers"));
        advance(20 * MS).await;
        park(&mut waiting);
        advance(20 * MS).await;
        park(&mut waiting);
        assert!(jobs.resume_group("workers"));
        let again = woken(&mut waiting).unwrap();
        assert_eq!((again.0, again.attempt()), (7, 2));
        assert_eq!((late.ack(), again.into_acked().1.ack()), (Settled::Lapsed, Settled::Done));
        assert_balanced(&jobs.info());
    });
}

#[test]
fn what_gave_up_its_place_does_not_take_it_again_behind_its_key_or_turn() {
    for (fair, expires) in [(false, true), (false, false), (true, true), (true, false)] {
        on_a_paused_clock(move || async move {
            let jobs = jobs(2);
            let group = jobs.group("workers").ack(AckPolicy::explicit().max_in_flight(1));
            let group = if fair { group.fair_by(|_| 0) } else { group.ordered_by(|_| 0) };
            let mut worker = group.join().unwrap();
            put(&jobs, [0]);
            let (_, ack) = hold(&mut worker);
            let mut asking = task::spawn(jobs.request(Number(1)));
            if expires {
                jobs.send(Number(1)).ttl(5 * MS).await.unwrap();
                advance(5 * MS).await;
            } else {
                park(&mut asking);
            }
            drop(asking);
            put(&jobs, [2]); // in the place of 1
            let mut waiting = task::spawn(jobs.send(Number(3)));
            park(&mut waiting);
            assert!(worker.try_recv().is_err(), "0 is in flight, and has the key");
            assert_eq!(jobs.info().len, 2, "0 and 2");
            ack.ack();
            assert_eq!(woken(&mut waiting), Ok(()));
            assert_eq!(hold(&mut worker).0, 2);
            assert_balanced(&jobs.info());
        });
    }
}

#[test]
fn the_last_ack_is_the_end_for_a_member_that_waits_in_a_paused_group_too() {
    on_a_paused_clock(|| async {
        let jobs = jobs(4);
        let mut worker = join(&jobs, AckPolicy::explicit());
        put(&jobs, [7]);
        let (_, ack) = hold(&mut worker);
        assert!(jobs.pause_group("workers"));
        jobs.close();
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        ack.ack();
        assert!(woken(&mut waiting).is_none(), "nothing is left that it could be handed later");
    });
}

#[test]
fn a_member_that_waits_while_its_group_is_paused_sleeps_after_the_close_too() {
    on_a_paused_clock(|| async {
        let jobs = jobs(4);
        let mut worker = join(&jobs, AckPolicy::explicit());
        put(&jobs, [7]); // and nobody has looked for it
        assert!(jobs.pause_group("workers"));
        jobs.close();
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        assert!(jobs.resume_group("workers"));
        assert_eq!(woken(&mut waiting).unwrap().into_message(), Number(7));
        drop(waiting);
        assert!(ready(&mut task::spawn(worker.recv())).is_none());
    });
}

#[test]
fn a_delay_that_ends_while_its_group_is_paused_is_over_when_it_goes_on() {
    on_a_paused_clock(|| async {
        let jobs = jobs(4);
        let mut worker = join(&jobs, AckPolicy::explicit());
        put(&jobs, [7]);
        hold(&mut worker).1.nak_after(10 * MS);
        assert!(jobs.pause_group("workers"));
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        advance(20 * MS).await;
        park(&mut waiting);
        assert!(jobs.resume_group("workers"));
        assert_eq!(woken(&mut waiting).unwrap().attempt(), 2);
    });
}

#[test]
fn a_delay_that_lasts_longer_than_a_pause_is_watched_for_after_it() {
    on_a_paused_clock(|| async {
        let jobs = jobs(4);
        let mut worker = join(&jobs, AckPolicy::explicit());
        put(&jobs, [7]);
        hold(&mut worker).1.nak_after(10 * MS);
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        jobs.pause_group("workers");
        advance(2 * MS).await;
        jobs.resume_group("workers");
        park(&mut waiting);
        advance(9 * MS).await;
        assert_eq!(woken(&mut waiting).unwrap().attempt(), 2);
    });
}

#[test]
fn a_close_while_paused_and_delayed_ends_the_delay_and_keeps_the_message() {
    on_a_paused_clock(|| async {
        let jobs = jobs(4);
        let mut worker = join(&jobs, AckPolicy::explicit());
        put(&jobs, [7]);
        hold(&mut worker).1.nak_after(1_000 * MS);
        jobs.pause_group("workers");
        jobs.close();
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        assert_eq!(reader(&jobs.info(), ReaderKind::Group).left, 1);
        jobs.resume_group("workers");
        woken(&mut waiting).unwrap().into_message();
        drop(waiting);
        assert!(task::spawn(worker.recv()).poll().is_ready(), "the end");
    });
}

#[test]
fn a_smaller_capacity_with_permits_out_admits_none_until_it_fits() {
    let jobs = jobs(4);
    let mut worker = join(&jobs, AckPolicy::explicit());
    let permits: Vec<_> = (0..3).map(|_| jobs.try_reserve().unwrap()).collect();
    put(&jobs, [0]);
    jobs.set_capacity(Priority::Normal, 1).unwrap();
    let mut waiting = task::spawn(jobs.send(Number(9)));
    park(&mut waiting);
    let (_, ack) = hold(&mut worker);
    for (n, permit) in (1..).zip(permits).take(2) {
        permit.send(Number(n)); // the third is dropped
    }
    let rest: Vec<_> = (0..2).map(|_| hold(&mut worker)).collect();
    assert_eq!(ack.ack(), Settled::Done);
    park(&mut waiting);
    for (_, ack) in rest {
        assert!(!waiting.is_woken(), "two take more than the one place");
        ack.ack();
    }
    assert_eq!(woken(&mut waiting), Ok(()));
    assert_eq!(hold(&mut worker).0, 9);
    assert_balanced(&jobs.info());
}

#[test]
fn a_drain_does_not_wait_longer_than_it_may_for_a_delivery_that_is_held() {
    on_a_paused_clock(|| async {
        let jobs = jobs(4);
        let mut worker = join(&jobs, AckPolicy::explicit());
        put(&jobs, [0]);
        let (_, held) = hold(&mut worker);
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        let report = jobs.drain(10 * MS).await;
        assert_eq!((report.in_flight, report.undelivered), (1, 0), "{report:?}");
        assert!(woken(&mut waiting).is_none());
        assert_eq!(held.ack(), Settled::Done);
        assert_balanced(&jobs.info());
    });
}

#[test]
fn the_last_member_may_leave_with_work_in_hand() {
    let jobs = jobs(2);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, [0, 1]);
    let (done, lost) = (hold(&mut worker), hold(&mut worker));
    drop(worker);
    assert_eq!(done.1.ack(), Settled::Done);
    drop(lost);
    let figures = reader(&jobs.info(), ReaderKind::Group);
    assert_eq!((figures.members, figures.taken, figures.left, figures.unsettled), (0, 1, 1, 0));
    let mut next = join(&jobs, AckPolicy::explicit());
    assert_eq!(next.try_recv().map(|it| (it.0, it.attempt())), Ok((1, 2)));
    assert_balanced(&jobs.info());
}

#[test]
fn an_ephemeral_group_that_goes_frees_what_its_members_hold() {
    let jobs = jobs(1);
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).ephemeral().join().unwrap();
    let mut settling = task::spawn(jobs.send(Number(0)).settled());
    park(&mut settling);
    let (_, held) = hold(&mut worker);
    let mut waiting = task::spawn(jobs.send(Number(1)));
    park(&mut waiting);
    drop(worker);
    assert_eq!(woken(&mut waiting), Ok(()));
    let gone = Settlement::Dead { group: "workers".to_owned(), reason: DeadReason::Removed };
    assert_eq!(woken(&mut settling), Ok(gone));
    assert_eq!(held.ack(), Settled::Lapsed);
}

#[test]
fn keys_that_panic_lose_nothing_in_a_group_that_acknowledges() {
    panics();
    for fair in [false, true] {
        let jobs = jobs(8);
        let key = |number: &Number| {
            assert_ne!(number.0 % 2, 1, "as the test wants it");
            0
        };
        let group = jobs.group("workers").ack(AckPolicy::explicit());
        let mut worker = if fair { group.fair_by(key) } else { group.ordered_by(key) }.join().unwrap();
        put(&jobs, 0..6);
        let mut done = Vec::new();
        while let Ok(delivery) = worker.try_recv() {
            let (attempt, (number, ack)) = (delivery.attempt(), delivery.into_acked());
            if attempt == 1 {
                ack.nak();
            } else {
                ack.ack();
                done.push(number.0);
            }
            assert_balanced(&jobs.info());
        }
        done.sort_unstable();
        assert_eq!(done, [0, 1, 2, 3, 4, 5]);
        assert!(jobs.is_empty());
    }
}

#[test]
fn a_request_that_is_given_up_is_told_before_its_deadline_and_is_a_letter() {
    on_a_paused_clock(|| async {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Number>("jobs").lane(Priority::Critical, 1).open().unwrap();
        let dead = fabric.channel::<DeadLetter<Number>>("dead").open().unwrap();
        let mut inspector = dead.join("inspectors");
        let policy = AckPolicy::explicit().max_deliver(2);
        let mut worker = jobs.group("workers").ack(policy).dead_letters(&dead).join().unwrap();
        let mut asking = task::spawn(jobs.request(Number(1)).timeout(100 * MS).priority(Priority::Critical));
        park(&mut asking);
        for attempt in 1..=2 {
            let delivery = worker.try_recv().unwrap();
            assert_eq!(delivery.attempt(), attempt);
            advance(MS).await;
        }
        assert_eq!(woken(&mut asking), Err(RequestError::DeadLettered { attempts: 2 }));
        let letter = inspector.try_recv().unwrap();
        assert_eq!((letter.attempts, letter.reason.clone()), (2, DeadReason::MaxDeliver));
        assert_balanced(&jobs.info());
    });
}

#[test]
fn a_mux_that_is_dropped_leaves_its_deliveries_to_be_settled() {
    let (one, other) = (jobs(2), jobs(2));
    let mut second = join(&one, AckPolicy::explicit());
    let mut mux = Mux::new().add(second.join_again(), Priority::Normal, |delivery| delivery).add(
        join(&other, AckPolicy::explicit()),
        Priority::Normal,
        |delivery| delivery,
    );
    put(&one, [0, 1]);
    let (first, next) = (mux.try_recv().unwrap(), mux.try_recv().unwrap());
    let mut waiting = task::spawn(second.recv());
    park(&mut waiting);
    drop(mux);
    drop(first);
    assert_eq!(woken(&mut waiting).map(|it| (it.0, it.attempt())), Some((0, 2)));
    assert_eq!(next.into_acked().1.ack(), Settled::Done);
    drop(waiting);
    second.try_recv().unwrap().into_message();
    assert!(one.is_empty());
}

#[test]
fn a_mux_that_falls_asleep_looks_again_when_something_lapses() {
    on_a_paused_clock(|| async {
        let (one, other) = (jobs(2), jobs(2));
        let worker = join(&one, AckPolicy::explicit().ack_wait(10 * MS));
        let mut mux = Mux::new().add(worker, Priority::Normal, |delivery| delivery).add(
            other.join("others"),
            Priority::Normal,
            |delivery| delivery,
        );
        put(&one, [0]);
        let held = mux.try_recv().unwrap();
        let mut waiting = task::spawn(mux.recv());
        park(&mut waiting);
        advance(11 * MS).await;
        assert_eq!(woken(&mut waiting).map(|it| it.attempt()), Some(2));
        assert_eq!(held.into_acked().1.ack(), Settled::Lapsed);
    });
}

#[test]
fn a_key_that_is_given_back_while_paused_goes_on_with_the_group() {
    for acks in [false, true] {
        let jobs = jobs(4);
        let group = jobs.group("workers").ordered_by(|_| 0);
        let mut worker = if acks { group.ack(AckPolicy::explicit()) } else { group }.join().unwrap();
        put(&jobs, [0, 1]);
        let first = worker.try_recv().unwrap();
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        jobs.pause_group("workers");
        first.into_message();
        park(&mut waiting);
        jobs.resume_group("workers");
        assert_eq!(woken(&mut waiting).map(|it| it.0), Some(1));
    }
}

#[test]
fn what_expires_behind_its_key_while_paused_frees_its_place_in_time() {
    on_a_paused_clock(|| async {
        let jobs = jobs(2);
        let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).ordered_by(|_| 0).join().unwrap();
        put(&jobs, [0]);
        assert!(task::spawn(jobs.send(Number(1)).ttl(10 * MS)).poll().is_ready());
        let (_, held) = hold(&mut worker);
        assert!(worker.try_recv().is_err(), "its key is busy");
        jobs.pause_group("workers");
        let mut waiting = task::spawn(jobs.send(Number(2)));
        park(&mut waiting);
        advance(11 * MS).await;
        assert_eq!(woken(&mut waiting), Ok(()));
        jobs.resume_group("workers");
        held.ack();
        assert_eq!(hold(&mut worker).0, 2);
        let figures = reader(&jobs.info(), ReaderKind::Group);
        assert_eq!(figures.skipped.expired, 1);
        assert_balanced(&jobs.info());
    });
}

#[derive(Debug)]
struct Fragile(u64);
impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert_eq!(self.0 % 2, 0, "as the test wants it");
        Self(self.0)
    }
}
impl Message for Fragile {
    type Reply = NoReply;
}

#[test]
fn the_sender_is_told_of_a_panicking_clone_in_a_lane_though_nothing_comes_after_it() {
    panics();
    for beside_others in [false, true] {
        let jobs = Fabric::new().channel::<Fragile>("jobs").lane(Priority::Critical, 4).open().unwrap();
        let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
        let _other = beside_others.then(|| jobs.subscribe());
        let mut sending = task::spawn(jobs.send(Fragile(1)).settled());
        park(&mut sending);
        assert!(worker.try_recv().is_err());
        let gone = Settlement::Dead { group: "workers".to_owned(), reason: DeadReason::Panicked };
        assert_eq!(ready(&mut sending).unwrap(), gone, "beside others: {beside_others}");
        assert_balanced(&jobs.info());
    }
}

#[test]
fn a_clone_that_panics_gives_its_key_on() {
    panics();
    for fair in [false, true] {
        let jobs = Fabric::new().channel::<Fragile>("jobs").open().unwrap();
        let group = jobs.group("workers").ack(AckPolicy::explicit());
        let group = if fair { group.fair_by(|_| 0) } else { group.ordered_by(|_| 0) };
        let mut worker = group.join().unwrap();
        for n in 0..4 {
            jobs.try_send(Fragile(n)).unwrap();
        }
        let got: Vec<_> =
            std::iter::from_fn(|| worker.try_recv().ok().map(|it| it.into_message().0)).collect();
        assert_eq!(got, [0, 2]);
        let figures = reader(&jobs.info(), ReaderKind::Group);
        assert_eq!((figures.skipped.panicked, figures.left, figures.behind), (2, 0, 0));
        assert_balanced(&jobs.info());
    }
}

#[test]
fn a_group_that_is_removed_while_paused_ends_its_members_and_frees_its_places() {
    let jobs = jobs(1);
    let mut worker = join(&jobs, AckPolicy::explicit());
    put(&jobs, [0]);
    let (_, held) = hold(&mut worker);
    jobs.pause_group("workers");
    let mut waiting = task::spawn(worker.recv());
    park(&mut waiting);
    let mut sending = task::spawn(jobs.send(Number(1)));
    park(&mut sending);
    jobs.remove_group("workers");
    assert!(woken(&mut waiting).is_none());
    assert_eq!(woken(&mut sending), Ok(()));
    assert_eq!(held.nak(), Settled::Lapsed);
}

#[test]
fn a_shutdown_reports_what_a_paused_group_has_not_settled() {
    on_a_paused_clock(|| async {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Number>("jobs").open().unwrap();
        let mut worker = join(&jobs, AckPolicy::explicit().ack_wait(MS));
        let mut settling = task::spawn(jobs.send(Number(0)).settled());
        park(&mut settling);
        put(&jobs, [1, 2]);
        let (_, held) = hold(&mut worker);
        hold(&mut worker).1.nak_after(1_000 * MS);
        jobs.pause_group("workers");
        let mut waiting = task::spawn(worker.recv());
        park(&mut waiting);
        let report = fabric.shutdown(10 * MS).await;
        assert!(!report.is_clean());
        assert!(woken(&mut waiting).is_none());
        assert!(woken(&mut settling).is_ok());
        drop(held);
        assert_balanced(&jobs.info());
    });
}

/// Groups without keys, with ordered ones and with fair ones.
fn with_keys(channel: &Channel<Number>, kind: usize) -> stratoswarm_core::GroupOptions<'_, Number> {
    let group = channel.group("workers");
    match kind {
        0 => group,
        1 => group.ordered_by(|_| 0),
        _ => group.fair_by(|_| 0),
    }
}

#[test]
fn a_group_has_its_part_in_a_question_however_it_receives() {
    for kind in 0..3 {
        for way in 0..3 {
            let jobs = jobs(4);
            let mut worker = with_keys(&jobs, kind).join().unwrap();
            let mut asking = task::spawn(jobs.request_all(Number(1)));
            park(&mut asking);
            let delivery = match way {
                0 => worker.try_recv().unwrap(),
                1 => ready(&mut task::spawn(worker.recv())).unwrap(),
                _ => {
                    let mut batch = Vec::new();
                    ready(&mut task::spawn(worker.recv_many(&mut batch, 4)));
                    batch.remove(0)
                }
            };
            drop(delivery.into_parts());
            let gathered = woken(&mut asking).unwrap();
            assert_eq!(gathered.missing, ["workers"], "kind {kind}, way {way}");
        }
    }
}

#[test]
fn a_group_that_goes_with_a_question_behind_its_key_or_turn_is_missing_at_once() {
    for kind in 0..3 {
        for acks in [false, true] {
            let jobs = jobs(4);
            let group = with_keys(&jobs, kind);
            let group = if acks { group.ack(AckPolicy::explicit().max_in_flight(1)) } else { group };
            let mut worker = group.join().unwrap();
            put(&jobs, [0]);
            let mut asking = task::spawn(jobs.request_all(Number(1)));
            park(&mut asking);
            let held = worker.try_recv().unwrap();
            if kind == 1 {
                assert!(worker.try_recv().is_err(), "its key is busy");
            }
            jobs.remove_group("workers");
            let gathered = woken(&mut asking).unwrap();
            assert_eq!(gathered.missing, ["workers"], "kind {kind}, acknowledged {acks}");
            drop(held);
        }
    }
}

#[derive(Debug)]
struct Unclonable;
impl Clone for Unclonable {
    fn clone(&self) -> Self {
        panic!("as the test wants it");
    }
}
impl Message for Unclonable {
    type Reply = u32;
}

#[test]
fn a_group_for_which_a_question_cannot_be_cloned_is_missing_at_once() {
    panics();
    let jobs = Fabric::new().channel::<Unclonable>("jobs").open().unwrap();
    let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join().unwrap();
    let mut asking = task::spawn(jobs.request_all(Unclonable));
    park(&mut asking);
    assert!(worker.try_recv().is_err());
    assert_eq!(woken(&mut asking).unwrap().missing, ["workers"]);
}

#[test]
fn what_a_group_with_keys_has_in_hand_takes_no_credit() {
    for kind in 0..3 {
        for way in 0..3 {
            let jobs = jobs(4);
            let mut worker = with_keys(&jobs, kind).join().unwrap();
            let limited = jobs.with_credit(1);
            limited.try_send(Number(0)).unwrap();
            let mut batch = Vec::new();
            match way {
                0 => batch.extend(worker.try_recv()),
                1 => batch.extend(ready(&mut task::spawn(worker.recv()))),
                _ => drop(ready(&mut task::spawn(worker.recv_many(&mut batch, 4)))),
            }
            assert_eq!((batch.len(), limited.waiting()), (1, 0), "kind {kind}, way {way}");
        }
    }
}
