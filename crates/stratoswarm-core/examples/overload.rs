//! Ten times the work that the workers can do, for three seconds: on tokio's `mpsc` as it is often written, and here.
//!
//! A job is worth nothing 100 ms after it was made, and now and then comes a cancel, which must not wait. Who makes a job
//! does not wait for room: what finds none is turned away, and its maker knows it. So both have the same to do, and the same
//! room for it.
//!
//! On tokio there is one bounded queue, as one channel is one line: a cancel waits behind the backlog, and a worker works on
//! what it gets, however old. One can write more, so it runs a second time with a look at the clock before each job, as the
//! workers have it here, too; a second queue for cancels would be the next step. Here the channel has a lane for cancels and
//! a time to live for jobs, and what is handed out shortly before its time is over is left to the worker's look.
//!
//! Run with `cargo run --release --example overload [-- --json]`.

#![allow(clippy::print_stdout, reason = "what it shows")]

use std::{
    error::Error,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use stratoswarm_core::{Channel, Fabric, Message, NoReply, Priority};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

/// Each run goes on for so long.
const LASTS: Duration = Duration::from_secs(3);
/// A job takes so long, in which its worker only waits, as for a device or a service: the machine is not what is measured.
const JOB: Duration = Duration::from_millis(1);
/// A job that begins later than this after it was made is of no use.
const DEADLINE: Duration = Duration::from_millis(100);
const CANCEL_EVERY: Duration = Duration::from_millis(5);
const CAPACITY: usize = 1_024;
const WORKERS: usize = 8;
const PRODUCERS: u32 = 2;
/// So many times as much work as can be done.
const OVERLOAD: f64 = 10.0;
/// What is left at the end is worked on for so long.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy)]
enum Work {
    Job { made: Instant },
    Cancel { made: Instant },
}

impl Message for Work {
    type Reply = NoReply;

    fn priority(&self) -> Priority {
        match self {
            Self::Job { .. } => Priority::Normal,
            Self::Cancel { .. } => Priority::Critical,
        }
    }
}

/// Where work goes.
trait Queue: Clone + Send + Sync + 'static {
    /// Whether there is room.
    fn offer(&self, job: Work) -> bool;

    /// Waits for room.
    fn urge(&self, cancel: Work) -> impl Future<Output = bool> + Send;
}

impl Queue for mpsc::Sender<Work> {
    fn offer(&self, job: Work) -> bool {
        self.try_send(job).is_ok()
    }

    async fn urge(&self, cancel: Work) -> bool {
        self.send(cancel).await.is_ok()
    }
}

impl Queue for Channel<Work> {
    fn offer(&self, job: Work) -> bool {
        self.try_send(job).is_ok()
    }

    async fn urge(&self, cancel: Work) -> bool {
        self.send(cancel).ttl(Duration::MAX).await.is_ok() // a cancel is good for ever
    }
}

/// What the workers did.
#[derive(Default)]
struct Done {
    /// Whether they look at the clock before each job, and let go of what is too old.
    look: bool,
    jobs: AtomicU64,
    late_jobs: AtomicU64,
    /// Let go of at that look.
    stale: AtomicU64,
    /// How long each cancel took to arrive.
    cancels: Mutex<Vec<Duration>>,
}

impl Done {
    async fn handle(&self, work: Work) {
        match work {
            Work::Job { made } => {
                // One moment for both: that at which it begins.
                let is_late = made.elapsed() > DEADLINE;
                if is_late && self.look {
                    self.stale.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                self.late_jobs.fetch_add(u64::from(is_late), Ordering::Relaxed);
                sleep(JOB).await;
                self.jobs.fetch_add(1, Ordering::Relaxed);
            }
            Work::Cancel { made } => {
                self.cancels.lock().unwrap_or_else(PoisonError::into_inner).push(made.elapsed());
            }
        }
    }
}

/// What the senders did.
#[derive(Default)]
struct Offered {
    accepted: AtomicU64,
    turned_away: AtomicU64,
}

struct Outcome {
    name: &'static str,
    accepted: u64,
    turned_away: u64,
    done: u64,
    executed_late: u64,
    /// What the channel let go of as too old, and counted.
    expired: u64,
    /// What a worker let go of as too old.
    stale: u64,
    /// What nobody had come to at the end.
    left: u64,
    cancels: Vec<Duration>,
}

impl Outcome {
    fn new(name: &'static str, offered: &Offered, done: &Done, expired: u64, left: u64) -> Self {
        let mut cancels = std::mem::take(&mut *done.cancels.lock().unwrap_or_else(PoisonError::into_inner));
        cancels.sort_unstable();
        Self {
            name,
            accepted: offered.accepted.load(Ordering::Relaxed),
            turned_away: offered.turned_away.load(Ordering::Relaxed),
            done: done.jobs.load(Ordering::Relaxed) + cancels.len() as u64,
            executed_late: done.late_jobs.load(Ordering::Relaxed),
            expired,
            stale: done.stale.load(Ordering::Relaxed),
            left,
            cancels,
        }
    }

    /// Accepted, and in no account.
    fn lost(&self) -> i64 {
        self.accepted.cast_signed() - (self.done + self.expired + self.stale + self.left).cast_signed()
    }

    /// Messages of either kind that a worker got after the deadline.
    fn late(&self) -> u64 {
        self.executed_late + self.cancels.iter().filter(|took| **took > DEADLINE).count() as u64
    }

    /// So many percent of the cancels took at most so many milliseconds.
    fn cancel_ms(&self, percent: usize) -> f64 {
        let at = (self.cancels.len() * percent).div_ceil(100).saturating_sub(1);
        self.cancels.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }

