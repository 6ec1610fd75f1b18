use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A watchdog would bark after so long without a beat.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a program on tokio's channels is usually watched: it beats whenever a message has come through.
#[derive(Clone)]
pub(super) struct Pulse(Arc<Mutex<State>>);

struct State {
    beats: u64,
    last: Instant,
    barks: u64,
    tells: Vec<Box<dyn Fn() -> String + Send>>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { beats: 0, last: Instant::now(), barks: 0, tells: Vec::new() })))
    }

    /// A message has come through.
    pub(super) fn beat(&self) {
        let mut state = self.lock();
        state.barks += u64::from(state.last.elapsed() >= PATIENCE);
        state.beats += 1;
        state.last = Instant::now();
    }

    /// What there is to see of a channel, asked for at the end.
    pub(super) fn tells(&self, tell: impl Fn() -> String + Send + 'static) {
        self.lock().tells.push(Box::new(tell));
    }

    /// The same, of how full one is.
    pub(super) fn tells_places<M: Send + 'static>(
        &self,
        name: &'static str,
        channel: &tokio::sync::mpsc::Sender<M>,
    ) {
        let channel = channel.downgrade(); // watching it must not keep it open
        self.tells(move || match channel.upgrade() {
            Some(channel) => {
                format!("{name}: {} of {} places free", channel.capacity(), channel.max_capacity())
            }
            None => format!("{name}: closed"),
        });
    }

    /// For how long there was no beat, how many there were, how often a watchdog would have barked, and what channels tell.
    pub(super) fn read(&self) -> (Duration, u64, u64, Vec<String>) {
        let state = self.lock();
        let still = state.last.elapsed();
        let barks = state.barks + u64::from(still >= PATIENCE);
        (still, state.beats, barks, state.tells.iter().map(|tell| tell()).collect())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").finish_non_exhaustive()
    }
}
