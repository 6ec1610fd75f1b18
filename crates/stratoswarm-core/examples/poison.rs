//! A handler that panics on one message in a hundred, and a worker that dies once: no message is lost, the poison lies among
//! the dead letters with its reason, and is sent again after the fix.
//!
//! Run with `cargo run --example poison`. It fails if its account does not balance.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{
    collections::BTreeMap,
    error::Error,
    panic,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use stratoswarm_core::{
    AckPolicy, Channel, DeadLetter, DeadReason, Delivery, Fabric, Message, NoReply, Receiver, patterns::serve,
};

const JOBS: u32 = 1_000;
const MOST_DELIVERIES: u32 = 3;

#[derive(Debug, Clone)]
struct Job(u32);

impl Message for Job {
    type Reply = NoReply;
}

impl Job {
    fn is_poison(&self) -> bool {
        self.0 % 100 == 13
    }
}

/// What the handlers did, and whether the fix is there.
#[derive(Default)]
struct Work {
    fixed: AtomicBool,
    /// Of each job: how often a handler began with it, how often it ended, and the greatest attempt that it was told.
    seen: Mutex<BTreeMap<u32, Seen>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    begun: u32,
    done: u32,
    attempts: u32,
}

impl Work {
    fn note(&self, job: &Job, note: impl FnOnce(&mut Seen)) {
        if let Ok(mut seen) = self.seen.lock() {
            note(seen.entry(job.0).or_default());
        }
    }

    async fn handle(self: Arc<Self>, delivery: Delivery<Job>, in_hand: Arc<AtomicU32>) {
        let attempt = delivery.attempt();
        self.note(&delivery, |seen| {
            seen.begun += 1;
            seen.attempts = seen.attempts.max(attempt);
        });
        in_hand.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(1)).await; // here the worker may die
        in_hand.fetch_sub(1, Ordering::Relaxed);
        assert!(!delivery.is_poison() || self.fixed.load(Ordering::Relaxed), "job {} is poison", delivery.0);
        self.note(&delivery, |seen| seen.done += 1);
        delivery.into_message(); // done: acknowledged
    }
}

fn join(jobs: &Channel<Job>, dead: &Channel<DeadLetter<Job>>) -> Result<Receiver<Job>, Box<dyn Error>> {
    let policy = AckPolicy::explicit().max_deliver(MOST_DELIVERIES);
    Ok(jobs.group("workers").ack(policy).dead_letters(dead).join()?)
}

/// Works until the channel is closed and all is settled.
async fn work(worker: Receiver<Job>, work: Arc<Work>, in_hand: Arc<AtomicU32>) {
    serve(worker, 8, |delivery| Arc::clone(&work).handle(delivery, Arc::clone(&in_hand))).await;
}

fn check(holds: bool, what: &str) -> Result<(), Box<dyn Error>> {
    println!("{} {what}", if holds { "  ok" } else { "FAIL" });
    if holds { Ok(()) } else { Err(what.into()) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    panic::set_hook(Box::new(|_| {})); // they are the point, and there are many
    let fabric = Fabric::new();
    let dead = fabric.channel::<DeadLetter<Job>>("jobs.dead").capacity(100).shutdown_order(1).open()?;
    let jobs = fabric.channel::<Job>("jobs").capacity(64).open()?;
    let mut inspector = dead.join("inspectors");
    let handlers = Arc::new(Work::default());

    let in_hand = Arc::new(AtomicU32::new(0));
    let first = tokio::spawn(work(join(&jobs, &dead)?, Arc::clone(&handlers), Arc::clone(&in_hand)));
    let second = tokio::spawn(work(join(&jobs, &dead)?, Arc::clone(&handlers), Arc::default()));
    for n in 0..JOBS {
        jobs.send(Job(n)).await?;
        if n == JOBS / 2 {
            while in_hand.load(Ordering::Relaxed) == 0 {
                tokio::task::yield_now().await;
            }
            first.abort(); // with the handlers that it runs: what they have in hand goes to the other
        }
    }
    while jobs.info().readers[0].left > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let group = jobs.info().readers[0].clone();
    println!(
        "{} jobs accepted: {} done, {} dead, {} left; {} delivered again",
        group.accepted, group.taken, group.dead, group.left, group.redelivered
    );
    check(group.accepted == group.taken + group.dead + group.left, "accepted = done + dead + left")?;
    let seen = handlers.seen.lock().map_err(|_| "poisoned")?.clone();
    check(seen.values().all(|it| it.begun == it.attempts), "each was handled as often as its attempts say")?;
    let sound = |n: u32| !Job(n).is_poison();
    check((0..JOBS).filter(|n| sound(*n)).all(|n| seen[&n].done == 1), "each sound job was done, and once")?;
    check(
        (0..JOBS).any(|n| sound(n) && seen[&n].attempts > 1),
        "the death of a worker gave its jobs to the other",
    )?;

    let letters: Vec<_> = inspector.try_iter().map(Delivery::into_message).collect();
    let expected = (0..JOBS).filter(|n| !sound(*n)).count();
    check(letters.len() == expected, &format!("{expected} jobs lie among the dead letters"))?;
    let given_up = |it: &DeadLetter<Job>| {
        it.message.is_poison() && it.attempts == MOST_DELIVERIES && it.reason == DeadReason::MaxDeliver
    };
    check(letters.iter().all(given_up), "they are the poison, each after three deliveries")?;

    handlers.fixed.store(true, Ordering::Relaxed);
    for letter in letters {
        jobs.send(letter.message).await?;
    }
    jobs.close();
    second.await?;
    let group = jobs.info().readers[0].clone();
    println!("after the fix: {} accepted, {} done, {} dead", group.accepted, group.taken, group.dead);
    check(group.taken == u64::from(JOBS) && group.left == 0, "after the fix all jobs are done")?;
    check(inspector.is_empty(), "and no letter is new")?;
    Ok(())
}
