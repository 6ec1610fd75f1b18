//! What a group gives up goes to its dead letters, and nothing is lost in silence.

use crate::{
    acks::{join, next},
    fixtures::{Number, logged, put, reader},
};
use std::time::Duration;
use stratoswarm_core::{
    AckPolicy, Channel, DeadLetter, DeadReason, Fabric, JoinError, Priority, ReaderKind, Receiver,
};
use tracing_subscriber::filter::LevelFilter;

type Letters = Channel<DeadLetter<Number>>;

fn open(letters: usize) -> (Fabric, Channel<Number>, Letters) {
    let fabric = Fabric::new();
    let jobs = fabric.channel("jobs").open().unwrap();
    let dead = fabric.channel("jobs.dead").capacity(letters).open().unwrap();
    (fabric, jobs, dead)
}

fn join_with(jobs: &Channel<Number>, dead: &Letters, policy: AckPolicy) -> Receiver<Number> {
    jobs.group("workers").ack(policy).dead_letters(dead).join().unwrap()
}

#[track_caller]
fn letter(inspector: &mut Receiver<DeadLetter<Number>>) -> DeadLetter<Number> {
    inspector.try_recv().expect("a dead letter").into_message()
}

#[test]
fn what_was_delivered_as_often_as_it_may_be_is_a_dead_letter() {
    let (_fabric, jobs, dead) = open(8);
    let mut inspector = dead.join("inspectors");
    let mut worker = join_with(&jobs, &dead, AckPolicy::explicit().max_deliver(3));
    put(&jobs, [4, 5]);
    for _ in 0..3 {
        assert!(inspector.try_recv().is_err());
        drop(worker.try_recv().unwrap());
    }
    let letter = letter(&mut inspector);
    assert_eq!((&*letter.channel, &*letter.group, letter.priority), ("jobs", "workers", Priority::Normal));
    assert_eq!((letter.seq, letter.attempts, letter.reason), (0, 3, DeadReason::MaxDeliver));
    assert_eq!(letter.message, Number(4));
    assert_eq!(next(&mut worker).0, 5);
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).dead, 1);
}

#[test]
fn five_deliveries_are_made_if_nothing_else_is_said() {
    let (_fabric, jobs, dead) = open(8);
    let mut inspector = dead.join("inspectors");
    let mut worker = join_with(&jobs, &dead, AckPolicy::explicit());
    put(&jobs, [4]);
    assert_eq!(worker.try_iter().count(), 5);
    assert_eq!(letter(&mut inspector).attempts, 5);
}

#[test]
fn what_is_terminated_is_a_dead_letter_with_its_reason_and_can_be_sent_again() {
    let (_fabric, jobs, dead) = open(8);
    let mut inspector = dead.join("inspectors");
    let mut worker = join_with(&jobs, &dead, AckPolicy::explicit());
    put(&jobs, [4]);
    next(&mut worker).2.term("no such account");
    let letter = letter(&mut inspector);
    assert_eq!((letter.attempts, letter.reason), (1, DeadReason::Terminated("no such account".to_owned())));
    jobs.try_send(letter.message).unwrap();
    let (number, attempt, ack) = next(&mut worker);
    assert_eq!((number, attempt), (4, 1), "as a new one");
    ack.ack();
}

#[tokio::test(start_paused = true)]
async fn what_lapsed_for_the_last_time_is_a_dead_letter() {
    let (_fabric, jobs, dead) = open(8);
    let mut inspector = dead.join("inspectors");
    let wait = Duration::from_millis(10);
    let mut worker = join_with(&jobs, &dead, AckPolicy::explicit().max_deliver(2).ack_wait(wait));
    put(&jobs, [4]);
    let _first = worker.recv().await.unwrap();
    let _second = worker.recv().await.unwrap();
    tokio::time::advance(wait).await;
    assert!(worker.try_recv().is_err());
    assert_eq!(letter(&mut inspector).reason, DeadReason::MaxDeliver);
}

fn give_up(jobs: &Channel<Number>, worker: &mut Receiver<Number>) -> String {
    logged(LevelFilter::WARN, || {
        put(jobs, [4]);
        next(worker).2.term("spoilt");
    })
}

#[test]
fn what_finds_no_room_among_the_dead_letters_is_counted_and_told() {
    let (_fabric, jobs, dead) = open(1);
    let mut worker = join_with(&jobs, &dead, AckPolicy::explicit());
    assert_eq!(give_up(&jobs, &mut worker), "");
    let told = give_up(&jobs, &mut worker);
    assert!(told.contains("WARN") && told.contains("full") && told.contains("terminated: spoilt"), "{told}");
    assert!(told.contains("jobs") && told.contains("workers"), "{told}");
    dead.close();
    assert!(give_up(&jobs, &mut worker).contains("closed"));
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).dead, 3);
    assert_eq!(dead.len(), 1);
}

#[test]
fn without_dead_letters_what_is_given_up_is_counted_and_told() {
    let (_fabric, jobs, _dead) = open(1);
    let mut worker = join(&jobs, AckPolicy::explicit());
    let told = give_up(&jobs, &mut worker);
    assert!(told.contains("given up and lost") && told.contains("there are none"), "{told}");
    assert_eq!(reader(&jobs.info(), ReaderKind::Group).dead, 1);
}

