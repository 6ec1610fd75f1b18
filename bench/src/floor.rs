//! The floor: what this machine asks for the parts that any channel is made of.

use std::{
    collections::VecDeque,
    hint::{black_box, spin_loop},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    thread,
    time::Instant,
};

use futures::{future::poll_fn, task::AtomicWaker};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::{sync::oneshot, task::consume_budget};

use crate::{
    measure::median,
    payload::{Msg, Payload as _},
    runtime::Flavor,
};

/// One part and its cost.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Part {
    /// What is measured.
    pub(crate) part: &'static str,
    /// Median, nanoseconds.
    pub(crate) ns: f64,
}

/// Measures every part.
///
/// # Errors
/// No runtime, or a task of the measurement panicked.
pub(crate) fn measure() -> anyhow::Result<Vec<Part>> {
    let mut parts = vec![
        Part { part: "lock and unlock, uncontended", ns: lock() },
        Part { part: "atomic read-modify-write", ns: rmw() },
        Part { part: "Arc clone and drop", ns: arc() },
        Part { part: "64-byte message through a VecDeque", ns: copy() },
        Part { part: "64 bytes allocated and freed, counted", ns: allocate() },
        Part { part: "clock read", ns: clock() },
        Part { part: "cache line to the other core, one way", ns: hand_off() },
        Part { part: "parked thread woken, one way", ns: parked() },
    ];
    for (flavor, coop, wake, oneshot) in [
        (
            Flavor::CurrentThread,
            "coop budget, current_thread",
            "task woken and switched to, current_thread",
            "oneshot made, sent and received, current_thread",
        ),
        (
            Flavor::MultiThread,
            "coop budget, multi_thread",
            "task woken and switched to, multi_thread",
            "oneshot made, sent and received, multi_thread",
        ),
    ] {
        parts.push(Part { part: coop, ns: repeated(|| budget(flavor))? });
        parts.push(Part { part: wake, ns: repeated(|| task_switch(flavor))? });
        parts.push(Part { part: oneshot, ns: repeated(|| one_shot(flavor))? });
    }
    Ok(parts)
}

const ROUNDS: usize = 7;

fn repeated(mut once: impl FnMut() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    Ok(median((0..ROUNDS).map(|_| once()).collect::<anyhow::Result<_>>()?))
}

/// Nanoseconds of one of `n` turns, the median of several rounds.
fn turns(n: u64, mut turn: impl FnMut(u64)) -> f64 {
    let round = || {
        let start = Instant::now();
        (0..n).for_each(&mut turn);
        start.elapsed().as_nanos() as f64 / n as f64
    };
    median(std::iter::repeat_with(round).take(ROUNDS).collect())
}

fn lock() -> f64 {
    let mutex = Mutex::new(0_u64);
    turns(1_000_000, |i| *black_box(&mutex).lock() += i)
}

fn rmw() -> f64 {
    let word = AtomicU64::new(0);
    turns(1_000_000, |i| {
        black_box(&word).fetch_add(i, Ordering::SeqCst);
    })
}

fn arc() -> f64 {
    let shared = Arc::new(0_u64);
    turns(1_000_000, |_| drop(black_box(Arc::clone(black_box(&shared)))))
}

fn copy() -> f64 {
    let mut ring: VecDeque<Msg> = (0..64).map(Msg::numbered).collect();
    turns(1_000_000, |i| {
        ring.push_back(black_box(Msg::numbered(i)));
        black_box(ring.pop_front());
    })
}

fn allocate() -> f64 {
    turns(1_000_000, |i| drop(black_box(Box::new([i; 8]))))
}

fn clock() -> f64 {
    turns(1_000_000, |_| {
        black_box(Instant::now());
    })
}

/// A number that two threads raise in turn.
fn hand_off() -> f64 {
    const TURNS: u64 = 200_000;
    let word = Arc::new(AtomicU64::new(0));
    let other = Arc::clone(&word);
    let wait_for = |word: &AtomicU64, value: u64| {
        let mut spins = 0_u32;
        while word.load(Ordering::Acquire) != value {
            spins += 1;
            // With less than two free cores the other thread would not get to run.
            if spins.is_multiple_of(4_096) { thread::yield_now() } else { spin_loop() }
        }
    };
    let echo = thread::spawn(move || {
        for i in 0..TURNS {
            wait_for(&other, 2 * i + 1);
            other.store(2 * i + 2, Ordering::Release);
        }
    });
    let start = Instant::now();
    for i in 0..TURNS {
        word.store(2 * i + 1, Ordering::Release);
        wait_for(&word, 2 * i + 2);
    }
    let took = start.elapsed();
    echo.join().expect("the echo does not panic");
    took.as_nanos() as f64 / (2 * TURNS) as f64
}

/// Two threads that park and unpark each other.
fn parked() -> f64 {
    const TURNS: u32 = 3_000;
    let turn = Arc::new(AtomicBool::new(false));
    let other = Arc::clone(&turn);
    let main = thread::current();
    let wait_for = |turn: &AtomicBool, value: bool| {
        while turn.load(Ordering::Acquire) != value {
            thread::park();
        }
    };
    let echo = thread::spawn(move || {
        for _ in 0..TURNS {
            wait_for(&other, true);
            other.store(false, Ordering::Release);
            main.unpark();
        }
    });
    let start = Instant::now();
    for _ in 0..TURNS {
        turn.store(true, Ordering::Release);
        echo.thread().unpark();
        wait_for(&turn, false);
    }
    let took = start.elapsed();
    echo.join().expect("the echo does not panic");
    took.as_nanos() as f64 / f64::from(2 * TURNS)
}

fn budget(flavor: Flavor) -> anyhow::Result<f64> {
    const TURNS: u64 = 1_000_000;
    let took = flavor.build()?.block_on(async {
        tokio::spawn(async {
            let start = Instant::now();
            for _ in 0..TURNS {
                consume_budget().await;
            }
            start.elapsed()
        })
        .await
    })?;
    Ok(took.as_nanos() as f64 / TURNS as f64)
}

/// Two tasks that wake each other.
fn task_switch(flavor: Flavor) -> anyhow::Result<f64> {
    const TURNS: u64 = 100_000;
    struct Table {
        turn: AtomicU64,
        seats: [AtomicWaker; 2],
    }
    async fn player(table: Arc<Table>, seat: u64) {
        for i in 0..TURNS {
            let mine = 2 * i + seat;
            poll_fn(|cx| {
                table.seats[seat as usize].register(cx.waker());
                if table.turn.load(Ordering::Acquire) == mine { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            table.turn.store(mine + 1, Ordering::Release);
            table.seats[1 - seat as usize].wake();
        }
    }
    let table = Arc::new(Table { turn: AtomicU64::new(0), seats: [AtomicWaker::new(), AtomicWaker::new()] });
    let took = flavor.build()?.block_on(async {
        let start = Instant::now();
        let players = [0, 1].map(|seat| tokio::spawn(player(Arc::clone(&table), seat)));
        for player in players {
            player.await?;
        }
        anyhow::Ok(start.elapsed())
    })?;
    Ok(took.as_nanos() as f64 / (2 * TURNS) as f64)
}

fn one_shot(flavor: Flavor) -> anyhow::Result<f64> {
    const TURNS: u64 = 200_000;
    let took = flavor.build()?.block_on(async {
        tokio::spawn(async {
            let start = Instant::now();
            for i in 0..TURNS {
                let (tx, rx) = oneshot::channel();
                tx.send(i).ok();
                black_box(rx.await.ok());
            }
            start.elapsed()
        })
        .await
    })?;
    Ok(took.as_nanos() as f64 / TURNS as f64)
}
