//! A swarm that does not move, as it is served; for tests.

use ratatui_crossterm::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};
use std::time::Duration;
use stratoswarm_core::{Fabric, Message, NoReply};

use super::{input::Input, picture::Picture, state::State};

#[derive(Clone, Debug)]
pub(super) struct Job;

impl Message for Job {
    type Reply = NoReply;
}

/// What would be served of a fabric.
pub(super) fn serve(fabric: &Fabric) -> Value {
    let snapshot = serde_json::to_value(fabric.snapshot()).unwrap();
    let verdicts = fabric.explain();
    let text: String = verdicts.iter().map(ToString::to_string).collect();
    let figures = |channel: &Value| {
        let readers = channel["readers"].as_array().unwrap().iter();
        let readers: Vec<_> = readers
            .map(|reader| json!({"name": reader["name"], "kind": reader["kind"], "taken_per_s": 11.0, "lag_s": 0.4, "drain_s": null}))
            .collect();
        json!({"channel": channel["name"], "sent_per_s": 81_234.4, "delivered_per_s": 11.0, "lag_s": 12.44,
            "growth_per_s": 1.0, "drain_s": null, "readers": readers})
    };
    let figures: Vec<_> = snapshot["channels"].as_array().unwrap().iter().map(figures).collect();
    json!({"format": 1, "program": "swarm", "pid": 4711, "at_unix_s": 1_790_000_000.123, "uptime_s": 12.3,
        "snapshot": snapshot, "figures": figures, "verdicts": verdicts, "verdicts_text": text})
}

/// `planner` and `worker` wait for each other's full channels; five others wait behind the planner; `evolution` is nearly half
/// full; a tap of `events` has missed twelve; somebody asks and is not answered.
pub(super) fn stuck() -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Job>("jobs").capacity(3).open().unwrap();
        let results = fabric.channel::<Job>("results").capacity(3).open().unwrap();
        let evolution = fabric.channel::<Job>("evolution").capacity(10_000).open().unwrap();
        let events = fabric.broadcast::<u32>("events").capacity(4).open().unwrap();
        let (mut to_do, mut done) = (jobs.join("workers"), results.join("planners"));
        let planner = jobs.clone();
        fabric.spawn("planner", async move {
            for round in 1.. {
                for _ in 0..round {
                    planner.send(Job).await.ok();
                }
                for _ in 0..round {
                    done.recv().await;
                }
            }
        });
        fabric.spawn("worker", async move {
            while let Some(_job) = to_do.recv().await {
                results.send(Job).await.ok();
            }
        });
        let _engine = evolution.join("engines");
        for _ in 0..4_100 {
            evolution.try_send(Job).unwrap();
        }
        let mut audit = events.subscribe();
        for number in 0..16 {
            events.send(number).unwrap();
        }
        audit.try_recv().ok();
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        for _ in 0..5 {
            let jobs = jobs.clone();
            tokio::spawn(async move { jobs.send(Job).await.ok() });
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        // However long it took to come to this.
        let mut served = serve(&fabric);
        for channel in served["snapshot"]["channels"].as_array_mut().unwrap() {
            for (at, wait) in channel["waits"].as_array_mut().unwrap().iter_mut().enumerate() {
                let (secs, nanos) = if at == 0 { (12, 449_000_000) } else { (11, 900_000_000) };
                wait["waited"] = json!({"secs": secs, "nanos": nanos});
            }
        }
        for verdict in served["verdicts"].as_array_mut().unwrap() {
            verdict["lasted"] = json!({"secs": 12, "nanos": 449_000_000});
        }
        served
    })
}

/// Nothing but so many idle channels.
pub(super) fn idle(channels: usize) -> Value {
    let fabric = Fabric::new();
    let open = |number| fabric.channel::<Job>(&format!("channel-{number:04}")).open().unwrap();
    let channels: Vec<_> = (0..channels).map(open).collect();
    let served = serve(&fabric);
    drop(channels);
    served
}

pub(super) fn picture(served: &Value) -> Picture {
    Picture::read(served.to_string().as_bytes()).unwrap()
}

/// A terminal of so many columns and rows that shows this.
pub(super) fn state(served: &Value, size: (u16, u16)) -> State {
    let mut state = State::new(Duration::from_secs(1), size);
    state.take(Input::Picture(Vec::new(), picture(served)), Duration::ZERO);
    state
}

pub(super) fn key(code: KeyCode) -> Input {
    Input::Key(KeyEvent::new(code, KeyModifiers::NONE))
}