#[test]
fn a_group_keeps_its_dead_letters_open_and_no_report_names_its_handle() {
    let jobs = stratoswarm_core::channel::<Number>(8);
    let dead = stratoswarm_core::channel::<DeadLetter<Number>>(8);
    let mut inspector = dead.join("inspectors");
    let mut worker = join_with(&jobs, &dead, AckPolicy::explicit());
    drop(dead);
    assert!(!inspector.is_closed());
    put(&jobs, [4]);
    next(&mut worker).2.term("spoilt");
    assert_eq!(letter(&mut inspector).message, Number(4));
    drop((worker, jobs));
    assert!(inspector.is_closed());
}

#[tokio::test(start_paused = true)]
async fn dead_letters_do_not_keep_a_shutdown_from_being_clean() {
    let (fabric, jobs, dead) = open(8);
    let mut worker = join_with(&jobs, &dead, AckPolicy::explicit());
    let mut inspector = dead.join("inspectors");
    put(&jobs, [4]);
    next(&mut worker).2.term("spoilt");
    letter(&mut inspector);
    drop((jobs, dead, worker, inspector));
    let report = fabric.shutdown(Duration::from_secs(1)).await;
    assert!(report.is_clean() && report.held.is_empty(), "{report:#?}");
}

#[test]
fn dead_letters_need_something_that_can_die_and_are_the_groups() {
    let (_fabric, jobs, dead) = open(8);
    let refused = jobs.group("workers").dead_letters(&dead).join().err();
    assert!(matches!(refused, Some(JoinError::Incompatible { option: "dead_letters", .. })), "{refused:?}");
    assert!(jobs.info().readers.is_empty());
    let _worker = join_with(&jobs, &dead, AckPolicy::explicit());
    let _same = join_with(&jobs, &dead, AckPolicy::explicit());
    let _silent = join(&jobs, AckPolicy::explicit());
    let others = stratoswarm_core::channel::<DeadLetter<Number>>(8);
    let refused = jobs.group("workers").ack(AckPolicy::explicit()).dead_letters(&others).join();
    assert_eq!(refused.err(), Some(JoinError::Conflict));
}

#[test]
fn dead_letters_may_have_dead_letters() {
    let (fabric, jobs, dead) = open(8);
    let buried = fabric.channel::<DeadLetter<DeadLetter<Number>>>("buried").open().unwrap();
    let mut worker = join_with(&jobs, &dead, AckPolicy::explicit());
    let mut inspector =
        dead.group("inspectors").ack(AckPolicy::explicit()).dead_letters(&buried).join().unwrap();
    put(&jobs, [4]);
    next(&mut worker).2.term("spoilt");
    inspector.try_recv().unwrap().into_acked().1.term("for ever");
    assert_eq!(buried.join("sextons").try_recv().unwrap().message.message, Number(4));
}

#[tokio::test(start_paused = true)]
async fn a_letter_on_its_way_counts_as_in_flight_so_that_no_end_overtakes_it() {
    use std::cell::RefCell;
    use stratoswarm_core::{Message, NoReply};
    thread_local! {
        static JOBS: RefCell<Option<Channel<Late>>> = const { RefCell::new(None) };
        static SAW: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    }
    /// Asked for its class when it becomes a letter, it looks at its channel.
    #[derive(Clone)]
    struct Late;
    impl Message for Late {
        type Reply = NoReply;
        fn priority(&self) -> Priority {
            if let Some(jobs) = JOBS.with_borrow(Clone::clone) {
                SAW.with_borrow_mut(|saw| saw.push(jobs.info().readers[0].in_flight));
            }
            Priority::Normal
        }
    }
    let fabric = Fabric::new();
    let jobs = fabric.channel::<Late>("jobs").open().unwrap();
    let dead = fabric.channel::<DeadLetter<Late>>("dead").open().unwrap();
    let mut inspector = dead.join("inspectors");
    let mut worker =
        jobs.group("workers").ack(AckPolicy::explicit().max_deliver(1)).dead_letters(&dead).join().unwrap();
    jobs.send(Late).ttl(Duration::from_secs(1)).await.unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    JOBS.set(Some(jobs.clone()));
    assert!(worker.try_recv().is_err(), "it has expired, and nobody has a delivery");
    JOBS.set(None);
    assert_eq!(SAW.take(), [1], "so whoever waits for the end of the channel waits for the letter");
    assert!(inspector.try_recv().is_ok());
    assert_eq!(jobs.info().readers[0].in_flight, 0);
}

#[test]
fn a_letter_keeps_the_class_that_its_message_was_sent_with() {
    for (sent, expected) in [
        (Some(Priority::Critical), Priority::Critical),
        (Some(Priority::Low), Priority::Normal), // no lane of its own: it went to that of all others
        (None, Priority::Normal),
    ] {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Number>("jobs").lane(Priority::Critical, 4).open().unwrap();
        let dead = fabric.channel::<DeadLetter<Number>>("dead").lane(Priority::Critical, 4).open().unwrap();
        let mut inspector = dead.join("inspectors");
        let mut worker = join_with(&jobs, &dead, AckPolicy::explicit().max_deliver(1));
        let send = jobs.send(Number(1));
        let send = match sent {
            Some(class) => send.priority(class),
            None => send,
        };
        futures::FutureExt::now_or_never(send).unwrap().unwrap();
        drop(worker.try_recv().unwrap());
        assert_eq!(letter(&mut inspector).priority, expected);
        assert_eq!(dead.info().lanes[0].sent, u64::from(expected == Priority::Critical));
    }
}
