//! The classes of traffic under all that goes wrong at once: lanes, expiry, acknowledgements, keys, several answers, a mux,
//! credit, pauses and new capacities, by members that come and go, panic, hold on too long and give up half way. Every
//! message is accounted for at the end of each round.
//!
//! A round is made by its seed alone; its threads are not. `stratoswarm-soak` runs the same rounds on the build that programs
//! get.

mod book;
mod plan;
mod sending;
mod watch;
mod working;

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use stratoswarm_core::{Channel, ChannelInfo, DeadLetter, Message, Priority, ReaderKind};
use tokio::{task::JoinSet, time::sleep};

use book::Book;
use plan::{ACKED, PLAIN, Plan, VISITORS};
pub(crate) use watch::run;

/// Senders of a round, and what each does.
const SENDERS: u64 = 3;
const SENDS: u64 = 80;

/// A message with its number. Some cannot always be cloned, and some have keys that panic.
#[derive(Debug)]
pub(crate) struct Job {
    id: u64,
    class: Priority,
    /// It was a dead letter before.
    again: bool,
    /// It was asked, so its answer is its account.
    asked: bool,
}

/// What panics because a round wants it says so.
pub(crate) const WANTED: &str = "as the test wants it";

impl Job {
    fn is_brittle(&self) -> bool {
        self.id % 13 == 5
    }

    fn key(&self) -> u64 {
        assert!(self.id % 17 != 3, "{WANTED}");
        self.id % 4
    }
}

impl Clone for Job {
    fn clone(&self) -> Self {
        assert!(!self.is_brittle() || self.id.is_multiple_of(2), "{WANTED}");
        Self { ..*self }
    }
}

impl Message for Job {
    type Reply = u64;

    fn priority(&self) -> Priority {
        self.class
    }
}

/// Numbers as if by chance, from a seed.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        // Marsaglia's xorshift64, from "Xorshift RNGs", Journal of Statistical Software 8 (2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    /// Another's.
    fn another(&mut self) -> Self {
        Self::new(self.below(u64::MAX))
    }

    /// Some microseconds.
    fn moment(&mut self) -> Duration {
        Duration::from_micros(self.below(1_500))
    }
}

/// The output, unless it takes more polls than these.
async fn within_polls<F: Future + Unpin>(mut polls: u64, mut future: F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if polls == 0 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// One round; how many messages were accepted. It panics where an account is wrong.
async fn round(seed: u64) -> u64 {
    let mut chance = Chance::new(seed);
    let plan = Arc::new(Plan::new(&mut chance));
    let (channel, dead) = plan.open();
    let book = Arc::new(Book::new());
    let first = [plan.join(&channel, &dead, ACKED), plan.join(&channel, &dead, PLAIN)];
    let hearing = tokio::spawn(hear_all(channel.subscribe()));
    let redriving = tokio::spawn(redrive(channel.clone(), dead.clone(), Arc::clone(&book)));

    let mut senders = JoinSet::new();
    for sender in 1..=SENDERS {
        let sending = sending::Sending::new(sender, &channel, &book, &plan, chance.another());
        senders.spawn(sending.run(SENDS));
    }
    let mut workers = JoinSet::new();
    for _ in 0..2 {
        for group in [ACKED, PLAIN] {
            let worker = working::Worker::new(&channel, &dead, &book, &plan, chance.another());
            workers.spawn(worker.work(group));
        }
    }
    let worker = working::Worker::new(&channel, &dead, &book, &plan, chance.another());
    workers.spawn(worker.merge());
    let worker = working::Worker::new(&channel, &dead, &book, &plan, chance.another());
    workers.spawn(worker.visit());
    let operating =
        tokio::spawn(operate(channel.clone(), Arc::clone(&book), Arc::clone(&plan), chance.another()));
    drop(first); // the groups stay

    all(&mut senders).await;
    book.over.store(true, Ordering::Release);
    operating.await.expect("the operator");
    if chance.one_in(2) {
        quiet(&channel, &dead).await;
    }
    if chance.one_in(3) {
        let report = channel.drain(Duration::from_secs(3600)).await;
        // Visitors and readers that only look in may go meanwhile, with what they did not take.
        let stay = report.readers.iter().filter(|reader| [ACKED, PLAIN].contains(&&*reader.name));
        let undelivered: u64 = stay.map(|reader| reader.undelivered).sum();
        assert_eq!((undelivered, report.permits), (0, 0), "{report:#?}");
    } else {
        channel.close();
    }
    all(&mut workers).await;
    book.wait_for_tasks().await;
    dead.close();
    redriving.await.expect("the letters");
    let heard = hearing.await.expect("the subscriber");
    book.check(&channel.info(), &heard, &plan)
}

async fn all(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// Until nothing is left to do.
async fn quiet(channel: &Channel<Job>, dead: &Channel<DeadLetter<Job>>) {
    let rests = |info: ChannelInfo| {
        let busy = info.readers.iter().filter(|it| it.kind == ReaderKind::Group);
        busy.map(|it| it.left + it.in_flight).sum::<u64>() == 0
    };
    while !(rests(channel.info()) && rests(dead.info()) && rests(channel.info())) {
        sleep(Duration::from_micros(300)).await;
    }
}

/// Sends dead letters once more.
async fn redrive(channel: Channel<Job>, dead: Channel<DeadLetter<Job>>, book: Arc<Book>) {
    let mut letters = dead.join("redriver");
    drop(dead);
    while let Some(letter) = letters.recv().await {
        assert_eq!((&*letter.channel, &*letter.group), ("classes", ACKED));
        let job = &letter.message;
        if job.asked {
            continue;
        }
        book.dead(job.id);
        if !job.again {
            let id = job.id;
            let job = Job { again: true, ..*job };
            if channel.send(job).await.is_ok() {
                book.accepted(id);
            }
        }
    }
}

/// Changes capacities, pauses and goes on, looks at the figures, comes and goes with readers; in the end all goes on.
async fn operate(channel: Channel<Job>, book: Arc<Book>, plan: Arc<Plan>, mut chance: Chance) {
    while !book.over.load(Ordering::Acquire) {
        match chance.below(7) {
            0 => {
                let capacity = 1 + chance.below(40) as usize;
                let _ = channel.set_capacity(chance.of(&plan.classes), capacity);
            }
            1 => {
                let group = chance.of(&[ACKED, PLAIN]);
                channel.pause_group(group);
                sleep(chance.moment()).await;
                channel.resume_group(group);
            }
            2 => drop(channel.remove_group(VISITORS)),
            3 => {
                let mut subscriber = channel.subscribe();
                if chance.one_in(2) {
                    subscriber = subscriber.from_oldest();
                }
                for _ in 0..chance.below(20) {
                    let _ = within_polls(chance.below(3), subscriber.recv()).await;
                }
            }
            4 => {
                let mut tap = channel.tap();
                for _ in 0..chance.below(20) {
                    let _ = within_polls(chance.below(3), tap.recv()).await;
                }
            }
            _ => book::assert_balanced(&channel.info()),
        }
        sleep(chance.moment()).await;
    }
    for group in [ACKED, PLAIN] {
        channel.resume_group(group);
    }
}

/// A subscriber that is there from the beginning to the end.
async fn hear_all(mut subscriber: stratoswarm_core::Subscriber<Job>) -> Vec<u64> {
    let mut heard = Vec::new();
    while let Some(job) = subscriber.recv().await {
        if !job.asked {
            heard.push(job.id);
        }
    }
    heard
}
