//! Eight subscribers follow the events; one of them writes each to a slow disk, and all the others go at its pace.

use std::{future::pending, time::Duration};

use stratoswarm_core::Fabric;
use tokio::{sync::mpsc, time::sleep};

use super::{Ending, Job, Pulse};

const NAMES: [&str; 8] = ["screen", "log", "audit", "index", "alarms", "costs", "backup", "replay"];
const DISK: Duration = Duration::from_millis(25);

pub(super) async fn ours(fabric: Fabric) -> Ending {
    let events = fabric.channel::<Job>("events").capacity(1000).open()?;
    for name in NAMES {
        let mut reader = events.subscribe();
        fabric.spawn(name, async move {
            while reader.recv().await.is_some() {
                if name == "audit" {
                    sleep(DISK).await;
                }
            }
        });
    }
    fabric.spawn("source", async move { while events.send(Job::Plain).await.is_ok() {} });
    pending().await
}

/// One channel for each subscriber, as tokio's broadcast does not wait, but loses events.
pub(super) async fn twin(pulse: Pulse) {
    let mut events = Vec::new();
    for name in NAMES {
        let (event, mut reader) = mpsc::channel(1000);
        pulse.tells_places(name, &event);
        events.push(event);
        let pulse = pulse.clone();
        tokio::spawn(async move {
            while reader.recv().await.is_some() {
                pulse.beat();
                if name == "audit" {
                    sleep(DISK).await;
                }
            }
        });
    }
    tokio::spawn(async move {
        loop {
            for event in &events {
                event.send(Job::Plain).await.ok();
            }
        }
    });
    pending::<()>().await;
}
