//! Soaks a channel in senders, callers and members that all give up at random moments, for a time, and checks each round
//! to the last message. Run it alone (`cargo run --release -p stratoswarm-soak`), so that tokio is built without
//! `test-util` and deadlines are the timer thread's, as in the programs of users.
//!
//! The classes of traffic have rounds of their own, those of the library's tests: half of the time is theirs.
//!
//! Usage: `stratoswarm-soak [SECONDS [SEED]]`. Exit code 0: nothing was lost. 1: the line printed says what was, and the
//! seed of the round.

mod book;
#[path = "../../stratoswarm-core/tests/it/soak_classes/mod.rs"]
#[allow(clippy::expect_used, clippy::panic, reason = "it is a test, and panics where an account is wrong")]
mod classes;
mod part;
mod round;

use std::{
    env, panic, thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use round::Round;
use tokio::runtime::{Builder, Runtime};

/// A round takes milliseconds; one that takes as long as this hangs.
const HANGS_AFTER: Duration = Duration::from_secs(30);
/// Longer than the library's timer thread stays without work, so that it ends and is started anew.
const LULL: Duration = Duration::from_millis(5_200);

#[allow(clippy::print_stdout)] // a program's result
fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let mut number =
        |default| arguments.next().map_or(Ok(default), |it| it.parse::<u64>().context("not a number"));
    let (seconds, first) = (number(10)?, number(1)?);
    let workers = [Builder::new_multi_thread().worker_threads(2).enable_all().build()?, current_thread()?];
    let (start, mut seed, mut operations) = (Instant::now(), first, 0);
    let time = Duration::from_secs(seconds) / 2;
    while start.elapsed() < time {
        let mut chance = Pcg64::seed_from_u64(seed);
        let runtime = &workers[usize::from(chance.random_ratio(1, 4))];
        operations += run(runtime, seed).with_context(|| format!("round {seed}"))?;
        thread::sleep(match chance.random_range(0..400) {
            0 => LULL,
            1..40 => Duration::from_micros(chance.random_range(0..20_000)),
            _ => Duration::ZERO,
        });
        seed += 1;
    }
    println!("{} rounds with {operations} operations: nothing lost, nobody left waiting", seed - first);
    hide_wanted_panics();
    let (rounds, messages) = classes::run(time, first);
    println!("{rounds} rounds of classes of traffic with {messages} messages: all accounted for");
    Ok(())
}

/// Panics that the rounds want are not printed.
fn hide_wanted_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let owned = payload.downcast_ref::<String>().map(String::as_str);
        let text = payload.downcast_ref::<&str>().copied().or(owned).unwrap_or_default();
        if !text.contains(classes::WANTED) {
            before(info);
        }
    }));
}

fn current_thread() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// One round, and how many operations it had.
fn run(runtime: &Runtime, seed: u64) -> Result<u64> {
    let round = Round::new(seed)?;
    let ended = runtime.block_on(async { tokio::time::timeout(HANGS_AFTER, round.run()).await });
    ensure!(ended.is_ok(), "hangs: {:#?}", round.channel().info());
    ended??;
    round.check()
}
