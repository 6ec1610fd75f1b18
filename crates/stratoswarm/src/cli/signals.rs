//! Ctrl-C and SIGTERM.

use std::sync::Arc;

use crate::swarm::{Ending, Stop};

/// The exit code after a second signal.
const IMPATIENT: i32 = 130;

/// Sets `stop` at the first signal; ends the process at the second, for whoever does not want to wait for the draining.
///
/// Where signals cannot be listened to, nothing happens: the process then dies of them, as without this.
pub(super) async fn obey(stop: Arc<Stop>) {
    let Some(mut signals) = Signals::listen() else { return };
    signals.next().await;
    stop.set(Ending::Interrupted);
    signals.next().await;
    std::process::exit(IMPATIENT);
}

/// Waits for the first one; for ever where signals cannot be listened to.
#[cfg(feature = "record")]
pub(super) async fn first() {
    match Signals::listen() {
        Some(mut signals) => signals.next().await,
        None => std::future::pending().await,
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self {
            interrupt: signal(SignalKind::interrupt()).ok()?,
            terminate: signal(SignalKind::terminate()).ok()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