    fn json(&self) -> String {
        format!(
            r#"{{"cancel_p50_ms": {:.3}, "cancel_p99_ms": {:.3}, "executed_late": {}, "lost": {}, "late": {}}}"#,
            self.cancel_ms(50),
            self.cancel_ms(99),
            self.executed_late,
            self.lost(),
            self.late()
        )
    }

    fn print(&self) {
        println!("{}", self.name);
        println!(
            "  cancels: {:.1} ms in the middle, {:.1} ms at 99 %",
            self.cancel_ms(50),
            self.cancel_ms(99)
        );
        println!("  accepted {}, turned away {}", self.accepted, self.turned_away);
        println!(
            "  done {}, expired {}, let go of by a worker {}, left {}, lost {}",
            self.done,
            self.expired,
            self.stale,
            self.left,
            self.lost()
        );
        println!("  begun after the deadline: {} jobs; late: {} messages", self.executed_late, self.late());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    runtime.block_on(async {
        let rate = OVERLOAD * jobs_per_second().await?;
        let tokio = on_tokio(rate, false).await?;
        let looking = on_tokio(rate, true).await?;
        let ours = on_ours(rate).await?;
        if std::env::args().any(|argument| argument == "--json") {
            println!(
                r#"{{"ours": {}, "tokio": {}, "tokio_with_a_look": {}}}"#,
                ours.json(),
                tokio.json(),
                looking.json()
            );
        } else {
            println!("{rate:.0} jobs a second, of which {WORKERS} workers can do one in {OVERLOAD}");
            tokio.print();
            looking.print();
            ours.print();
        }
        Ok(())
    })
}

async fn on_tokio(rate: f64, look: bool) -> Result<Outcome, Box<dyn Error>> {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let receiver = Arc::new(AsyncMutex::new(receiver));
    let done = Arc::new(Done { look, ..Done::default() });
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (receiver, done) = (Arc::clone(&receiver), Arc::clone(&done));
            tokio::spawn(async move {
                loop {
                    let next = receiver.lock().await.recv().await;
                    let Some(work) = next else { return };
                    done.handle(work).await;
                }
            })
        })
        .collect();
    let offered = offer(sender, rate).await?;
    let _ = timeout(PATIENCE, join_all(workers)).await; // the last sender has gone
    let left = receiver.lock().await.len() as u64;
    let name = if look {
        "tokio::sync::mpsc, with a look at the clock before each job"
    } else {
        "tokio::sync::mpsc"
    };
    Ok(Outcome::new(name, &offered, &done, 0, left))
}

async fn on_ours(rate: f64) -> Result<Outcome, Box<dyn Error>> {
    let fabric = Fabric::new();
    let work = fabric
        .channel::<Work>("work")
        .capacity(CAPACITY)
        .lane(Priority::Critical, 16)
        .ttl(DEADLINE)
        .open()?;
    let done = Arc::new(Done { look: true, ..Done::default() });
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (mut member, done) = (work.join("workers"), Arc::clone(&done));
            tokio::spawn(async move {
                while let Some(delivery) = member.recv().await {
                    done.handle(*delivery).await;
                }
            })
        })
        .collect();
    let offered = offer(work.clone(), rate).await?;
    let report = work.drain(PATIENCE).await;
    join_all(workers).await?;
    let expired = report.info.readers.iter().map(|reader| reader.skipped.expired).sum();
    Ok(Outcome::new("stratoswarm-core", &offered, &done, expired, report.undelivered))
}

/// Offers jobs at this rate, and cancels, for as long as a run lasts.
async fn offer<Q: Queue>(queue: Q, rate: f64) -> Result<Arc<Offered>, Box<dyn Error>> {
    let offered = Arc::new(Offered::default());
    let begin = Instant::now();
    let mut senders = Vec::new();
    for _ in 0..PRODUCERS {
        let (queue, offered) = (queue.clone(), Arc::clone(&offered));
        senders.push(tokio::spawn(async move {
            let mut ticks = interval(Duration::from_millis(1));
            let mut made = 0.0;
            while begin.elapsed() < LASTS {
                ticks.tick().await;
                let due = begin.elapsed().as_secs_f64() * rate / f64::from(PRODUCERS);
                while made < due {
                    made += 1.0;
                    let accepted = queue.offer(Work::Job { made: Instant::now() });
                    let count = if accepted { &offered.accepted } else { &offered.turned_away };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }
    let cancelling = Arc::clone(&offered);
    senders.push(tokio::spawn(async move {
        let mut ticks = interval(CANCEL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while begin.elapsed() < LASTS {
            ticks.tick().await;
            if queue.urge(Work::Cancel { made: Instant::now() }).await {
                cancelling.accepted.fetch_add(1, Ordering::Relaxed);
            }
        }
    }));
    join_all(senders).await?;
    Ok(offered)
}

/// How many jobs the workers can do here: a timer's millisecond is seldom one.
async fn jobs_per_second() -> Result<f64, Box<dyn Error>> {
    const EACH: u32 = 100;
    let begin = Instant::now();
    let workers = (0..WORKERS).map(|_| {
        tokio::spawn(async {
            for _ in 0..EACH {
                sleep(JOB).await;
            }
        })
    });
    join_all(workers.collect()).await?;
    Ok(f64::from(EACH) * WORKERS as f64 / begin.elapsed().as_secs_f64())
}

async fn join_all(tasks: Vec<JoinHandle<()>>) -> Result<(), Box<dyn Error>> {
    for task in tasks {
        task.await?;
    }
    Ok(())
}
