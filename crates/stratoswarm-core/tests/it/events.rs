//! What the library tells `tracing`: open, close, lag and expiry, at the level of debugging.

use crate::fixtures::{Number, logged};
use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
    time::Duration,
};
use stratoswarm_core::{Broadcast, Fabric};
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, filter::LevelFilter, layer, prelude::*};

fn scenario() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let fabric = Fabric::new();
        let squares = fabric.channel::<Number>("squares").capacity(8).open().unwrap();
        let news = fabric.broadcast::<Number>("news").capacity(2).open().unwrap();
        let mut reader = news.subscribe();
        for n in 0..5 {
            news.send(Number(n)).unwrap();
        }
        assert!(reader.try_recv().unwrap().is_err());
        let _idle = squares.join("workers");
        assert!(squares.request(Number(3)).timeout(Duration::from_secs(1)).await.is_err());
        fabric.shutdown(Duration::from_secs(1)).await;
    });
}

#[test]
fn open_close_lag_and_expiry_are_told_at_debug_level() {
    let lines = logged(LevelFilter::DEBUG, scenario);
    for told in [
        r#"channel opened channel="squares" capacity=8"#,
        r#"broadcast opened channel="news" capacity=2"#,
        r#"lossy reader lagged channel="news" missed=3"#,
        r#"request expired channel="squares" stage=queued waited=1"#,
        r#"channel closed channel="squares""#,
        "fabric shut down channels=2",
    ] {
        assert!(lines.contains(told), "{told} is not in\n{lines}");
    }
}

#[test]
fn a_shutdown_is_a_span() {
    let lines = logged(LevelFilter::DEBUG, scenario);
    let closed: Vec<_> = lines.lines().filter(|line| line.contains("channel closed")).collect();
    assert_eq!(closed.len(), 2, "{lines}");
    assert!(closed.iter().all(|line| line.contains("shutdown{within=1s}")), "{lines}");
}

#[test]
fn nothing_of_that_is_told_above_debug_level() {
    assert_eq!(logged(LevelFilter::INFO, scenario), "");
}

/// Sends each line as a message, and keeps it.
struct Forward {
    lines: Broadcast<String>,
    all: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Forward {
    fn on_event(&self, event: &tracing::Event<'_>, _: layer::Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.all.lock().unwrap().push(line.0.clone());
        let _ = self.lines.send(line.0);
    }
}

#[test]
fn a_reader_of_the_log_that_lags_is_told_once_and_then_gets_lines() {
    for capacity in 1..6 {
        let lines = Fabric::new().broadcast::<String>("log").capacity(capacity).open().unwrap();
        let mut reader = lines.subscribe();
        let all = Arc::new(Mutex::new(Vec::new()));
        let forward = Forward { lines: lines.clone(), all: Arc::clone(&all) };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(forward), || {
            for round in 1..4 {
                for number in 0..20 {
                    tracing::debug!(number, "working");
                }
                let (mut got, mut missed, mut gaps) = (0, 0, 0);
                for _ in 0..100 {
                    match reader.try_recv() {
                        Ok(Ok(_)) => got += 1,
                        Ok(Err(lagged)) => {
                            missed += lagged.missed;
                            gaps += 1;
                        }
                        Err(_) => break,
                    }
                }
                assert_eq!(got + missed, 21, "the lines, and the one that says it lags; capacity {capacity}");
                assert_eq!(got, capacity as u64);
                assert!(gaps <= 2, "{gaps} gaps");
                let told = all.lock().unwrap().iter().filter(|line| line.contains("lagged")).count();
                assert_eq!(told, round, "capacity {capacity}");
            }
        });
    }
}
