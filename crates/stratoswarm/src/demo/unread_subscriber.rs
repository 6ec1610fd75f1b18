//! A service subscribes to its own events for a history that it never got round to. The subscriber is a reader like all others:
//! senders wait for it, and nobody polls it.

use std::future::pending;

use stratoswarm_core::{Fabric, Message, NoReply, Subscriber};
use tokio::sync::mpsc;

use super::{Ending, Pulse};

#[derive(Clone)]
struct Event;

impl Message for Event {
    type Reply = NoReply;
}

struct Service<T> {
    #[expect(dead_code, reason = "that is the mistake")]
    history: T,
}

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let events = fabric.channel::<Event>("events").capacity(100).open()?;
    let _service: Service<Subscriber<Event>> = Service { history: events.subscribe() };
    let mut screen = events.subscribe();
    fabric.spawn("screen", async move { while screen.recv().await.is_some() {} });
    fabric.spawn("source", async move { while events.send(Event).await.is_ok() {} });
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
            to_history.send(Event).await.ok();
            to_screen.send(Event).await.ok();
        }
    });
    pending::<()>().await;
}
