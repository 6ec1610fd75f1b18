use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};

use super::round;

/// A round takes milliseconds; one that takes as long as this hangs.
const HANGS_AFTER: Duration = Duration::from_secs(60);

/// Rounds for a time, from this seed on, every fourth of them on one thread; how many there were, and how many messages.
///
/// # Panics
/// An account is wrong, or a round hangs, if only on a thread that spins. The text names the seed.
pub(crate) fn run(time: Duration, first: u64) -> (u64, u64) {
    let (ended, rounds) = channel();
    let worker = thread::spawn(move || {
        let workers = [several_threads(), one_thread()];
        let start = Instant::now();
        for seed in first.. {
            if start.elapsed() >= time {
                break;
            }
            let messages = workers[usize::from(seed % 4 == 0)].block_on(round(seed));
            if ended.send(messages).is_err() {
                break;
            }
        }
    });
    let (mut count, mut messages) = (0, 0);
    loop {
        match rounds.recv_timeout(HANGS_AFTER) {
            Ok(more) => (count, messages) = (count + 1, messages + more),
            Err(RecvTimeoutError::Timeout) => panic!("round {} hangs", first + count),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Err(panic) = worker.join() {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        panic!("round {}: {text}", first + count);
    }
    (count, messages)
}

fn several_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
