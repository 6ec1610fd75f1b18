use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Measures how long a run is busy with its channels.
///
/// Method: every operation on a channel (send, request, receive, reply, publish) of every component is run through
/// this meter, which adds up the time of each single `poll` of its future. That is the fabric's own work: queueing,
/// handing over, waking, timers. It is not the time an operation waits, in which the thread does something else, nor
/// the handlers' work, which happens in their own tasks. What the operating system takes from a thread in the middle
/// of a poll counts too, so the sum is an upper bound; tokio's scheduling of the woken tasks does not count.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    busy_nanos: Arc<AtomicU64>,
}

impl Meter {
    /// Nothing measured yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Awaits an operation, adding up its polls.
    ///
    /// # Cancel safety
    /// That of the operation.
    pub async fn of<F: Future>(&self, operation: F) -> F::Output {
        let mut operation = pin!(operation);
        std::future::poll_fn(|context| {
            let begin = Instant::now();
            let polled = operation.as_mut().poll(context);
            self.add(begin.elapsed());
            polled
        })
        .await
    }

    /// Runs an operation that does not wait.
    pub fn of_call<T>(&self, operation: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let output = operation();
        self.add(begin.elapsed());
        output
    }

    /// The sum so far.
    pub fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_nanos.load(Ordering::Relaxed))
    }

    fn add(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.busy_nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps the thread busy, as an operation's poll would.
    fn spin(time: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn polls_count_and_waiting_does_not() {
        let meter = Meter::new();
        let answer = meter
            .of(async {
                spin(Duration::from_millis(2));
                tokio::time::sleep(Duration::from_secs(3600)).await;
                spin(Duration::from_millis(2));
                7
            })
            .await;
        assert_eq!(answer, 7);
        assert!(meter.busy() >= Duration::from_millis(4), "{:?}", meter.busy());
        assert!(meter.busy() < Duration::from_secs(3600), "{:?}", meter.busy());
        let before = meter.busy();
        assert_eq!(meter.clone().of_call(|| spin(Duration::from_millis(1))), ());
        assert!(meter.busy() >= before + Duration::from_millis(1));
    }
}
