//! A service subscribes to its own events for a history that it never got round to. The subscriber is a reader like all others:
//! senders wait for it, and nobody polls it.

use std::future::pending;

use stratoswarm_core::{Fabric, Subscriber};
use tokio::sync::mpsc;

use super::{Ending, Job, Pulse};

struct Service<T> {
    #[expect(dead_code, reason = "that is the mistake")]
    history: T,
}

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let events = fabric.channel::<Job>("events").capacity(100).open()?;
    let _service: Service<Subscriber<Job>> = Service { history: events.subscribe() };
    let mut screen = events.subscribe();
    fabric.spawn("screen", async move { while screen.recv().await.is_some() {} });
    fabric.spawn("source", async move { while events.send(Job::Plain).await.is_ok() {} });
    pending().await
}

/// tokio's broadcast would not wait, but lose the events: one channel for each subscriber is what waits.
pub(super) async fn twin(pulse: Pulse) {
    let (to_history, history) = mpsc::channel(100);
    let (to_screen, mut screen) = mpsc::channel(100);
    pulse.tells_places("history", &to_history);
    pulse.tells_places("screen", &to_screen);
    let _service = Service { history };
    tokio::spawn(async move {
        while screen.recv().await.is_some() {
            pulse.beat();
        }
    });
    tokio::spawn(async move {
        loop {
            to_history.send(Job::Plain).await.ok();
            to_screen.send(Job::Plain).await.ok();
        }
    });
    pending::<()>().await;
}
